import {randomBytes} from 'node:crypto';
import {beforeEach, describe, expect, test} from 'vitest';
import type {Outcome} from '../rpc/worker-client.ts';
import {MemoryCallDirectory} from '../call-directory/memory-call-directory.ts';
import type {Member} from './fleet.ts';
import {createLog} from '../observability/log.ts';
import {createMetrics} from '../observability/metrics.ts';
import {CallSid, ProcessId} from '../protocol/ids.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {assignCall, type Assignment} from './assign-call.ts';

type Reply = 'yes' | 'taken' | 'full' | 'draining' | 'unknown' | 'noReceiver' | 'noAnswer' | 'unreachable';

const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
const newCall: Assignment = {callSid, epoch: 0, assistant: 'default', facts: {}, cause: 'new'};
const workerId = (name: string) => ProcessId.parse(`worker-${name}`);

let clock: FakeClock;
let directory: MemoryCallDirectory;
let asked: string[];
let timeouts: number[];
beforeEach(() => {
  clock = new FakeClock();
  directory = new MemoryCallDirectory(clock);
  asked = [];
  timeouts = [];
  unreachable = undefined;
});

/** The shards with all inboxes of this worker are away. */
let unreachable: string | undefined;
const bus = {wellSince: (channel = '') => (channel.includes(`-${unreachable ?? 'none'}`) ? undefined : 0)};

/** Workers by name, each with its calls (of 10) and what it answers. */
function assign(
  workers: Record<string, [calls: number, reply: Reply, state?: Member['state']]>,
  call: Assignment = newCall,
) {
  const metrics = createMetrics('test');
  const members = Object.entries(workers).map(([name, [calls, , state = 'ready']]): Member => {
    return {id: workerId(name), calls, capacity: 10, state, lagMs: 0, startedAt: 0};
  });
  const ask = async (id: ProcessId, request: {callSid: CallSid}, timeoutMs = 300): Promise<Outcome> => {
    const name = id.slice('worker-'.length);
    asked.push(name);
    timeouts.push(timeoutMs);
    const answer = workers[name]?.[1] ?? 'noReceiver';
    if (answer === 'noAnswer') clock.advance(timeoutMs);
    if (answer === 'noAnswer' || answer === 'noReceiver' || answer === 'unreachable') return {answer};
    if (answer === 'yes') await directory.claim(request.callSid, {epoch: call.epoch, owner: id, at: 0});
    return {version: PROTOCOL_VERSION, ask: '1', worker: id, answer, epoch: answer === 'yes' ? call.epoch + 1 : 1};
  };
  const log = createLog('test', {level: 'silent'});
  return assignCall(
    {
      fleet: {members: async () => members},
      workerClient: {ask},
      bus,
      directory,
      clock,
      random: () => 0.5,
      metrics,
      log,
    },
    call,
  );
}

describe('a new call', () => {
  test('goes first to workers that can be asked: the shards with the inboxes of another one are away', async () => {
    unreachable = 'idle';
    expect(await assign({busy: [7, 'yes'], idle: [1, 'yes']})).toMatchObject({call: {owner: 'worker-busy'}});
    expect(asked).toEqual(['busy']);
    expect(await assign({idle: [1, 'yes']})).toMatchObject({call: {owner: 'worker-idle'}});
  });

  test('goes to the least loaded worker', async () => {
    const assigned = await assign({busy: [7, 'yes'], idle: [1, 'yes'], half: [5, 'yes']});
    expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-idle', epoch: 1}});
    expect(asked).toEqual(['idle']);
  });

  test.each(['full', 'draining', 'unknown', 'noReceiver', 'noAnswer', 'unreachable'] as const)(
    'goes to the next worker when the first is %s',
    async reply => {
      const assigned = await assign({odd1: [0, reply], good: [3, 'yes']});
      expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-good'}});
      expect(asked).toEqual(['odd1', 'good']);
    },
  );

  test('is not offered to a worker that drains', async () => {
    expect(await assign({leaving: [0, 'yes', 'draining']})).toEqual({assigned: false, why: 'none'});
    expect(asked).toEqual([]);
  });

  test('is offered to every worker once before it is refused because all are full', async () => {
    const workers = Object.fromEntries(
      Array.from({length: 9}, (_, n) => [`full${n}`, [10, 'full'] as [number, Reply]]),
    );
    expect(await assign(workers)).toEqual({assigned: false, why: 'full'});
    expect(asked.toSorted()).toEqual(Object.keys(workers).toSorted());
  });

  test('has the outcome `none` when there is no worker', async () => {
    expect(await assign({})).toEqual({assigned: false, why: 'none'});
  });

  test('is not refused as full when Redis or every worker is unreachable', async () => {
    expect(await assign({gone: [0, 'unreachable']})).toEqual({assigned: false, why: 'unanswered'});
  });

  test('is refused as full only when every live worker has said that it is full', async () => {
    const full = {first: [10, 'full'], second: [10, 'full']} satisfies Record<string, [number, Reply]>;
    expect(await assign({...full, gone: [0, 'noReceiver'], leaving: [0, 'draining']})).toMatchObject({why: 'full'});
    for (const odd of ['noAnswer', 'unknown', 'unreachable'] as const) {
      expect(await assign({...full, strange: [10, odd]}), odd).toMatchObject({why: 'unanswered'});
    }
  });

  test('goes to a worker that was too busy to answer at once when no other has a free place', async () => {
    const later = {slow: [0, 'noAnswer'], full: [9, 'full']} satisfies Record<string, [number, Reply]>;
    const workers: Record<string, [number, Reply]> = later;
    clock.after(250, () => (workers['slow'] = [0, 'yes']));
    expect(await assign(workers)).toMatchObject({assigned: true, call: {owner: 'worker-slow'}});
    expect(asked).toEqual(['slow', 'full', 'slow']);
    expect(timeouts).toEqual([300, 300, 1_000]);
  });

  test('is given up after two seconds, however many workers hang', async () => {
    const workers = Object.fromEntries(
      Array.from({length: 30}, (_, n) => [`hung${n}`, [0, 'noAnswer'] as [number, Reply]]),
    );
    expect(await assign(workers)).toEqual({assigned: false, why: 'unanswered'});
    expect(clock.now()).toBe(2_000);
    expect(asked).toHaveLength(7);
  });

  test('stays where another webhook has assigned it meanwhile', async () => {
    await directory.claim(callSid, {epoch: 0, owner: workerId('other'), at: 0});
    const assigned = await assign({late: [0, 'taken']});
    expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-other', epoch: 1}});
  });

  test('stays with a worker that took it and answered too late', async () => {
    const slow = {slow1: [0, 'noAnswer']} satisfies Record<string, [number, Reply]>;
    clock.after(100, () => void directory.claim(callSid, {epoch: 0, owner: workerId('slow1'), at: 0}));
    expect(await assign(slow)).toMatchObject({assigned: true, call: {owner: 'worker-slow1'}});
  });
});

describe('a call whose worker died', () => {
  test('goes to another one, in the next epoch', async () => {
    await directory.claim(callSid, {epoch: 0, owner: workerId('dead'), at: 0});
    const call: Assignment = {...newCall, epoch: 1, cause: 'worker-lost', exclude: [workerId('dead')]};
    const assigned = await assign({dead: [0, 'yes'], other: [9, 'yes']}, call);
    expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-other', epoch: 2}});
    expect(asked).toEqual(['other']);
  });

  test('gets no owner when it has ended meanwhile', async () => {
    await directory.claim(callSid, {epoch: 0, owner: workerId('dead'), at: 0});
    await directory.end(callSid, 1);
    const call: Assignment = {...newCall, epoch: 1, cause: 'worker-lost'};
    expect(await assign({other: [0, 'taken']}, call)).toEqual({assigned: false, why: 'none'});
  });
});

test('many simultaneous callers are spread over the workers, whose figures are a second old', async () => {
  const members = Array.from({length: 20}, (_, n): Member => {
    return {id: workerId(`number${n}`), calls: n % 5, capacity: 10, state: 'ready', lagMs: 0, startedAt: 0};
  });
  const counts = new Map<ProcessId, number>();
  let seed = 1;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let n = 0; n < 200; n += 1) {
    await assignCall(
      {
        fleet: {members: async () => members},
        bus,
        workerClient: {
          ask: async id => {
            counts.set(id, (counts.get(id) ?? 0) + 1);
            return {version: PROTOCOL_VERSION, ask: '', worker: id, answer: 'yes', epoch: 1};
          },
        },
        directory: {read: async () => ({...(await directory.read(callSid)), state: 'live', epoch: 1}) as never},
        clock,
        random,
        metrics: createMetrics('test'),
        log: createLog('test', {level: 'silent'}),
      },
      newCall,
    );
  }
  expect(Math.max(...counts.values())).toBeLessThan(50);
});

describe('a call that a worker claims, and gives back because it cannot serve it', () => {
  /** Workers in the order in which they are asked, each with whether it can serve the call the first and the next time. */
  async function assignTo(workers: Record<string, boolean[]>) {
    const members = Object.keys(workers).map((name, calls): Member => ({
      id: workerId(name),
      calls,
      capacity: 10,
      state: 'ready',
      lagMs: 0,
      startedAt: 0,
    }));
    const epochs: number[] = [];
    const ask = async (id: ProcessId, request: {callSid: CallSid; epoch?: number}): Promise<Outcome> => {
      const {epoch = 0} = request;
      epochs.push(epoch);
      asked.push(id.slice('worker-'.length));
      const {won} = await directory.claim(request.callSid, {epoch, owner: id, at: 0});
      const serves = workers[id.slice('worker-'.length)]?.shift() ?? false;
      const answer = won ? (serves ? 'yes' : 'unknown') : 'taken';
      return {version: PROTOCOL_VERSION, ask: '1', worker: id, answer, epoch: epoch + 1};
    };
    const [log, metrics] = [createLog('test', {level: 'silent'}), createMetrics('test')];
    const fleet = {members: async () => members};
    const deps = {fleet, workerClient: {ask}, bus, directory, clock, random: () => 0.5, metrics, log};
    return {assigned: await assignCall(deps, newCall), epochs};
  }

  test('goes to the next worker at once, in the epoch in which it was given back', async () => {
    const {assigned, epochs} = await assignTo({weak: [false], good: [true]});
    expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-good', epoch: 2}});
    expect(epochs).toEqual([0, 1]);
  });

  test('goes to the same worker if there is no other and it can serve the call by then', async () => {
    const {assigned} = await assignTo({only: [false, true]});
    expect(assigned).toMatchObject({assigned: true, call: {owner: 'worker-only', epoch: 2}});
  });

  test('is not offered to a worker a third time', async () => {
    expect((await assignTo({only: [false, false, true]})).assigned).toMatchObject({assigned: false});
    expect(asked).toEqual(['only', 'only']);
  });
});
