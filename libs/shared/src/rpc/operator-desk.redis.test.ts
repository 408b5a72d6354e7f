import {randomBytes} from 'node:crypto';
import {afterAll, beforeEach, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {FleetKey} from '../protocol/fleet-key.ts';
import {CallSid, ProcessId} from '../protocol/ids.ts';
import type {ActiveCall} from '../protocol/operator-desk.ts';
import {openRedis} from '../redis/connect.ts';
import {operatorAsks, operatorCalls} from '../redis/keys.ts';
import {OperatorDesk} from './operator-desk.ts';

const callSid = CallSid.parse('CA00000000000000000000000000000007');
const call: ActiveCall = {
  callSid,
  startedAt: 1,
  assistant: 'default',
  direction: 'inbound',
  callerLastTwo: null,
  edge: null,
  speaks: 'nobody',
  turns: 0,
  turnGapMs: null,
  interruptions: 0,
};
const redis = openRedis(inject('redisUrl'), 'commands', createLog('test', {level: 'silent'}));
const keyOf = (text: string) => new FleetKey([text.repeat(32)], () => Date.now());
let worker: ProcessId;

beforeEach(() => void (worker = ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`)));
afterAll(() => redis.disconnect());

test.each([
  ['signed', keyOf('a'), keyOf('a')],
  ['without a key', undefined, undefined],
])('a worker takes once what an operator asks, and the operator reads what it tells (%s)', async (_, ours, theirs) => {
  const [operator, served] = [new OperatorDesk(redis, ours), new OperatorDesk(redis, theirs)];
  await operator.ask(worker, {ask: 'hangUp', callSid});
  expect(await served.taken(worker)).toEqual([{ask: 'hangUp', callSid}]);
  expect(await served.taken(worker)).toEqual([]);
  await served.tell(worker, [call]);
  expect(await operator.callsOf(worker)).toEqual([call]);
  for (const key of [operatorCalls(worker), operatorAsks(worker)]) expect(await redis.pttl(key)).toBeLessThan(5_001);
});

test('who writes to Redis without the key of the fleet ends no call, and shows operators nothing', async () => {
  const [stranger, ours] = [new OperatorDesk(redis), new OperatorDesk(redis, keyOf('a'))];
  await stranger.ask(worker, {ask: 'hangUp', callSid});
  await new OperatorDesk(redis, keyOf('b')).ask(worker, {ask: 'hangUp', callSid});
  expect(await ours.taken(worker)).toEqual([]);
  await stranger.tell(worker, [call]);
  expect(await ours.callsOf(worker)).toBeUndefined();
});
