import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('a call whose owner died as the caller hung up is recorded once by the orphan sweep', async () => {
  const worker = await deployment.worker();
  const other = await deployment.worker();
  const dead = ProcessId.parse('worker-00000000dead');
  const opened = {
    is: 'opened',
    wall: deployment.clock.wall(),
    callSid: callSid(7),
    direction: 'inbound',
    assistant: 'default',
    model: 'm',
    voice: 'v',
    admissionMs: null,
    traceparent: null,
    caller: {hash: null, lastTwo: null, number: null},
    callee: {hash: null, lastTwo: null, number: null},
  };
  await deployment.directory.claim(callSid(7), {epoch: 0, owner: dead, at: deployment.clock.wall()});
  await deployment.directory.append(callSid(7), 1, [JSON.stringify(opened)]);
  await deployment.pass(30_000);
  expect(deployment.records.map(({summary}) => [summary.callSid, summary.endReason])).toEqual([
    [callSid(7), 'platform.worker-lost'],
  ]);
  expect([worker.calls, other.calls]).toEqual([0, 0]);
  expect(await deployment.directory.open()).toEqual([]);
});

test('a caller on hold at Twilio whose worker died is not taken for an orphan before the hold is over', async () => {
  await deployment.worker();
  const dead = ProcessId.parse('worker-00000000dead');
  await deployment.directory.claim(callSid(7), {epoch: 0, owner: dead, at: deployment.clock.wall()});
  await deployment.directory.intend(callSid(7), 1, 'migrate', {heldUntil: `${deployment.clock.wall() + 20_000}`});
  await deployment.pass(48_000);
  expect((await deployment.directory.read(callSid(7)))?.epoch).toBe(1);
  await deployment.pass(30_000);
  expect((await deployment.directory.read(callSid(7)))?.epoch).toBe(2);
});
