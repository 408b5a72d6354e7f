import {sleep} from '@voicebridge/shared/retry.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {runItself} from '../../services/realtime-worker/src/tools/tool.ts';
import type {RunTool} from '../../services/realtime-worker/src/tools/tool.ts';

/** The tools of the assistants, which run themselves; each takes the time that its service would take to answer. */
export function toolsThatTakeTime(random: Random, clock: () => Clock): RunTool {
  return async (tool, args, job) => {
    await sleep(clock(), random.chance(0.03) ? random.between(2_000, 7_000) : random.between(60, 700));
    return await runItself(tool, args, job);
  };
}

/** Stands in for the weather service until it is disposed of: no call of the demo data asks the internet. */
export function withoutInternet(): Disposable {
  const real = globalThis.fetch;
  const current = {temperature_2m: 11.2, wind_speed_10m: 6.4, precipitation: 0};
  globalThis.fetch = async () => Response.json({current});
  return {[Symbol.dispose]: () => void (globalThis.fetch = real)};
}
