import {afterEach, beforeEach, expect, test} from 'vitest';
import {overOf} from '@voicebridge/shared/protocol/call-over.ts';
import {ProcessId, type CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {newCallSid, ringing, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
let callSid: CallSid;
beforeEach(() => {
  deployment = new TestDeployment();
  callSid = newCallSid();
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** A call that a worker owns. */
async function ownedCall(): Promise<void> {
  await deployment.webhook();
  await deployment.worker();
  await deployment.ask('/incoming-call', ringing(callSid));
}

test.each(['completed', 'busy', 'failed', 'no-answer', 'canceled'])(
  'the owner of a call learns from a status callback that the call is %s',
  async s => {
    await ownedCall();
    const reply = await deployment.ask('/call-status', {...ringing(callSid), CallStatus: s});
    expect(reply).toMatchObject({status: 204, text: ''});
    await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid});
  },
);

test('a worker that takes a call over from one that just died learns that the caller has hung up', async () => {
  await ownedCall();
  await deployment.directory.claim(callSid, {epoch: 1, owner: ProcessId.parse('worker-dead'), at: 0});
  await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'completed'});
  const heir = await deployment.worker();
  await deployment.directory.claim(callSid, {epoch: 2, owner: heir, at: 0});
  await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid, why: 'caller.hung-up'});
});

test('an analyst reads that a caller hung up whose worker had just died, though no worker was told', async () => {
  await ownedCall();
  const dead = ProcessId.parse('worker-dead');
  await deployment.directory.claim(callSid, {epoch: 1, owner: dead, at: 0});
  await deployment.fleet.announce('workers', {
    id: dead,
    calls: 1,
    capacity: 1,
    state: 'ready',
    lagMs: 0,
    startedAt: 0,
  });
  await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'completed'});
  const over = async () => overOf((await deployment.directory.read(callSid))!);
  await expect.poll(over).toMatchObject({why: 'caller.hung-up'});
});

test('of a caller who hung up long after the last worker died it is not noted that they ended the call', async () => {
  await ownedCall();
  await deployment.directory.claim(callSid, {epoch: 1, owner: ProcessId.parse('worker-dead'), at: 0});
  await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'completed'});
  const heir = await deployment.worker();
  await deployment.directory.claim(callSid, {epoch: 2, owner: heir, at: 0});
  await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid});
  expect(overOf((await deployment.directory.read(callSid))!)).toBeUndefined();
});

test('a status callback for a call that goes on, or for an unknown one, changes nothing', async () => {
  await ownedCall();
  await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'answered'});
  await deployment.ask('/call-status', {...ringing(), CallStatus: 'completed'});
  expect(deployment.asked.map(({type}) => type)).toEqual(['take']);
});

const unknownReports = async (about: string) => {
  const {text} = await deployment.send('/metrics');
  return Number(new RegExp(`reports_unknown_total\\{about="${about}"[^}]*\\} (\\d+)`).exec(text)?.[1]);
};

test('an operator sees reports of calls that nobody knows: answered as any other, counted once, and nobody is asked', async () => {
  await ownedCall();
  const unknown = {...ringing(), CallStatus: 'completed'};
  for (let times = 0; times < 2; times += 1)
    expect(await deployment.ask('/call-status', unknown)).toMatchObject({status: 204, text: ''});
  await expect.poll(() => unknownReports('call')).toBe(1);
  const person = {CallSid: newCallSid(), CallStatus: 'completed'};
  expect(await deployment.ask(`/person-status?call=${newCallSid()}&away=0&meets=1`, person)).toMatchObject({
    status: 204,
  });
  await expect.poll(() => unknownReports('person')).toBe(1);
  const out = {...ringing(), CallStatus: 'completed', Direction: 'outbound-api'};
  expect(await deployment.ask('/call-status?out=nobodys&try=1', out)).toMatchObject({status: 204});
  expect(await deployment.ask('/call-machine?out=nobodys&try=1', {...out, AnsweredBy: 'human'})).toMatchObject({
    status: 204,
  });
  await expect.poll(() => unknownReports('call-out')).toBe(2);
  expect(await unknownReports('call')).toBe(1);
  expect(deployment.asked.map(({type}) => type)).toEqual(['take']);
});

test('a report of a call that ended a while ago is answered, and changes nothing', async () => {
  await ownedCall();
  await deployment.directory.end(callSid, 1);
  expect(await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'completed'})).toMatchObject({
    status: 204,
  });
  const before = await deployment.directory.read(callSid);
  expect(before?.state).toBe('ended');
  expect(deployment.asked.map(({type}) => type)).toEqual(['take']);
  expect(await unknownReports('call')).toBe(0);
});

test('the owner of a call that we made learns what answered it', async () => {
  await ownedCall();
  const heard = {CallSid: callSid, AnsweredBy: 'machine_end_beep', MachineDetectionDuration: '4200'};
  expect(await deployment.ask('/call-machine?out=a&try=1', heard)).toMatchObject({status: 204});
  await expect
    .poll(() => deployment.asked.at(-1))
    .toMatchObject({type: 'answered-by', callSid, by: 'machine_end_beep'});
});

test('a status callback for a stream is answered with 204', async () => {
  await deployment.webhook();
  const params = {CallSid: callSid, StreamEvent: 'stream-error', StreamError: 'Stream signal error, code: 31924'};
  expect(await deployment.ask('/stream-status', params)).toMatchObject({status: 204});
});

test('a caller who hangs up before any worker has the call leaves an ended call, which no worker can take later', async () => {
  await deployment.webhook();
  await deployment.ask('/call-status', {...ringing(callSid), CallStatus: 'canceled'});
  await expect.poll(async () => (await deployment.directory.read(callSid))?.state).toBe('ended');
  const late = await deployment.directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-late'), at: 0});
  expect(late.won).toBe(false);
});
