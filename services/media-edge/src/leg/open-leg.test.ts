import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {expect, onTestFinished, test} from 'vitest';
import {STRANGERS} from '@voicebridge/shared/service/strangers.ts';
import {flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {busyEdge} from '../testing/busy-edge.ts';
import {newTicket, PUBLIC_URL, TwilioClient} from '../testing/twilio-client.ts';

/** Sockets that never close by themselves: half open, if the other side ends them. */
function open(port: number, count: number): Socket[] {
  const sockets = Array.from({length: count}, () =>
    connect({port, host: '127.0.0.1', allowHalfOpen: true})
      .on('error', () => {})
      .resume(),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

test('six hundred refused handshakes whose clients never close leave nothing behind', async () => {
  const {harness, worker, expectUnharmed, refusals} = await busyEdge();
  for (let round = 0; round < 6; round += 1) {
    const strangers = open(harness.edge.port, 100);
    const ended = strangers.map(socket => once(socket, 'end'));
    for (const socket of strangers)
      socket.write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await Promise.all(ended);
    // They are gone at the edge, not only half closed: whatever they send now is answered with a reset.
    while (strangers.some(socket => !socket.destroyed)) {
      for (const socket of strangers) if (!socket.destroyed) socket.write('more');
      await flushPromises();
    }
  }
  expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="path",service="media-edge"} 600']);
  const {callSid, ticket} = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, ticket, callSid).answered).toBe(101);
  await expectUnharmed();
});

test('sockets that are opened and never become a call are one line at once, and one for all of ten seconds', async () => {
  const {harness, closed, newSocket, expectUnharmed} = await busyEdge();
  const acts: ((socket: TwilioClient) => void)[] = [
    socket => socket.send('no JSON'),
    socket => socket.socket.send(Buffer.from([1])),
    socket => socket.speak(),
    socket => socket.send({event: 'start', streamSid: 'x', start: {callSid: 'CA123'}}),
    socket => Array.from({length: 30}, () => socket.send('{')),
  ];
  const begun = harness.lines.length;
  for (const act of [...acts, ...acts]) {
    const stranger = await newSocket();
    act(stranger);
    if (act !== acts[0]) await closed(stranger);
  }
  await harness.pass(10_000);
  const warnings = harness.lines.slice(begun).filter(({level}) => level !== 'debug' && level !== 'trace');
  expect(warnings).toMatchObject([
    {msg: 'stranger refused', reason: 'malformed', hint: 'text messages only'},
    {
      msg: 'strangers refused',
      refused: 9,
      reasons: {malformed: 1, outOfPlace: 2, unreadableStart: 2, tooMany: 2, awaitingStart: 2},
    },
  ]);
  await expectUnharmed();
});

test('while Redis fails, handshakes that wait for it are one line, and one when it works again', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const takeTicket = harness.directory.takeTicket.bind(harness.directory);
  harness.directory.takeTicket = async () => Promise.reject(new Error('LOADING'));
  const waiting = Array.from({length: 20}, () => TwilioClient.signed(harness.edge.port, newTicket(), callSid).answered);
  await harness.pass(500);
  harness.directory.takeTicket = takeTicket;
  const caller = TwilioClient.signed(harness.edge.port, ticket, callSid);
  await harness.pass(2_000);
  expect([await caller.answered, ...new Set(await Promise.all(waiting))]).toEqual([101, 410]);
  expect(harness.lines.filter(({what}) => what === 'take ticket')).toMatchObject([
    {msg: 'failed, trying again'},
    {msg: 'works again'},
  ]);
});

test('whoever comes after a thousand silent connections is admitted at once, and the silent ones are closed in time', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge();
  const silent = open(harness.edge.port, 1_000);
  const gone = silent.map(socket => once(socket, 'end'));
  await Promise.all(silent.map(socket => once(socket, 'connect')));
  const {callSid, ticket} = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, ticket, callSid).answered).toBe(101);
  await harness.pass(STRANGERS.proveWithin + 500);
  await Promise.all(gone);
  expect(await harness.metric('strangers_cut_total')).toEqual([
    `voicebridge_strangers_cut_total{reason="evicted",service="media-edge"} ${1_001 - STRANGERS.atMost}`,
    `voicebridge_strangers_cut_total{reason="late",service="media-edge"} ${STRANGERS.atMost - 1}`,
  ]);
  await expectUnharmed();
});

test('a ticket is good for another edge when this one is full by the time it was redeemed', async () => {
  const {harness, worker} = await busyEdge({MAX_CALLS: '2'});
  const [one, two] = [await harness.call(worker), await harness.call(worker)];
  const answers = [one, two].map(
    ({ticket, callSid}) => TwilioClient.signed(harness.edge.port, ticket, callSid).answered,
  );
  const got = await Promise.all(answers);
  expect(got.toSorted((a, b) => a - b)).toEqual([101, 503]);
  const refused = got[0] === 503 ? one : two;
  expect(await harness.directory.takeTicket(refused.ticket)).toMatchObject({callSid: refused.callSid});
});

test('a handshake that was seen, sent again and again, opens nothing and asks Redis no second time', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  let asked = 0;
  const take = harness.directory.takeTicket.bind(harness.directory);
  harness.directory.takeTicket = one => {
    asked += 1;
    return take(one);
  };
  const answer = () => TwilioClient.signed(harness.edge.port, ticket, callSid).answered;
  expect(await answer()).toBe(101);
  for (let copy = 0; copy < 20; copy += 1) expect(await answer()).toBe(410);
  expect(asked).toBe(1);
  const never = newTicket();
  for (let copy = 0; copy < 20; copy += 1)
    expect(await TwilioClient.signed(harness.edge.port, never, callSid).answered).toBe(410);
  expect(asked).toBe(2);
  await expectUnharmed();
});

test('a caller whose handshake comes in two pieces is connected, and what was sent behind it is heard', async () => {
  const {harness, worker} = await busyEdge();
  const {ticket} = await harness.call(worker);
  const path = `/media-stream/${ticket}`;
  const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}${path}`, {});
  const [socket] = open(harness.edge.port, 1);
  if (!socket) throw new Error('there is no socket');
  await once(socket, 'connect');
  const text = [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `X-Twilio-Signature: ${signature}`,
    '\r\n',
  ].join('\r\n');
  const answered = once(socket, 'data');
  socket.setNoDelay(true).write(text.slice(0, 60));
  await new Promise(resolve => setImmediate(resolve));
  socket.write(text.slice(60));
  expect(String(await answered)).toMatch(/^HTTP\/1\.1 101 /);
});

test('a caller is connected while two thousand strangers knock, and the caller on the phone is heard', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge();
  const kinds = [
    'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    `GET /media-stream/${newTicket()} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    'GET /nothing HTTP/1.1\r\nHost: x',
    '',
  ];
  const strangers = open(harness.edge.port, 2_000);
  for (const [n, socket] of strangers.entries()) socket.write(kinds[n % kinds.length] ?? '');
  const {callSid, ticket} = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, ticket, callSid).answered).toBe(101);
  await expectUnharmed();
});
