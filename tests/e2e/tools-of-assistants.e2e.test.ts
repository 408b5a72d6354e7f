import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {sender} from '@voicebridge/assistant/http/send-request.ts';
import {afterAll, expect, inject, test, vi} from 'vitest';
import type {Reply, Turn} from '../../simulators/openai/src/answering/model-script.ts';
import {openBridge} from './bridge.ts';

const folder = mkdtempSync(join(tmpdir(), 'tools-'));
afterAll(() => rmSync(folder, {recursive: true}));
const NUMBER = '+4711111111';

/** What the model does: lets the caller enter a PIN, has it checked, and passes them on. */
function script({session, kind}: Turn): Reply {
  if (session.config.instructions === 'You are billing.') return [{say: {text: 'Billing here.', audioMs: 400}}];
  if (kind === 'greeting')
    return [{say: {text: 'Your PIN, please.', audioMs: 400}}, {call: {name: 'enter_pin', arguments: {}}}];
  const called = session.items.filter(item => item.type === 'function_call').length;
  if (kind === 'tool-result' && called === 1) return [{call: {name: 'check_pin', arguments: {}}}];
  return [{say: {text: 'I pass you on.', audioMs: 400}}, {call: {name: 'pass_on', arguments: {assistant: 'billing'}}}];
}

test('a caller enters a PIN that a server is given and the model is not, and is passed on to another assistant', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.setHeader('content-type', 'application/json').end('{"right":true}');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  writeFileSync(
    join(folder, 'reception.yaml'),
    `answers: "${NUMBER}"
prompt: You are a reception.
greeting: {instruct: Ask for the PIN.}
tools:
  enter_pin: {kind: collect-digits, as: pin, digits: 4}
  check_pin:
    kind: http
    method: POST
    about: Checks the PIN.
    url: http://127.0.0.1:${port}/pins
    allowPrivate: true
    secrets: [pin]
  pass_on: {kind: switch-to, to: [billing]}
`,
  );
  writeFileSync(join(folder, 'billing.yaml'), 'prompt: You are billing.\nvoice: cedar\n');
  await using bridge = await openBridge({
    redisUrl: inject('redisUrl'),
    assistants: folder,
    send: sender(() => undefined),
    env: {GREETING_PROTECTED_MS: '0'},
    openai: {knobs: {speed: [5, 5], firstDeltaMs: [20, 20]}, script},
  });
  const press = Array.from('1234').map(digit => ({do: 'press', digit}) as const);
  const call = bridge.twilio.dial([{do: 'waitForSilence', ms: 300}, ...press, {do: 'pause', ms: 120_000}], {
    to: NUMBER,
  });
  const billing = () => bridge.openai.sessions.find(({config}) => config.instructions === 'You are billing.');
  await vi.waitFor(() => expect(billing()?.items.some(item => item.type === 'message')).toBe(true), {
    timeout: 60_000,
    interval: 100,
  });
  call.hangUp();
  server.close();
  expect(bodies).toEqual(['{"pin":"1234"}']);
  for (const session of bridge.openai.sessions) {
    expect(JSON.stringify(session.items)).not.toMatch(/1.?2.?3.?4/);
    expect(session.refusals).toEqual([]);
  }
});
