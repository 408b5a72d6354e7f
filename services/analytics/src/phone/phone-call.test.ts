import {once} from 'node:events';
import {createServer} from 'node:http';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test, vi} from 'vitest';
import {WebSocket, WebSocketServer} from 'ws';
import {LOCAL} from '../auth/viewer.ts';
import type {CallSoFar} from './from-page.ts';
import {type KillProcess, PhoneCall} from './phone-call.ts';

const SO_FAR: CallSoFar = {
  turns: [],
  interruptions: [],
  toolCalls: [],
  failovers: [],
  transcript: [],
  worker: 'worker-1a',
  edge: null,
};

/** A page that is on the phone, and a webhook that thinks about it for ever. */
async function onThePhone(stack: AsyncDisposableStack, kill: KillProcess | undefined) {
  const webhook = createServer(() => {}).listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({port: 0, host: '127.0.0.1'});
  await Promise.all([once(webhook, 'listening'), once(sockets, 'listening')]);
  stack.defer(() => {
    webhook.closeAllConnections();
    webhook.close();
    sockets.close();
  });
  const clock = new FakeClock();
  const deps = {
    webhook: {origin: `http://127.0.0.1:${portOf(webhook)}`, token: undefined},
    follow: async () => SO_FAR,
    kill,
    clock,
    log: createLog('phone', {level: 'silent'}),
  };
  sockets.on('connection', socket => {
    void new PhoneCall(socket, {to: '+15005550006', from: 'client:browser', viewer: LOCAL}, deps).run();
  });
  const page = new WebSocket(`ws://127.0.0.1:${portOf(sockets)}`);
  stack.defer(() => page.terminate());
  const told: unknown[] = [];
  page.on('message', data => told.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : '')));
  await once(page, 'open');
  return {page, told, clock};
}

test('the page kills the worker of its own call under npm run talk, and is told about what cannot be killed', async () => {
  await using stack = new AsyncDisposableStack();
  const kill = vi.fn<KillProcess>();
  const {page, told} = await onThePhone(stack, kill);
  page.send(JSON.stringify({event: 'kill', what: 'worker'}));
  await expect.poll(() => told).toEqual([{event: 'killing', what: 'worker', id: 'worker-1a'}]);
  expect(kill).toHaveBeenCalledExactlyOnceWith('worker', 'worker-1a');
  page.send(JSON.stringify({event: 'kill', what: 'edge'}));
  await expect.poll(() => told.at(-1)).toEqual({event: 'refused', why: 'no edge has the call at the moment'});
  expect(kill).toHaveBeenCalledTimes(1);
});

test('no page kills anything where analytics is deployed', async () => {
  await using stack = new AsyncDisposableStack();
  const {page, told} = await onThePhone(stack, undefined);
  page.send(JSON.stringify({event: 'kill', what: 'worker'}));
  expect(await once(page, 'close')).toEqual([1_008, expect.anything()]);
  expect(told).toEqual([]);
});

test('a laptop that goes to sleep during a call does not go on paying for it', async () => {
  await using stack = new AsyncDisposableStack();
  const {told, clock} = await onThePhone(stack, undefined);
  clock.advance(14_000);
  expect(told).toEqual([]);
  clock.advance(3_000);
  await expect.poll(() => told).toMatchObject([{event: 'ended', why: expect.stringContaining('no sound for 15 s')}]);
});
