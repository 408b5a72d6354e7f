import {once} from 'node:events';
import type {Socket} from 'node:net';
import {expect, onTestFinished, test, vi} from 'vitest';
import {flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {busyEdge} from '../testing/busy-edge.ts';
import type {TwilioClient} from '../testing/twilio-client.ts';
import {HOPELESS_BYTES} from './leg-liveness.ts';

test('a socket is closed when it has not named its call after three seconds', async () => {
  const {harness, closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  caller.send({event: 'connected', protocol: 'Call', version: '1.0.0'});
  await harness.pass(2_900);
  expect(caller.socket.readyState).toBe(caller.socket.OPEN);
  await closed(caller);
  expect(await caller.closed).toBe(1008);
});

test('a socket is closed when audio comes before its call is known', async () => {
  const {expectUnharmed, closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  caller.speak();
  await closed(caller);
  expect(await caller.closed).toBe(1008);
  await expectUnharmed();
});

test.each([
  ['its call is no call of Twilio', {callSid: 'CA123'}, 'start.callSid: must be CA and 32 hexadecimal digits'],
  ['its stream is missing', {streamSid: undefined}, 'start.streamSid: '],
  ['its format is a number', {mediaFormat: 7}, 'start.mediaFormat: '],
])(
  'a socket is closed when %s, and the operator learns that, not that audio came too early',
  async (_, changed, why) => {
    const {expectUnharmed, closed, refusals, newSocket} = await busyEdge();
    const caller = await newSocket();
    const {streamSid, callSid} = caller;
    caller.send({event: 'connected', protocol: 'Call', version: '1.0.0'});
    caller.send({event: 'start', streamSid, start: {streamSid, callSid, customParameters: {}, ...changed}});
    caller.speak();
    await closed(caller);
    expect(await caller.closed).toBe(1008);
    expect(await caller.goodbye).toContain(`start cannot be read: ${why}`);
    expect(await refusals()).toEqual([
      'voicebridge_sockets_refused_total{reason="unreadableStart",service="media-edge"} 1',
    ]);
    await expectUnharmed();
  },
);

test('a socket is closed when it begins with a binary message', async () => {
  const {expectUnharmed, closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  caller.socket.send(Buffer.from([1, 2, 3]));
  await closed(caller);
  expect(await caller.closed).toBe(1003);
  await expectUnharmed();
});

test('a socket is closed when a message is larger than any of Twilio', async () => {
  const {harness, worker, expectUnharmed, closed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  caller.send(JSON.stringify({event: 'media', media: {payload: 'A'.repeat(70_000)}}));
  await closed(caller);
  expect(await caller.closed).toBe(1009);
  await expectUnharmed();
});

test('a socket is closed when it floods the edge with messages', async () => {
  const {harness, worker, expectUnharmed, closed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  for (let sent = 0; sent < 2_000; sent += 1) caller.speak();
  await closed(caller);
  expect(await caller.closed).toBe(1008);
  await expectUnharmed();
});

test('a socket is closed when it sends more audio than time passes, however few messages it needs', async () => {
  const {harness, worker, expectUnharmed, closed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  for (let sent = 0; sent < 40; sent += 1) {
    const payload = Buffer.alloc(7_500, sent).toString('base64');
    caller.send({event: 'media', streamSid, media: {timestamp: String(sent * 20), payload}});
  }
  await closed(caller);
  expect(await caller.closed).toBe(1008);
  await harness.until(() => worker.kinds(1, streamSid).includes('ended'), 'the worker knows');
  const frames = worker.heard(1, streamSid).flatMap(frame => (frame.kind === 'audio' ? [frame.payload] : []));
  expect(Buffer.from(frames.join(''), 'base64').length).toBe(75_000); // one more would be beyond ten seconds
  await expectUnharmed();
});

test('a caller who reads nothing is given up before what waits for them has cost memory, and no other call is', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  caller.socket.pause();
  const minute = Buffer.alloc(480_000, 0xff).toString('base64');
  const ended = () => worker.heard(1, streamSid).find(frame => frame.kind === 'ended');
  let sent = 0;
  while (!ended() && sent < 100) {
    caller.speak();
    worker.say({kind: 'audio', payload: minute, mark: ''}, 1, streamSid);
    sent += 1;
    await harness.pass(20);
  }
  expect(ended()).toMatchObject({why: 'lost'});
  const waited = worker.heard(1, streamSid).flatMap(frame => (frame.kind === 'counted' ? [frame.bufferedBytes] : []));
  expect(Math.max(...waited)).toBeGreaterThan(HOPELESS_BYTES);
  expect(Math.max(...waited)).toBeLessThan(HOPELESS_BYTES + 1_000_000);
  await expectUnharmed();
});

test('a socket is given up when neither audio nor pongs come, and its call is lost', async () => {
  const {harness, worker, other, expectUnharmed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  caller.speak();
  caller.socket.pause();
  const keep = async () => {
    other.speak();
    await harness.pass(100);
  };
  for (let passed = 0; passed < 5_500; passed += 100) await keep();
  expect(worker.heard(1, caller.streamSid)).toContainEqual({kind: 'ended', why: 'lost'});
  caller.socket.terminate();
  await expectUnharmed();
});

test('a socket stays open when some messages cannot be used, and is closed when they are too many', async () => {
  const {harness, worker, expectUnharmed, closed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  const bad = [
    'not json',
    '[]',
    {event: 'media', streamSid, media: {payload: 'not base64!', timestamp: '1'}},
    {event: 'mark', streamSid},
    {event: 'dtmf', streamSid, dtmf: {digit: 'seven'}},
  ];
  for (const message of bad) caller.send(message);
  caller.socket.send(Buffer.from([0]));
  const heard = worker.audio().length;
  caller.speak();
  await harness.until(() => worker.audio().length > heard, 'the caller is still heard');
  expect(await harness.metric('malformed_total')).toEqual([
    'voicebridge_malformed_total{peer="twilio",reason="notJson",service="media-edge"} 1',
    'voicebridge_malformed_total{peer="twilio",reason="unexpectedShape",service="media-edge"} 4',
    'voicebridge_malformed_total{peer="twilio",reason="binary",service="media-edge"} 1',
  ]);
  for (let sent = 0; sent < 15; sent += 1) caller.send('not json');
  await closed(caller);
  expect(await caller.closed).toBe(1008);
  await expectUnharmed();
});

test('a socket stays open when an unknown event comes, however often', async () => {
  const {harness, worker} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  for (let sent = 0; sent < 100; sent += 1) caller.send({event: 'weather', streamSid: caller.streamSid});
  const heard = worker.audio().length;
  caller.speak();
  await harness.until(() => worker.audio().length > heard, 'the caller is still heard');
});

test('a socket stays open when a clear returns two thousand marks at once', async () => {
  const {harness, worker, closed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  const marks = Array.from({length: 2_000}, (_, mark) => `1:${mark}`);
  for (const name of marks) worker.say({kind: 'audio', payload: 'AAAA', mark: name}, 1, streamSid);
  const sent = () => caller.got.filter(({event}) => event === 'mark').length;
  await harness.until(() => sent() === marks.length, 'the marks are at the phone');
  for (const name of marks) caller.mark(name);
  const spoken = caller.speak();
  await harness.until(() => worker.audio(1, streamSid).at(-1) === spoken, 'the caller is still heard');
  const returned = worker.heard(1, streamSid).flatMap(frame => (frame.kind === 'mark' ? [frame.name] : []));
  expect(returned).toEqual(marks);
  for (let mark = 0; mark < 2_000; mark += 1) caller.mark('never sent');
  await closed(caller);
  expect(await caller.closed).toBe(1008);
});

test('a socket stays open when its clock does not begin at 0', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  for (const timestamp of [1_732_290_000_000, '1732290000020', '999999999999999']) {
    caller.send({event: 'media', streamSid, media: {timestamp, payload: 'AAAA'}});
  }
  await harness.until(() => worker.audio().length === 3, 'the caller is heard');
  const at = worker.heard().flatMap(frame => (frame.kind === 'audio' ? [frame.timestamp] : []));
  expect(at[1]! - at[0]!).toBe(20);
  await expectUnharmed();
});

test('a socket stays open when messages come out of order or for another stream', async () => {
  const {harness, worker, other} = await busyEdge();
  const caller = await harness.bridgedAgain(worker);
  const {streamSid} = caller;
  caller.send({event: 'mark', sequenceNumber: '9', streamSid, mark: {name: 'b'}});
  caller.send({event: 'mark', sequenceNumber: '3', streamSid, mark: {name: 'a'}});
  caller.send({event: 'mark', sequenceNumber: '10', streamSid: other.streamSid, mark: {name: 'foreign'}});
  caller.start();
  caller.send({event: 'mark', sequenceNumber: '11', streamSid, mark: {name: 'last'}});
  await harness.until(() => JSON.stringify(worker.heard(1)).includes('last'), 'the last mark arrived');
  const marks = worker.heard(1).flatMap(frame => (frame.kind === 'mark' ? [frame.name] : []));
  expect(marks).toEqual(['b', 'a', 'last']);
  expect(await harness.metric('malformed_total')).toEqual([
    'voicebridge_malformed_total{peer="twilio",reason="outOfOrder",service="media-edge"} 1',
    'voicebridge_malformed_total{peer="twilio",reason="foreignStream",service="media-edge"} 1',
    'voicebridge_malformed_total{peer="twilio",reason="secondStart",service="media-edge"} 1',
  ]);
});

test('a caller who hangs up before the stream is admitted is gone for the worker too', async () => {
  const {harness, worker, closed, newSocket} = await busyEdge();
  const caller = await newSocket();
  caller.start();
  caller.speak();
  caller.stop();
  await harness.until(() => worker.heard(1).at(-1)?.kind === 'ended', 'the worker knows of the end');
  await closed(caller);
});

test('a socket that is cut without a close frame is lost, not hung up', async () => {
  const {harness, worker, other} = await busyEdge();
  other.socket.terminate();
  await harness.until(() => worker.kinds().includes('ended'), 'the worker knows of the end');
  expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'lost'});
});

test('a client that closes its socket cleanly has hung up', async () => {
  const {harness, worker, other} = await busyEdge();
  other.socket.close(1000);
  await harness.until(() => worker.kinds().includes('ended'), 'the worker knows of the end');
  expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'hungUp'});
});

/** The connection under a client, for bytes that no library would send. */
const connectionOf = ({socket}: TwilioClient) => (socket as unknown as {readonly _socket: Socket})._socket;

/** A frame of a client, whose mask is zero. */
const frameOf = (kind: number, body: string) =>
  Buffer.concat([Buffer.from([kind, 0x80 | body.length, 0, 0, 0, 0]), Buffer.from(body)]);

test.each([
  ['pings', 0x89],
  ['pongs that nobody asked for', 0x8a],
])('a phone that sends %s without end is closed as one that sends too much', async (_, kind) => {
  const {harness, newSocket, expectUnharmed, refusals} = await busyEdge();
  const caller = await newSocket();
  caller.start();
  const connection = connectionOf(caller);
  const flood = Buffer.concat(Array.from({length: 10}, () => frameOf(kind, 'x'.repeat(100))));
  for (let sent = 0; sent < 2_000; sent += 10) {
    connection.write(flood);
    await flushPromises();
  }
  await harness.until(() => caller.socket.readyState !== caller.socket.OPEN, 'it is closed');
  // Whoever still sends may be cut before the code reaches them.
  expect([1008, 1006]).toContain(await caller.closed);
  expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="tooMany",service="media-edge"} 1']);
  await expectUnharmed();
});

test('a socket that pings and does not say which call it is, is closed after twenty of them', async () => {
  const {harness, newSocket, expectUnharmed, refusals} = await busyEdge();
  const silent = await newSocket();
  connectionOf(silent).write(Buffer.concat(Array.from({length: 21}, () => frameOf(0x89, 'x'))));
  await harness.until(() => silent.socket.readyState !== silent.socket.OPEN, 'it is closed');
  expect(await silent.closed).toBe(1008);
  expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="tooMany",service="media-edge"} 1']);
  await expectUnharmed();
});

test('a phone that goes on sending when its socket was closed is cut off, however long the closing may take', async () => {
  const {harness, newSocket, expectUnharmed} = await busyEdge();
  const caller = await newSocket();
  // The library waits so long for an answer to its close, which never comes.
  vi.useFakeTimers({toFake: ['setTimeout']});
  onTestFinished(() => void vi.useRealTimers());
  const connection = connectionOf(caller).removeAllListeners('data').resume();
  const gone = once(connection, 'close');
  const empty = Buffer.concat(Array.from({length: 2_000}, () => frameOf(0x81, '')));
  const flooding = setInterval(() => connection.write(empty), 1);
  onTestFinished(() => clearInterval(flooding));
  await gone;
  await harness.pass(100);
  await expectUnharmed();
});
