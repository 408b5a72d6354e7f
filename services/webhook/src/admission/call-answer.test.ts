import {afterEach, beforeEach, expect, test} from 'vitest';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {otherCarrier} from '../testing/other-carrier.ts';
import {EDGE, TestDeployment} from '../testing/test-deployment.ts';

const callSid = CallSid.parse('v3-ctl_Zk9wQ7');
let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** An event of the other carrier, and the commands that it gets. */
async function send(type: string, state: object = {}): Promise<unknown> {
  const body = JSON.stringify({type, control_id: callSid, parties: {a: '+15550100001', b: '+15550100002'}, state});
  const headers = {'content-type': 'application/json'};
  return JSON.parse((await deployment.send('/events', {method: 'POST', headers, body})).text);
}

test('a caller of another carrier is connected, gets another stream after an accident, and is hung up at the end', async () => {
  await deployment.webhook({}, otherCarrier);
  const owner = await deployment.worker();
  const first = await send('call.ringing');
  const call = await deployment.directory.read(callSid);
  expect(call).toMatchObject({owner, epoch: 1, facts: {direction: 'inbound', callerLastTwo: '01'}});
  const stream = call?.ticket?.slice(0, 8);
  expect(first).toEqual([{do: 'stream', to: `${EDGE}/streams/${call?.ticket}`, state: {stream}}]);

  await deployment.streams(callSid, StreamSid.parse('a-stream'), ProcessId.parse('edge-somewhere'));
  const second = await send('media.ended', {stream});
  const ticket = (await deployment.directory.read(callSid))?.ticket;
  expect(ticket).not.toBe(call?.ticket);
  expect(second).toEqual([{do: 'stream', to: `${EDGE}/streams/${ticket}`, state: {stream: ticket?.slice(0, 8)}}]);
  expect(await send('media.ended', {stream})).toEqual(second);

  await deployment.directory.intend(callSid, 1, 'hang-up');
  expect(await send('media.ended', {stream: ticket?.slice(0, 8)})).toEqual([{do: 'hangup'}]);
});

test('a caller of another carrier is transferred in the words of that carrier', async () => {
  await deployment.webhook({TRANSFER_ALLOW: '+15550100123'}, otherCarrier);
  await deployment.worker();
  await send('call.ringing');
  await deployment.directory.intend(callSid, 1, 'transfer', {transferTo: '+15550100123'});
  expect(await send('media.ended')).toEqual([{do: 'bridge', to: '+15550100123'}]);
});

test('a caller of another carrier is held while every place is taken, and connected when there is one', async () => {
  await deployment.webhook({OVERLOAD: 'hold', OVERLOAD_SAY: 'Please hold.', OVERLOAD_HOLD_SECONDS: '7'}, otherCarrier);
  await deployment.worker({calls: 10}, async () => ({answer: 'full', epoch: 0}));
  expect(await send('call.ringing')).toEqual([
    {do: 'speak', text: 'Please hold.'},
    {do: 'wait', seconds: 7, state: {held: 1}},
  ]);
  expect(await send('call.ringing', {held: 1})).toEqual([{do: 'wait', seconds: 7, state: {held: 2}}]);
  await deployment.worker();
  expect(await send('call.ringing', {held: 2})).toMatchObject([{do: 'stream'}]);
});

test('a caller of another carrier who hangs up is gone for the worker too', async () => {
  await deployment.webhook({}, otherCarrier);
  await deployment.worker();
  await send('call.ringing');
  expect(await send('call.ended')).toEqual([]);
  await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid, why: 'caller.hung-up'});
});
