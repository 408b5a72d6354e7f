import {once} from 'node:events';
import {connect} from 'node:net';
import {describe, expect, test} from 'vitest';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import type {ScriptedWorker} from '../testing/scripted-worker.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {newCallSid, newTicket, PUBLIC_URL, TwilioClient} from '../testing/twilio-client.ts';

let lab: TestEdge;
let worker: ScriptedWorker;
let other: TwilioClient;

/** An edge on which somebody is talking already: whatever happens to a socket must not be heard there. */
async function busyEdge(env = {}) {
  lab = await TestEdge.start(env);
  worker = await lab.worker();
  other = await lab.bridged(worker);
}

/** The other call still works, both ways. */
async function expectUnharmed() {
  const {streamSid} = other;
  const spoken = other.speak();
  await lab.until(() => worker.audio(1, streamSid).at(-1) === spoken, 'the other caller is heard');
  const got = other.got.length;
  worker.say({kind: 'mark', name: 'still here'}, 1, streamSid);
  await lab.until(() => other.got.length > got, 'the other caller hears');
}

const closed = (caller: TwilioClient) =>
  lab.until(() => caller.socket.readyState === caller.socket.CLOSED, 'the socket is closed');

async function refusals(): Promise<string[]> {
  return lab.metric('sockets_refused_total');
}

/** A socket with a ticket of its own, that has said nothing yet. */
async function stranger(): Promise<TwilioClient> {
  const {callSid, ticket} = await lab.call(worker);
  return TwilioClient.signed(lab.edge.port, ticket, callSid).open();
}

describe('a socket is refused, and nothing is touched, when', () => {
  test.each([
    ['nobody signed it', {}],
    ['somebody forged its signature', {'x-twilio-signature': Buffer.alloc(20).toString('base64')}],
    ['its signature is of another length', {'x-twilio-signature': 'x'}],
  ])('%s', async (_, headers: Record<string, string>) => {
    await busyEdge();
    const {callSid, ticket} = await lab.call(worker);
    const caller = new TwilioClient(lab.edge.port, `/media-stream/${ticket}`, callSid, headers);
    expect(await caller.answered).toBe(403);
    expect(await lab.directory.takeTicket(ticket)).toEqual({callSid, epoch: 1});
    expect(await refusals()).toEqual(['voicebridge_sockets_refused_total{reason="signature",service="media-edge"} 1']);
    await expectUnharmed();
  });

  test('the signature is that of another ticket', async () => {
    await busyEdge();
    const {callSid, ticket} = await lab.call(worker);
    const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}/media-stream/${newTicket()}`, {});
    const headers = {'x-twilio-signature': signature};
    const caller = new TwilioClient(lab.edge.port, `/media-stream/${ticket}`, callSid, headers);
    expect(await caller.answered).toBe(403);
    expect(await lab.directory.takeTicket(ticket)).toBeDefined();
  });

  test('it carries no ticket at all', async () => {
    await busyEdge();
    const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}/media-stream`, {});
    const headers = {'x-twilio-signature': signature};
    expect(await new TwilioClient(lab.edge.port, '/media-stream', newCallSid(), headers).answered).toBe(403);
  });

  test('a web page opened it', async () => {
    await busyEdge();
    const {callSid, ticket} = await lab.call(worker);
    const path = `/media-stream/${ticket}`;
    const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}${path}`, {});
    const headers = {'x-twilio-signature': signature, origin: 'https://elsewhere.example'};
    expect(await new TwilioClient(lab.edge.port, path, callSid, headers).answered).toBe(403);
  });

  test('it is for another path', async () => {
    await busyEdge();
    for (const path of ['/', '/media', '/media-stream/../x', `/media-stream/${'g'.repeat(32)}`]) {
      expect(await new TwilioClient(lab.edge.port, path, newCallSid(), {}).answered).toBe(404);
    }
  });

  test('the edge is full', async () => {
    await busyEdge({MAX_CALLS: '1'});
    const {callSid, ticket} = await lab.call(worker);
    expect(await TwilioClient.signed(lab.edge.port, ticket, callSid).answered).toBe(503);
    await expectUnharmed();
  });

  test('it is no WebSocket', async () => {
    await busyEdge({TWILIO_VALIDATE: 'off'});
    const socket = connect(lab.edge.port, '127.0.0.1');
    socket.write(
      `GET /media-stream/${newTicket()} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: something\r\n\r\n`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 4\d\d/);
    await expectUnharmed();
  });
});

describe('a socket is taken when', () => {
  test('it was signed with the older of two tokens', async () => {
    await busyEdge({TWILIO_AUTH_TOKEN: 'a-token, an-older-one'});
    const {callSid, ticket} = await lab.call(worker);
    expect(await TwilioClient.signed(lab.edge.port, ticket, callSid, 'an-older-one').answered).toBe(101);
  });

  test('Twilio signed the address with a slash behind it', async () => {
    await busyEdge();
    const {callSid, ticket} = await lab.call(worker);
    const path = `/media-stream/${ticket}`;
    const signature = getExpectedTwilioSignature('a-token', `${PUBLIC_URL}${path}/`, {});
    const headers = {'x-twilio-signature': signature};
    expect(await new TwilioClient(lab.edge.port, `${path}/`, callSid, headers).answered).toBe(101);
  });
});

describe('a socket is closed when', () => {
  test('its ticket was used before', async () => {
    await busyEdge();
    const {callSid, ticket} = await lab.call(worker);
    const caller = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    caller.start();
    await lab.until(() => worker.asked.length === 2, 'the caller is bridged');
    const replayed = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    replayed.start();
    await closed(replayed);
    expect(await replayed.closed).toBe(1008);
    expect(caller.socket.readyState).toBe(caller.socket.OPEN);
    expect(worker.asked).toHaveLength(2);
  });

  test('it says that it is for a call that its ticket is not for', async () => {
    await busyEdge();
    const caller = await stranger();
    caller.start(other.callSid);
    await closed(caller);
    expect(await caller.closed).toBe(1008);
    await expectUnharmed();
  });

  test('it does not say which call it is for within three seconds', async () => {
    await busyEdge();
    const caller = await stranger();
    caller.send({event: 'connected', protocol: 'Call', version: '1.0.0'});
    await lab.pass(2_900);
    expect(caller.socket.readyState).toBe(caller.socket.OPEN);
    await closed(caller);
    expect(await caller.closed).toBe(1008);
  });

  test('audio comes before it says which call it is for', async () => {
    await busyEdge();
    const caller = await stranger();
    caller.speak();
    await closed(caller);
    expect(await caller.closed).toBe(1008);
    await expectUnharmed();
  });

  test.each([
    ['its call is no call of Twilio', {callSid: 'CA123'}, 'start.callSid: must be CA and 32 hexadecimal digits'],
    ['its stream is missing', {streamSid: undefined}, 'start.streamSid: '],
    ['its format is a number', {mediaFormat: 7}, 'start.mediaFormat: '],
  ])('%s, and the operator is told that, not that audio came too early', async (_, changed, why) => {
    await busyEdge();
    const caller = await stranger();
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
  });

  test('it begins with bytes instead of text', async () => {
    await busyEdge();
    const caller = await stranger();
    caller.socket.send(Buffer.from([1, 2, 3]));
    await closed(caller);
    expect(await caller.closed).toBe(1003);
    await expectUnharmed();
  });

  test('a message is larger than any that Twilio sends', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    caller.send(JSON.stringify({event: 'media', media: {payload: 'A'.repeat(70_000)}}));
    await closed(caller);
    expect(await caller.closed).toBe(1009);
    await expectUnharmed();
  });

  test('it speaks another encoding', async () => {
    await busyEdge();
    const caller = await stranger();
    const {streamSid, callSid} = caller;
    const mediaFormat = {encoding: 'audio/l16', sampleRate: 16_000, channels: 1};
    caller.send({event: 'start', streamSid, start: {streamSid, callSid, mediaFormat}});
    await closed(caller);
    expect(await caller.closed).toBe(1003);
  });

  test('it floods', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    for (let sent = 0; sent < 2_000; sent += 1) caller.speak();
    await closed(caller);
    expect(await caller.closed).toBe(1008);
    await expectUnharmed();
  });

  test('it answers nothing any more', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    caller.speak();
    caller.socket.pause();
    const keep = async () => {
      other.speak();
      await lab.pass(100);
    };
    for (let passed = 0; passed < 5_500; passed += 100) await keep();
    expect(worker.heard(1, caller.streamSid)).toContainEqual({kind: 'ended', why: 'lost'});
    caller.socket.terminate();
    await expectUnharmed();
  });
});

describe('a socket stays open when', () => {
  test('some messages are of no use, until they are too many', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
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
    await lab.until(() => worker.audio().length > heard, 'the caller is still heard');
    expect(await lab.metric('malformed_total')).toEqual([
      'voicebridge_malformed_total{peer="twilio",reason="notJson",service="media-edge"} 1',
      'voicebridge_malformed_total{peer="twilio",reason="unexpectedShape",service="media-edge"} 4',
      'voicebridge_malformed_total{peer="twilio",reason="binary",service="media-edge"} 1',
    ]);
    for (let sent = 0; sent < 15; sent += 1) caller.send('not json');
    await closed(caller);
    expect(await caller.closed).toBe(1008);
    await expectUnharmed();
  });

  test('an event comes that we do not know, however often', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    for (let sent = 0; sent < 100; sent += 1) caller.send({event: 'weather', streamSid: caller.streamSid});
    const heard = worker.audio().length;
    caller.speak();
    await lab.until(() => worker.audio().length > heard, 'the caller is still heard');
  });

  test('a clear brings two thousand marks back in one instant', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    const {streamSid} = caller;
    const marks = Array.from({length: 2_000}, (_, mark) => `1:${mark}`);
    for (const name of marks) worker.say({kind: 'audio', payload: 'AAAA', mark: name}, 1, streamSid);
    const sent = () => caller.got.filter(({event}) => event === 'mark').length;
    await lab.until(() => sent() === marks.length, 'the marks are at the phone');
    for (const name of marks) caller.mark(name);
    const spoken = caller.speak();
    await lab.until(() => worker.audio(1, streamSid).at(-1) === spoken, 'the caller is still heard');
    const returned = worker.heard(1, streamSid).flatMap(frame => (frame.kind === 'mark' ? [frame.name] : []));
    expect(returned).toEqual(marks);
    for (let mark = 0; mark < 2_000; mark += 1) caller.mark('never sent');
    await closed(caller);
    expect(await caller.closed).toBe(1008);
  });

  test('its clock does not begin with the stream', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    const {streamSid} = caller;
    for (const timestamp of [1_732_290_000_000, '1732290000020', '999999999999999']) {
      caller.send({event: 'media', streamSid, media: {timestamp, payload: 'AAAA'}});
    }
    await lab.until(() => worker.audio().length === 3, 'the caller is heard');
    const at = worker.heard().flatMap(frame => (frame.kind === 'audio' ? [frame.timestamp] : []));
    expect(at[1]! - at[0]!).toBe(20);
    await expectUnharmed();
  });

  test('messages come out of order, or for another stream', async () => {
    await busyEdge();
    const caller = await lab.bridgedAgain(worker);
    const {streamSid} = caller;
    caller.send({event: 'mark', sequenceNumber: '9', streamSid, mark: {name: 'b'}});
    caller.send({event: 'mark', sequenceNumber: '3', streamSid, mark: {name: 'a'}});
    caller.send({event: 'mark', sequenceNumber: '10', streamSid: other.streamSid, mark: {name: 'foreign'}});
    caller.start();
    caller.send({event: 'mark', sequenceNumber: '11', streamSid, mark: {name: 'last'}});
    await lab.until(() => JSON.stringify(worker.heard(1)).includes('last'), 'the last mark arrived');
    const marks = worker.heard(1).flatMap(frame => (frame.kind === 'mark' ? [frame.name] : []));
    expect(marks).toEqual(['b', 'a', 'last']);
    expect(await lab.metric('malformed_total')).toEqual([
      'voicebridge_malformed_total{peer="twilio",reason="outOfOrder",service="media-edge"} 1',
      'voicebridge_malformed_total{peer="twilio",reason="foreignStream",service="media-edge"} 1',
      'voicebridge_malformed_total{peer="twilio",reason="secondStart",service="media-edge"} 1',
    ]);
  });
});

describe('with TWILIO_VALIDATE=off', () => {
  test('a client without a ticket is given a worker, and its parameters become facts of the call', async () => {
    await busyEdge({TWILIO_VALIDATE: 'off'});
    const caller = await new TwilioClient(lab.edge.port, '/media-stream', newCallSid(), {}).open();
    const {streamSid, callSid} = caller;
    caller.send({event: 'start', start: {streamSid, callSid, customParameters: {who: 'a tool'}}});
    caller.send({event: 'media', media: {timestamp: 20, payload: 'AAAA'}});
    await lab.until(() => worker.audio().includes('AAAA'), 'the worker hears the client');
    const ask = worker.asked.find(ask => ask.type === 'take');
    expect(ask).toMatchObject({epoch: 0, assistant: 'default', facts: {who: 'a tool'}, cause: 'plain'});
  });

  test('the same CallSid can be used again after the call was over', async () => {
    await busyEdge({TWILIO_VALIDATE: 'off'});
    const callSid = newCallSid();
    for (let calls = 1; calls <= 2; calls += 1) {
      const caller = await new TwilioClient(lab.edge.port, '/media-stream', callSid, {}).open();
      caller.start();
      await lab.until(
        () => worker.asked.filter(ask => ask.type === 'take').length === calls,
        'the worker has the call',
      );
      await lab.until(() => worker.asked.filter(ask => ask.type === 'attach').length === calls + 1, 'it is attached');
      caller.stop();
      await closed(caller);
      await lab.directory.end(callSid, 1);
    }
  });

  test('a client whose Origin is this very edge is no web page from elsewhere', async () => {
    await busyEdge({TWILIO_VALIDATE: 'off'});
    const origin = `http://127.0.0.1:${lab.edge.port}`;
    expect(await new TwilioClient(lab.edge.port, '/media-stream', newCallSid(), {origin}).answered).toBe(101);
  });
});

describe('a second socket for the same call', () => {
  test('wins, and the older one is closed with 1000', async () => {
    await busyEdge();
    const ticket = newTicket();
    const call = await lab.directory.retry(other.callSid, {
      epoch: 1,
      replaces: await ticketOf(other),
      ticket,
      attempts: 0,
    });
    await lab.directory.putTicket(ticket, {callSid: other.callSid, epoch: call?.epoch ?? 0});
    const newer = await TwilioClient.signed(lab.edge.port, ticket, other.callSid).open();
    newer.start();
    await lab.until(() => worker.kinds(2).includes('began'), 'the newer stream is bridged');
    await closed(other);
    expect(await other.closed).toBe(1000);
    expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'moved'});
    const spoken = newer.speak();
    await lab.until(() => worker.audio(2).includes(spoken), 'the newer stream is heard');
  });

  test('with the older ticket loses', async () => {
    await busyEdge();
    const {callSid, ticket: old} = await lab.call(worker);
    const ticket = newTicket();
    await lab.directory.retry(callSid, {epoch: 1, replaces: old, ticket, attempts: 0});
    await lab.directory.putTicket(ticket, {callSid, epoch: 1});
    const newer = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    newer.start();
    await lab.until(() => worker.asked.length === 2, 'the newer stream is bridged');
    await lab.directory.claim(callSid, {epoch: 1, owner: worker.id, at: 0});
    const late = await TwilioClient.signed(lab.edge.port, old, callSid).open();
    late.start();
    await closed(late);
    expect(newer.socket.readyState).toBe(newer.socket.OPEN);
  });
});

async function ticketOf(caller: TwilioClient) {
  return (await lab.directory.read(caller.callSid))?.ticket;
}

test('a ticket is still good when the worker handed its call over before the stream came', async () => {
  await busyEdge();
  const {callSid, ticket} = await lab.call(worker);
  const second = await lab.worker();
  await lab.directory.claim(callSid, {epoch: 1, owner: second.id, at: 0});
  const caller = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
  caller.start();
  await lab.until(() => second.kinds(2).includes('began'), 'the new owner is told');
});

test('a caller who hangs up while being let in is gone for the worker too', async () => {
  await busyEdge();
  const caller = await stranger();
  caller.start();
  caller.speak();
  caller.stop();
  await lab.until(() => worker.heard(1).at(-1)?.kind === 'ended', 'the worker was told');
  await closed(caller);
});

test('a socket that dies without a goodbye is lost, not hung up', async () => {
  await busyEdge();
  other.socket.terminate();
  await lab.until(() => worker.kinds().includes('ended'), 'the worker was told');
  expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'lost'});
});

test('a client that closes its socket properly has hung up', async () => {
  await busyEdge();
  other.socket.close(1000);
  await lab.until(() => worker.kinds().includes('ended'), 'the worker was told');
  expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'hungUp'});
});
