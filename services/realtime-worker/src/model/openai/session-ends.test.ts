import {createHash} from 'node:crypto';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {afterEach, describe, expect, test} from 'vitest';
import type {ModelEvent} from '../model-adapter.ts';
import {openAIAdapter} from './openai-session.ts';

const KEY = 'sk-the-key-of-the-test';
const metrics = createMetrics('test');
const log = createLog('test', {level: 'silent'});
const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0)) await end();
});

/** A server of one kind of connection. Returns what a session with it reports, up to and including its loss. */
async function endOf(serve: (socket: Socket) => void, scheme: 'ws' | 'wss' = 'ws'): Promise<readonly ModelEvent[]> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    serve(socket.on('error', () => {}));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`;
  const session = openAIAdapter({url, apiKey: KEY, transcriptionModel: '', clock: systemClock, metrics, log}).open({
    model: 'm',
    instructions: 'i',
    voice: 'v',
    tools: [],
    serverInterrupts: false,
    serverResponds: true,
    maxOutputTokens: 100,
    safetyId: undefined,
  });
  cleanup.push(async () => {
    await session[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  const events: ModelEvent[] = [];
  await new Promise<void>(resolve =>
    session.onEvent(event => {
      events.push(event);
      if (event.type === 'lost') resolve();
    }),
  );
  // Whatever else is reported is so within a turn or two.
  for (let turns = 0; turns < 5; turns += 1) await new Promise(resolve => setImmediate(resolve));
  return events;
}

/** Answers the upgrade, says that the session is ready, and then does something. */
const ready = (then: (socket: Socket) => void) => (socket: Socket) => {
  let head = '';
  socket.on('data', (bytes: Buffer) => {
    if (head.endsWith('\r\n\r\n')) return;
    head += bytes.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const said = Buffer.from('{"type":"session.updated"}');
    socket.write(Buffer.concat([Buffer.from([0x81, said.length]), said]));
    then(socket);
  });
};
const closing = (code: number, reason = '') =>
  ready(socket => {
    const body = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
    socket.write(Buffer.concat([Buffer.from([0x88, body.length]), body]));
  });
const answering = (head: string) => (socket: Socket) =>
  socket.once('data', () => socket.end(`HTTP/1.1 ${head}\r\n\r\n`));

async function expectLost(events: Promise<readonly ModelEvent[]>, cause: string, note: RegExp): Promise<void> {
  const all = await events;
  expect(all.filter(({type}) => type !== 'ready')).toEqual([
    {type: 'lost', cause, note: expect.stringMatching(note), detail: expect.any(String)},
  ]);
  expect(JSON.stringify(all)).not.toContain(KEY);
}

describe('a session is lost once, and its note says why without the key,', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3001, 3999, 4000, 4999])(
    'when it is closed with code %s',
    async code => expectLost(endOf(closing(code, 'k '.repeat(60))), 'closed', new RegExp(`^close code ${code}$`)),
  );

  test.each([1004, 1005, 1006, 1015, 1016, 2999, 0, 5000])(
    'when it is closed with code %s, which nobody may send',
    async code => expectLost(endOf(closing(code)), 'unreachable', /WS_ERR_INVALID_CLOSE_CODE/),
  );

  test('when it is closed with 3000, which means that the key is refused', async () =>
    expectLost(endOf(closing(3000)), 'refused', /3000/));

  test('when its connection ends or breaks off without a close frame', async () => {
    await expectLost(endOf(ready(socket => socket.end())), 'closed', /^close code 1006$/);
    await expectLost(endOf(ready(socket => socket.resetAndDestroy())), 'closed', /^close code 1006$/);
  });

  test.each([
    ['301 Moved\r\nLocation: ws://10.0.0.1/', 'unreachable', /answered 301/],
    ['401 Unauthorized', 'refused', /answered 401 .*OPENAI_API_KEY/],
    ['429 Too Many\r\nRetry-After: 3', 'unreachable', /answered 429/],
    ['429 Too Many\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT', 'unreachable', /answered 429/],
    [`429 Too Many\r\nRetry-After: ${'9'.repeat(400)}`, 'unreachable', /answered 429/],
    ['503 Away', 'unreachable', /answered 503/],
    ['200 OK', 'unreachable', /answered 200/],
    [
      '101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x',
      'unreachable',
      /Sec-WebSocket-Accept/,
    ],
    ['x', 'unreachable', /HPE_/],
  ])('when the upgrade is answered with %s', async (head, cause, note) =>
    expectLost(endOf(answering(head)), cause, note),
  );

  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['is closed at once', socket => socket.end(), /connection failed/],
    [
      'breaks off behind the first bytes of its answer',
      socket =>
        socket.once('data', () => socket.write(Buffer.from([22, 3, 3, 0, 80, 2, 0]), () => socket.resetAndDestroy())),
      /ECONNRESET/,
    ],
    ['is none', socket => socket.once('data', () => socket.write('HTTP/1.1 400 Bad\r\n\r\n')), /ERR_SSL|EPROTO/],
  ])('when TLS %s', async (_, serve, note) => expectLost(endOf(serve, 'wss'), 'unreachable', note));
});
