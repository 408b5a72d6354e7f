import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, test, vi} from 'vitest';
import {haveEnded, haveHeard} from '../../tools/harness/callers.ts';
import {metric, ProcessFleet, redisForgets} from '../../tools/harness/process-fleet.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {audioEvidence, heardRuns, sessionsOf, unheardFrames} from '../../tools/harness/audio-evidence.ts';

const CALLS = 6;
const forgets = await redisForgets();
if (forgets !== undefined) process.stdout.write(`a Redis that comes back with its data: skipped, ${forgets}\n`);

/** What happens to Redis, and for how long, while the assistant speaks. */
interface Outage {
  readonly how: 'killed' | 'stopped';
  readonly ms: number;
}

async function goAway(fleet: ProcessFleet, {how, ms}: Outage): Promise<void> {
  if (how === 'killed') {
    await fleet.stopRedis();
    await sleep(ms);
    return await fleet.startRedis();
  }
  process.kill(fleet.redisPid, 'SIGSTOP');
  await sleep(ms);
  process.kill(fleet.redisPid, 'SIGCONT');
}

/** No caller has heard the assistant for two seconds. */
async function quiet(calls: readonly FakeCall[]): Promise<void> {
  let since = performance.now();
  await vi.waitFor(
    () => {
      if (calls.some(call => call.hearsAssistant)) since = performance.now();
      expect(performance.now() - since).toBeGreaterThan(2_000);
    },
    {timeout: 60_000, interval: 20},
  );
}

describe.concurrent.each<{title: string; keeps: boolean; outages: readonly Outage[]}>([
  {
    title: 'is killed, and comes back without its data after 0.2, 1 and 3 s',
    keeps: false,
    outages: [
      {how: 'killed', ms: 200},
      {how: 'killed', ms: 1_000},
      {how: 'killed', ms: 3_000},
    ],
  },
  {
    title: 'is killed and comes back with its data, or hangs for two seconds',
    keeps: true,
    outages: [
      {how: 'killed', ms: 500},
      {how: 'stopped', ms: 2_000},
    ],
  },
])('callers whose Redis $title', ({keeps, outages}) => {
  test.skipIf(keeps && forgets !== undefined)(
    'are heard and hear, every byte once and in order, and no call moves or ends',
    async ({expect}) => {
      const redisDir = keeps ? await mkdtemp(join(tmpdir(), 'voicebridge-e2e-')) : undefined;
      await using fleet = await ProcessFleet.start({
        edges: 2,
        workers: 2,
        model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '2', MODEL_DELTA_MS: '100'},
        ...(redisDir === undefined ? {} : {redisDir}),
      });
      let turn = 0;
      const asks: CallerScript = [
        {do: 'waitForSilence', ms: 300},
        ...outages.flatMap((_, index): CallerScript => [
          {do: 'until', until: () => turn > index},
          {do: 'say', clip: 'caller-yes'},
        ]),
      ];
      const calls = Array.from({length: CALLS}, (_, tag) => fleet.twilio.dial(asks, {tag}));
      await haveHeard(calls);
      await quiet(calls);
      for (const outage of outages) {
        const answered = haveHeard(calls);
        turn += 1;
        await answered;
        await goAway(fleet, outage);
        await quiet(calls);
      }
      const moves = await takeovers(fleet);
      if (!fleet.machineIsBusy) expect(moves).toBe(0);
      for (const call of calls) call.hangUp();
      const reports = await haveEnded(calls);
      const heard = await audioEvidence(fleet);

      for (const report of reports) {
        expect(report.violations).toEqual([]);
        expect(report.endedBy).toBe('caller');
        expect(report.streams).toHaveLength(1);
        const sessions = sessionsOf(heard, report);
        for (const {tags} of sessions) expect(tags).toEqual([report.tag]);
        // Nothing lost on the way up,
        expect(unheardFrames(sessions, report)).toEqual([]);
        if (moves > 0) continue;
        // nothing doubled or swapped,
        expect(sessions).toHaveLength(1);
        const [{session, stretches}] = sessions as [(typeof sessions)[0]];
        expect(stretches).toHaveLength(1);
        // and nothing of all that on the way down.
        const items = session.items.filter(item => item.role === 'assistant');
        const whole = items.map(({tag, generatedMs}) => ({item: tag, fromMs: 0, toMs: Math.floor(generatedMs)}));
        expect(heardRuns(report).map(({item, fromMs, toMs}) => ({item, fromMs, toMs}))).toEqual(whole);
        expect(items).toHaveLength(1 + outages.length);
        expect(session.refusals).toEqual([]);
      }
      if (redisDir !== undefined) await rm(redisDir, {recursive: true});
    },
  );
});

async function takeovers(fleet: ProcessFleet): Promise<number> {
  const counts = await Promise.all(fleet.edges.map(edge => metric(edge, 'voicebridge_takeovers_total')));
  return counts.reduce((sum, count) => sum + count, 0);
}
