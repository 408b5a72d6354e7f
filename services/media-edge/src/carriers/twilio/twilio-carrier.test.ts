import {once} from 'node:events';
import {connect} from 'node:net';
import {expect, test} from 'vitest';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {busyEdge} from '../../testing/busy-edge.ts';
import {newCallSid, newTicket, PUBLIC_URL, TwilioClient} from '../../testing/twilio-client.ts';

test.each([
  ['without a signature', {}],
  ['with a forged signature', {'x-twilio-signature': Buffer.alloc(20).toString('base64')}],
  ['with a signature of another length', {'x-twilio-signature': 'x'}],
])('a socket %s is refused, and its ticket stays good', async (_, headers: Record<string, string>) => {
  const {harness, worker, expectUnharmed, refusals} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const caller = new TwilioClient(harness.edge.port, `/media-stream/${ticket}`, callSid, headers);
  expect(await caller.answered).toBe(403);
  expect(await harness.directory.takeTicket(ticket)).toEqual({callSid, epoch: 1});
  expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="signature",service="media-edge"} 1']);
  await expectUnharmed();
});

test('a socket with the signature for another ticket is refused, and its ticket stays good', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}/media-stream/${newTicket()}`, {});
  const headers = {'x-twilio-signature': signature};
  const caller = new TwilioClient(harness.edge.port, `/media-stream/${ticket}`, callSid, headers);
  expect(await caller.answered).toBe(403);
  expect(await harness.directory.takeTicket(ticket)).toBeDefined();
});

test('a socket without a ticket is refused', async () => {
  const {harness} = await busyEdge();
  const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}/media-stream`, {});
  const headers = {'x-twilio-signature': signature};
  expect(await new TwilioClient(harness.edge.port, '/media-stream', newCallSid(), headers).answered).toBe(403);
});

test('a socket that a web page opened is refused', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const path = `/media-stream/${ticket}`;
  const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}${path}`, {});
  const headers = {'x-twilio-signature': signature, origin: 'https://elsewhere.example'};
  expect(await new TwilioClient(harness.edge.port, path, callSid, headers).answered).toBe(403);
});

test('a socket at another path is refused', async () => {
  const {harness} = await busyEdge();
  for (const path of ['/', '/media', '/media-stream/../x', `/media-stream/${'g'.repeat(32)}`]) {
    expect(await new TwilioClient(harness.edge.port, path, newCallSid(), {}).answered).toBe(404);
  }
});

test('a socket is refused while the edge is full', async () => {
  const {harness, worker, expectUnharmed} = await busyEdge({MAX_CALLS: '1'});
  const {callSid, ticket} = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, ticket, callSid).answered).toBe(503);
  await expectUnharmed();
});

test('an upgrade to something other than a WebSocket is refused', async () => {
  const {harness, expectUnharmed} = await busyEdge({TWILIO_VALIDATE: 'off'});
  const socket = connect(harness.edge.port, '127.0.0.1');
  socket.write(
    `GET /media-stream/${newTicket()} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: something\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 4\d\d/);
  await expectUnharmed();
});

test('a socket is accepted with the signature of the older of two tokens', async () => {
  const {harness, worker} = await busyEdge({TWILIO_AUTH_TOKEN: 'a-token, an-older-one'});
  const {callSid, ticket} = await harness.call(worker);
  expect(await TwilioClient.signed(harness.edge.port, ticket, callSid, 'an-older-one').answered).toBe(101);
});

test('a socket is accepted when Twilio signed the address with a slash at its end', async () => {
  const {harness, worker} = await busyEdge();
  const {callSid, ticket} = await harness.call(worker);
  const path = `/media-stream/${ticket}`;
  const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}${path}/`, {});
  const headers = {'x-twilio-signature': signature};
  expect(await new TwilioClient(harness.edge.port, `${path}/`, callSid, headers).answered).toBe(101);
});

test('a socket is accepted when its Origin is the edge itself', async () => {
  const {harness} = await busyEdge({TWILIO_VALIDATE: 'off'});
  const origin = `http://127.0.0.1:${harness.edge.port}`;
  expect(await new TwilioClient(harness.edge.port, '/media-stream', newCallSid(), {origin}).answered).toBe(101);
});
