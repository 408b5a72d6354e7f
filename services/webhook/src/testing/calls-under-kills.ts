import {createLog} from '@voicebridge/shared/observability/log.ts';
import {Mortal} from '@voicebridge/shared/testing/mortal.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {CallsOut} from '../calls-out/calls-out.ts';
import type {OutCall} from '../calls-out/out-call.ts';
import type {OutCallStore} from '../calls-out/out-call-store.ts';
import {isQuiet, type QuietHours} from '../calls-out/quiet-hours.ts';
import {zonesOf} from '../calls-out/zones.ts';
import {ScriptedCarrier} from './scripted-carrier.ts';

const HOUR: Millis = 3_600_000;
const EVERY: Millis = 1_000;
const QUIET: QuietHours = {from: 20 * 60, to: 8 * 60};
const COUNTRIES = ['+47', '+44', '+1', '+81', '+61'] as const;

export interface Outcome {
  readonly calls: readonly OutCall[];
  readonly made: ScriptedCarrier['made'];
  /** Attempts for which the carrier made more than one call. */
  readonly twice: number;
  /** Calls of the carrier's that rang in somebody's quiet hours. */
  readonly inQuietHours: number;
  /** The shortest time between two calls. */
  readonly closest: Millis;
  /** Calls whose state is not what the carrier knows of their last attempt. */
  readonly wrong: readonly {readonly id: string; readonly says: string; readonly truth: string}[];
  readonly kills: number;
}

/**
 * Has many calls made on a clock of the test's, by webhooks that are killed at random moments: between any two steps of
 * theirs, the request to the carrier and the writing of its answer included. `accident`: something else that happens now
 * and then, such as the death of Redis.
 */
export async function callsUnderKills(
  store: OutCallStore,
  {
    calls,
    seed,
    killEvery,
    accident,
    pause = () => new Promise<void>(resolve => setImmediate(resolve)),
  }: {
    readonly calls: number;
    readonly seed: number;
    /** In seconds, on average. */
    readonly killEvery: number;
    readonly accident?: () => Promise<void>;
    /** A moment in which something may happen: a turn of the event loop if not given. */
    readonly pause?: () => Promise<void>;
  },
): Promise<Outcome> {
  const random = seededRandom(seed);
  // A Monday, at eight in the morning in Oslo.
  let wall: Millis = Date.UTC(2026, 10, 30, 7);
  const begins = wall;
  const carrier = new ScriptedCarrier(random, () => wall);
  const log = createLog('test', {level: 'silent'});
  let kills = 0;
  let mortal = new Mortal();
  const webhook = () => {
    mortal = new Mortal();
    return new CallsOut({
      store: mortal.asking(store),
      carrier: mortal.asking(carrier),
      settings: {everyMs: EVERY, atOnce: 40, quietHours: QUIET},
      hashOf: number => number,
      clock: {wall: () => wall},
      log,
    });
  };
  let callsOut = webhook();
  const ids: string[] = [];
  for (let index = 0; index < calls; index += 1) {
    const to = `${random.pick(COUNTRIES)}${5_550_000_000 + index}`;
    const wanted = {
      to,
      from: '+4721000000',
      assistant: 'survey',
      variables: {name: `n${index}`},
      zone: null,
      notBefore: wall,
      deadline: wall + 72 * HOUR,
      attemptsAtMost: 2,
      retryAfterMs: 600_000,
      ringSeconds: 30,
      detectMachines: false,
    };
    const call = await callsOut.want(`c${index}`, wanted, `k${index}`);
    // Whoever asked did not get the answer, and asks again.
    if (random.chance(0.1)) await callsOut.want(`again${index}`, wanted, `k${index}`);
    ids.push(call.id);
  }
  let turnAt: Millis = wall;
  const until = begins + 80 * HOUR;
  while (wall < until) {
    const due = await store.due(wall, 100);
    /** Does something in a webhook that may be killed meanwhile. */
    const inWebhook = async (run: () => Promise<unknown>): Promise<void> => {
      const doing = run();
      if (!random.chance(1 / (killEvery * 4))) {
        await doing;
        return;
      }
      for (let turns = random.whole(0, 12); turns > 0; turns -= 1) await pause();
      kills += 1;
      await mortal.kill();
      callsOut = webhook();
    };
    for (const report of carrier.arriving())
      await inWebhook(() => callsOut.report(report.out, {...report, answeredBy: undefined}));
    for (const id of due) {
      const state = (await store.read(id))?.state;
      if (state === 'queued' && wall < turnAt) continue;
      await inWebhook(async () => {
        const {turn} = await callsOut.step(id);
        if (turn !== undefined) turnAt = Math.max(turnAt, turn);
      });
    }
    if (accident && random.chance(0.002)) await accident();
    const [first] = await store.due(Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined && carrier.reports.length === 0) break;
    const dueAt = first === undefined ? undefined : (await store.read(first))?.dueAt;
    const nextDue = Math.min(dueAt ?? Number.POSITIVE_INFINITY, ...carrier.reports.map(({at}) => at));
    wall = Math.max(wall + 250, Math.min(nextDue, wall + 300_000));
  }
  const all = (await store.newest(calls * 2)).filter(({id}) => ids.includes(id));
  return {...judge(all, carrier), kills};
}

function judge(calls: readonly OutCall[], carrier: ScriptedCarrier): Omit<Outcome, 'kills'> {
  const {made} = carrier;
  const attempts = new Map<string, number>();
  for (const {out, attempt} of made) attempts.set(`${out} ${attempt}`, (attempts.get(`${out} ${attempt}`) ?? 0) + 1);
  const times = made.map(({at}) => at).toSorted((a, b) => a - b);
  const wrong = calls.flatMap(call => {
    const mine = made.filter(({out}) => out === call.id);
    const last = mine.toSorted((a, b) => a.attempt - b.attempt).at(-1);
    const truth = last ? carrier.statusOf(last) : 'none';
    // Of an attempt that the carrier did not make, anything is true but that it was made.
    const isMade = last !== undefined && last.attempt >= call.attempts.length;
    const isRight = isMade ? call.state === truth : !['completed', 'busy', 'no-answer', 'failed'].includes(call.state);
    return isRight ? [] : [{id: call.id, says: call.state, truth}];
  });
  return {
    calls,
    made,
    twice: [...attempts.values()].filter(count => count > 1).length,
    inQuietHours: made.filter(({to, at}) => (zonesOf(to) ?? []).some(zone => isQuiet(QUIET, zone, at))).length,
    closest: Math.min(...times.slice(1).map((at, index) => at - (times[index] ?? 0))),
    wrong,
  };
}
