import {expect, test} from 'vitest';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {OtherCarrier, OtherCarrierPhone} from '../testing/other-carrier.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {newTicket, payloadOf} from '../testing/twilio-client.ts';

const callSid = CallSid.parse('v3-ctl_Zk9wQ7');

/** An edge of another carrier, a worker, and a call of that carrier which the worker owns. */
async function otherCarrier() {
  const harness = await TestEdge.start({}, new OtherCarrier());
  const worker = await harness.worker();
  const ticket = newTicket();
  await worker.own(callSid, ticket);
  await harness.directory.putTicket(ticket, {callSid, epoch: 1});
  return {harness, worker, ticket};
}

test('a caller of another carrier talks to the assistant, interrupts it, presses a key and hangs up', async () => {
  const {harness, worker, ticket} = await otherCarrier();
  const phone = await new OtherCarrierPhone(harness.edge.port, ticket, callSid).open();
  const {streamSid} = phone;
  phone.start();
  const spoken = [1, 2, 3, 4, 5].map(payloadOf);
  for (const payload of spoken) phone.speak(payload);
  await harness.until(() => worker.audio().length === 5, 'the worker heard the caller');
  expect(worker.audio()).toEqual(spoken);
  expect(worker.heard()[0]).toMatchObject({kind: 'began', callSid, streamSid, edge: harness.edge.id});
  expect(await harness.directory.read(callSid)).toMatchObject({stream: {streamSid, edge: harness.edge.id}});

  worker.say({kind: 'audio', payload: payloadOf(9), mark: '1:20'});
  worker.say({kind: 'clear'});
  worker.say({kind: 'mark', name: 'probe'});
  await harness.until(() => phone.got.length === 4, 'the phone got everything');
  expect(phone.got).toEqual([
    {command: 'play', pcmu: payloadOf(9)},
    {command: 'cue', cue: '1:20'},
    {command: 'flush'},
    {command: 'cue', cue: 'probe'},
  ]);

  phone.send({event: 'cue.reached', cue: '1:20'});
  phone.send({event: 'keypress', key: {value: '7'}});
  phone.send({event: 'hangup', cause: 'normal'});
  await harness.until(() => worker.kinds().includes('ended'), 'the worker knows that the caller hung up');
  expect(worker.heard().filter(({kind}) => kind !== 'audio' && kind !== 'began' && kind !== 'counted')).toEqual([
    {kind: 'mark', name: '1:20'},
    {kind: 'digit', digit: '7', number: 1},
    {kind: 'ended', why: 'hungUp'},
  ]);
  expect(await phone.closed).toBe(1000);
});

test('a caller of another carrier is with another worker when the first one is killed', async () => {
  const {harness, worker: first, ticket} = await otherCarrier();
  const phone = await new OtherCarrierPhone(harness.edge.port, ticket, callSid).open();
  phone.start();
  phone.speak(payloadOf(1));
  await harness.until(() => first.audio().length === 1, 'the first worker heard the caller');
  const second = await harness.worker();
  await first.kill();
  phone.speak(payloadOf(2));
  await harness.until(() => second.audio(2).length === 2, 'the second worker heard the caller');
  expect(second.audio(2)).toEqual([payloadOf(1), payloadOf(2)]);
});

test('an operator sees under the name of the carrier what could not be read', async () => {
  const {harness, worker, ticket} = await otherCarrier();
  const phone = await new OtherCarrierPhone(harness.edge.port, ticket, callSid).open();
  phone.start();
  phone.send({event: 'media', media: {payload: 'AAAA'}});
  phone.speak(payloadOf(1));
  await harness.until(() => worker.audio().length === 1, 'the worker heard the caller');
  expect(await harness.metric('malformed_total')).toEqual([
    'voicebridge_malformed_total{peer="other",reason="unexpectedShape",service="media-edge"} 1',
  ]);
});

test('a socket of another carrier is closed with 1003 when its audio is not μ-law at 8 kHz', async () => {
  const {harness, ticket} = await otherCarrier();
  const phone = await new OtherCarrierPhone(harness.edge.port, ticket, callSid).open();
  phone.start({name: 'OPUS', hz: 16_000});
  await harness.until(() => phone.socket.readyState === phone.socket.CLOSED, 'the socket is closed');
  expect(await phone.closed).toBe(1003);
});

test('a socket without the key of the other carrier is refused, and its ticket stays good', async () => {
  const {harness, ticket} = await otherCarrier();
  const phone = new OtherCarrierPhone(harness.edge.port, ticket, callSid, 'another key');
  await phone.closed;
  expect(await harness.directory.takeTicket(ticket)).toEqual({callSid, epoch: 1});
  expect(await harness.metric('sockets_refused_total')).toEqual([
    'voicebridge_sockets_refused_total{reason="signature",service="media-edge"} 1',
  ]);
});
