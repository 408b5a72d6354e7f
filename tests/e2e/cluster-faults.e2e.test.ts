import {expect, test, vi} from 'vitest';
import {callEvidence} from '../../tools/harness/call-evidence.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {failOver, killMaster, moveSlots} from '../../tools/local-stack/redis/cluster-faults.ts';
import {listSlots} from '../../tools/local-stack/redis/cluster-topology.ts';
import {findRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

const CALLS = 8;
const binary = await findRedisBinary();

const FAULTS: readonly ((cluster: RedisCluster) => Promise<unknown>)[] = [
  async cluster => failOver(cluster, (await cluster.shards())[0]!),
  async cluster => killMaster(cluster, (await cluster.shards())[1]!),
  async cluster => {
    const [, , from] = await cluster.shards();
    const [to] = await cluster.shards();
    await moveSlots(cluster, from!.master, to!.master, listSlots(from!.slots).slice(0, 2_000));
  },
];

/** No caller has heard the assistant for a second. */
async function quiet(calls: readonly FakeCall[]): Promise<void> {
  let since = performance.now();
  await vi.waitFor(
    () => {
      if (calls.some(call => call.hearsAssistant)) since = performance.now();
      expect(performance.now() - since).toBeGreaterThan(1_000);
    },
    {timeout: 30_000, interval: 20},
  );
}

test.skipIf(!binary)(
  'callers on a Redis Cluster lose nothing to a planned failover, a killed master and slots that move',
  {timeout: 120_000},
  async () => {
    await using cluster = await RedisCluster.start(binary!, {replicas: 1, password: 'p@ss:word'});
    await using fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      redisUrl: cluster.url,
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '2', MODEL_DELTA_MS: '100'},
    });
    let turn = 0;
    const asks: CallerScript = [
      {do: 'waitForSilence', ms: 300},
      ...FAULTS.flatMap((_, index): CallerScript => [
        {do: 'until', until: () => turn > index},
        {do: 'say', clip: 'caller-yes'},
      ]),
    ];
    const calls = Array.from({length: CALLS}, (_, tag) => fleet.twilio.dial(asks, {tag}));
    await quiet(calls);
    for (const fault of FAULTS) {
      turn += 1;
      await vi.waitFor(() => expect(calls.every(call => call.hearsAssistant)).toBe(true), {timeout: 20_000});
      await fault(cluster);
      await quiet(calls);
    }
    for (const call of calls) call.hangUp();
    const reports = await Promise.all(calls.map(call => call.ended));

    const evidence = await callEvidence(fleet, reports);
    for (const call of evidence) {
      expect(call).toMatchObject({isLost: false, isDeaf: false, framesLost: 0});
      if (!fleet.machineIsBusy) expect(call.moves).toBe(0);
      // A new owner gets a part of what the last one had.
      if (call.moves === 0) expect(call).toMatchObject({framesTwice: 0, replyLostMs: 0, replyTwiceMs: 0});
    }
    expect(reports.flatMap(({violations}) => violations)).toEqual([]);
  },
);
