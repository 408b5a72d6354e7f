import type {Before} from '@voicebridge/assistant/definition.ts';
import {filesOf} from '../testing/standard.ts';
import {readJournal} from '../events/journal-entry.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';
import type {AskRingUrl} from './ring.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const NUMBER = '+4711111111';
const ring = {ring: {direction: 'inbound' as const, caller: '+4799999999', callee: NUMBER, parameters: {shop: 'Oslo'}}};
const settled = () => deployment.model.sessions.at(-1)?.settings;

/** A worker whose one number asks `before`, and RING_URL. */
async function worker({before, askUrl}: {before?: Before; askUrl?: AskRingUrl}) {
  deployment.askRingUrl = askUrl;
  deployment.live.set(
    filesOf({
      reception: {
        answers: NUMBER,
        prompt: 'Hello {{name}} in {{shop}}.',
        variables: {shop: 'Bergen'},
        ...(before ? {before} : {}),
      },
      nights: {prompt: 'We are closed, {{name}}.', model: 'gpt-nights'},
    }),
  );
  return await deployment.worker();
}
/** The prompt that the caller's model has in the end. */
async function promptOf(options: Parameters<typeof worker>[0]): Promise<string | undefined> {
  await deployment.take(await worker(options), 1, ring);
  await deployment.pass(50);
  const settings = settled();
  return (await settings?.later)?.instructions ?? settings?.instructions;
}

test('`before` fills in variables while the model’s session is being opened: the webhook does not wait for it', async () => {
  const answer = Promise.withResolvers<{name: string}>();
  const first = await worker({
    before: ({caller, parameters}) =>
      answer.promise.then(({name}) => ({name: `${name} ${String(caller)}`, ...parameters})),
  });
  expect(await deployment.take(first, 1, ring)).toMatchObject({answer: 'yes', epoch: 1});
  expect([first.calls, deployment.model.sessions.length]).toEqual([1, 1]);
  answer.resolve({name: 'Kari'});
  await deployment.pass(10);
  expect((await settled()?.later)?.instructions).toBe('Hello Kari +4799999999 in Oslo.');
  const {edge} = await deployment.stream(first, 1);
  expect(deployment.model.sessions[0]?.commandsOf('respond').map(({tag}) => tag)).toEqual(['greeting-1']);
  edge.send({kind: 'ended', why: 'hungUp'});
  await deployment.pass(1_000);
  expect(first.calls).toBe(0);
});

test('RING_URL names the assistant, and what it says counts before the file', async () => {
  expect(
    await promptOf({
      askUrl: async () => ({assistant: 'nights', variables: {name: 'Ola'}, overrides: {voice: 'cedar'}}),
    }),
  ).toBe('We are closed, Ola.');
  expect(deployment.model.sessions.map(({settings, closed}) => [settings.model, closed])).toEqual([
    ['gpt-realtime-2.1', true], // was opened for the assistant of the number
    ['gpt-nights', false],
  ]);
  expect(settled()?.voice).toBe('cedar');
  expect((await deployment.directory.read(callSid(1)))?.state).toBe('live');
});

test('`before` may choose another assistant, which is not asked in turn', async () => {
  expect(await promptOf({before: () => ({assistant: 'nights', name: 'Ola'})})).toBe('We are closed, Ola.');
});

test.each<[string, Parameters<typeof worker>[0]]>([
  ['throws', {before: () => Promise.reject(new Error('the calendar is away'))}],
  ['names an assistant that is not there', {before: () => ({assistant: 'nigths'})}],
  ['answers nonsense', {askUrl: async () => 'hello'}],
  ['answers with a field that does not exist', {askUrl: async () => ({overrides: {voise: 'cedar'}})}],
])('a question at ring time that %s changes nothing: the assistant answers as its file is', async (_, options) => {
  expect(await promptOf(options)).toBe('Hello  in Bergen.');
});

test.each<[string, Parameters<typeof worker>[0], string]>([
  ['ok', {askUrl: async () => undefined}, 'answered'],
  ['slow', {askUrl: () => new Promise(() => {})}, 'late'],
  ['down', {askUrl: () => Promise.reject(new Error('connect ECONNREFUSED'))}, 'failed'],
  ['nonsense', {askUrl: async () => ({overrides: {voice: 'marine'}})}, 'invalid'],
])('the record says that RING_URL was %s, and after how long', async (_, options, outcome) => {
  const first = await worker(options);
  await deployment.take(first, 1, ring);
  await deployment.pass(1_600);
  const ended = deployment.workerClient.ask(first.id, {type: 'end', callSid: callSid(1), why: 'caller.hung-up'}, 5_000);
  await deployment.pass(3_000);
  expect((await ended).answer).toBe('yes');
  expect(deployment.records[0]?.summary.ring).toEqual({outcome, ms: outcome === 'late' ? 1_500 : expect.any(Number)});
});

test('a question at ring time that is late is not waited for', async () => {
  let signal: AbortSignal | undefined;
  const first = await worker({
    before: async call => {
      ({signal} = call);
      return await new Promise(() => {});
    },
  });
  await deployment.take(first, 1, ring);
  await deployment.pass(1_400);
  expect(signal?.aborted).toBe(false);
  await deployment.pass(150);
  expect(signal?.aborted).toBe(true);
  expect((await settled()?.later)?.instructions).toBe('Hello  in Bergen.');
  const [opened] = readJournal(await deployment.directory.journal(callSid(1)));
  expect(opened).toMatchObject({is: 'opened', assistant: 'reception'});
});

test('a caller who hangs up while it is being asked leaves nothing behind', async () => {
  const first = await worker({before: () => new Promise(() => {})});
  await deployment.take(first, 1, ring);
  const ended = deployment.workerClient.ask(first.id, {type: 'end', callSid: callSid(1), why: 'caller.hung-up'}, 5_000);
  await deployment.pass(3_000);
  expect((await ended).answer).toBe('yes');
  expect([first.calls, deployment.model.sessions.every(({closed}) => closed)]).toEqual([0, true]);
  expect(deployment.records.map(({summary}) => summary.endReason)).toEqual(['caller.hung-up']);
});
