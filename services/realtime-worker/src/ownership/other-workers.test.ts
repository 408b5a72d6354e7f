import type {Member} from '@voicebridge/shared/fleet/fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {OtherWorkers} from './other-workers.ts';

const worker = ProcessId.parse('worker-1111');
const member = (special: Partial<Member>): Member => ({
  id: ProcessId.parse('worker-2222'),
  calls: 0,
  capacity: 1,
  state: 'ready',
  lagMs: 0,
  startedAt: 0,
  ...special,
});

function fleetOf() {
  const fleet: {members: () => Promise<readonly Member[]>} = {members: async () => []};
  const seen: number[] = [];
  const readers = {look: (workers: readonly unknown[]) => void seen.push(workers.length)};
  return {fleet, seen, others: new OtherWorkers({worker, fleet, readers, log: createLog('realtime-worker')})};
}

test('calls can go elsewhere only while another worker takes calls and has no trouble', async () => {
  const {fleet, others} = fleetOf();
  expect(others.areWell).toBe(false);
  const isWell = async (...members: readonly Member[]) => {
    fleet.members = async () => members;
    await others.look();
    return others.areWell;
  };
  expect(await isWell(member({id: worker}))).toBe(false);
  expect(await isWell(member({state: 'draining'}))).toBe(false);
  expect(await isWell(member({trouble: 'model-refused'}))).toBe(false);
  expect(await isWell(member({id: worker}), member({}))).toBe(true);
});

test('while Redis does not answer, what was known of the other workers stays', async () => {
  const {fleet, seen, others} = fleetOf();
  fleet.members = async () => [member({})];
  await others.look();
  fleet.members = () => Promise.reject(new Error('no connection'));
  await expect(others.look()).rejects.toThrow('no connection');
  expect([others.areWell, seen]).toEqual([true, [1]]);
});
