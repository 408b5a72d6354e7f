import {responsible} from '@voicebridge/shared/fleet/responsible.ts';
import {overFact} from '@voicebridge/shared/protocol/call-over.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {JournalSeal} from '../events/journal-seal.ts';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';
import {sweepOrphans} from './orphan-sweep.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** A call of a worker that has died. */
async function orphaned(): Promise<void> {
  const {directory, clock} = deployment;
  const opened = {
    is: 'opened',
    wall: clock.wall(),
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
  await directory.claim(callSid(7), {epoch: 0, owner: ProcessId.parse('worker-00000000dead'), at: clock.wall()});
  await directory.append(callSid(7), 1, [JSON.stringify(opened)]);
}

test('a call whose owner died and that nobody took over is recorded once by the orphan sweep', async () => {
  const worker = await deployment.worker();
  const other = await deployment.worker();
  await orphaned();
  await deployment.pass(30_000);
  expect(deployment.records.map(({summary}) => [summary.callSid, summary.endReason])).toEqual([
    [callSid(7), 'platform.worker-lost'],
  ]);
  expect([worker.calls, other.calls]).toEqual([0, 0]);
  expect(await deployment.directory.open()).toEqual([]);
});

test('the record of a caller who hung up as the owner of the call died says so, and when it was', async () => {
  await deployment.worker();
  await orphaned();
  const wall = deployment.clock.wall() + 400;
  await deployment.directory.intend(callSid(7), 1, 'hang-up', overFact({why: 'caller.hung-up', wall}));
  await deployment.pass(30_000);
  const [record] = deployment.records;
  expect(record?.summary).toMatchObject({endReason: 'caller.hung-up', endedBy: 'caller', endedAt: wall});
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

test('the calls of a dead worker are found among ten thousand others, and few of those are read', async () => {
  const {directory, clock, fleet} = deployment;
  const living = ProcessId.parse('worker-0000alive');
  const announce = () =>
    fleet.announce('workers', {id: living, calls: 0, capacity: 1, state: 'ready', lagMs: 0, startedAt: 0});
  for (let n = 1_000; n < 11_000; n += 1) await directory.claim(callSid(n), {epoch: 0, owner: living, at: 0});
  await announce();
  const worker = await deployment.worker();
  // Of two workers each looks after some of the dead; only one of these two looks.
  const ids = Array.from({length: 50}, (_, n) => ProcessId.parse(`worker-dead${n}`));
  const dead = ids.find(id => responsible(id, [living, worker.id]) === worker.id)!;
  await directory.claim(callSid(7), {epoch: 0, owner: dead, at: clock.wall()});
  let read = 0;
  const ownersOf = directory.ownersOf.bind(directory);
  directory.ownersOf = async calls => {
    read += calls.length;
    return await ownersOf(calls);
  };
  for (let seconds = 0; seconds < 30; seconds += 1) {
    await announce();
    await deployment.pass(1_000);
  }
  expect(await directory.read(callSid(7))).toMatchObject({state: 'ended', epoch: 2});
  expect(read / 30).toBeLessThan(120);
  expect(await directory.owners()).not.toContain(dead);
});

test('a call of a worker that keeps no list of its calls is found too', async () => {
  const {directory, clock} = deployment;
  await deployment.worker();
  const old = ProcessId.parse('worker-00000000dead');
  await directory.claim(callSid(7), {epoch: 0, owner: old, at: clock.wall()});
  await directory.disown(old, [callSid(7)]);
  await deployment.pass(30_000);
  expect(await directory.read(callSid(7))).toMatchObject({state: 'ended', epoch: 2});
});

test('an operator is not told of a look that a worker did not finish because it ended', async () => {
  const {clock, directory, fleet} = deployment;
  const told: string[] = [];
  const log = createLog('test', {to: {write: line => void told.push(line)}});
  const failing = Promise.withResolvers<never>();
  const stop = sweepOrphans({
    clock,
    log,
    directory,
    fleet: Object.assign(fleet, {members: () => failing.promise}),
    worker: ProcessId.parse('worker-0000wakes'),
    sealOf: () => new JournalSeal(),
    isOwnedHere: () => false,
    onOrphan: async () => {},
  });
  await deployment.pass(10_000);
  stop();
  failing.reject(new Error('Connection is closed.'));
  await flushPromises();
  expect(told).toEqual([]);
});
