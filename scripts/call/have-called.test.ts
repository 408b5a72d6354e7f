import {describe, expect, test} from 'vitest';
import {type CallCommand, HaveCalled, readCallCommand} from './have-called.ts';

const TOKEN = 'a token';
const USUAL = ['+4722334455', 'reminder', 'name=Ada=1', '--url', 'https://voice.example.com/'];

describe('the command line', () => {
  test('names the number, the assistant and its variables', () => {
    expect(readCallCommand(USUAL, TOKEN)).toEqual({
      url: 'https://voice.example.com',
      token: TOKEN,
      wanted: {to: '+4722334455', assistant: 'reminder', variables: {name: 'Ada=1'}},
    });
  });

  test.each([
    [[], /^whom to call is missing/],
    [['+4722334455'], /^which assistant speaks is missing/],
    [['+4722334455', 'reminder', 'Ada'], /^Ada is no variable: write name=value/],
    [['+4722334455', 'reminder', '--nmae', 'Ada'], /^Unknown option '--nmae'/],
    [['+4722334455', 'reminder', '--url', 'voice'], /^--url voice is no address/],
  ])('%j is one problem in words', (args, problem) => {
    expect(readCallCommand(args, TOKEN)).toEqual({problem: expect.stringMatching(problem)});
  });

  test('says that the token is missing, and helps', () => {
    expect(readCallCommand(USUAL, undefined)).toEqual({problem: expect.stringMatching(/^CALLS_TOKEN is not set/)});
    expect(readCallCommand(['--help'], undefined)).toEqual({help: expect.stringContaining('+4722334455 reminder')});
  });
});

describe('a call that somebody wants', () => {
  /** Answers one after the other; the last again and again. */
  async function run(...answers: readonly (Response | 'nobody')[]) {
    const [said, asked]: [string[], string[]] = [[], []];
    const left = [...answers];
    const call = new HaveCalled(readCallCommand(USUAL, TOKEN) as CallCommand, {
      fetch: async input => {
        asked.push(input instanceof Request ? input.url : input.toString());
        const answer = left.length > 1 ? left.shift() : left[0];
        if (answer === undefined || answer === 'nobody') throw new TypeError('fetch failed');
        return answer.clone();
      },
      wait: async () => {},
      say: line => said.push(line),
    });
    return {...(await call.run('a key')), said, asked};
  }
  const json = (status: number, body: object) => Response.json(body, {status});

  test('is told state after state until it is over, also while the webhook is restarted', async () => {
    const {state, said} = await run(
      json(202, {id: 'a', state: 'queued', reason: null}),
      json(200, {id: 'a', state: 'ringing'}),
      'nobody',
      new Response('bad gateway', {status: 502}),
      json(200, {id: 'a', state: 'completed'}),
    );
    expect([state, said]).toEqual(['completed', ['queued', 'ringing', 'completed']]);
  });

  test('that may not ring yet is told when it may', async () => {
    const {said} = await run(
      json(202, {id: 'a', state: 'queued', ringsAt: '2999-01-01T08:00:00.000Z'}),
      json(200, {id: 'a', state: 'expired'}),
    );
    expect(said[0]).toContain('may not ring before 2999-01-01T08:00:00.000Z (QUIET_HOURS)');
  });

  test.each([
    [
      json(401, {error: 'this token is not known', cure: 'npm run api-token'}),
      /^this token is not known — npm run api-token$/,
    ],
    [
      json(409, {error: 'this number is not to be called', field: 'to', cure: 'it is on the list'}),
      /^this number is not to be called — it is on/,
    ],
    [new Response('', {status: 404}), /^the webhook at https:\/\/voice\.example\.com makes no calls — set CALL_ALLOW/],
    [new Response('<html>', {status: 200}), /is no webhook of ours \(status 200\)/],
    ['nobody' as const, /^no webhook answers at https:\/\/voice\.example\.com/],
  ])('that is not taken is one sentence (%#)', async (answer, problem) => {
    expect((await run(answer)).problem).toMatch(problem);
  });
});
