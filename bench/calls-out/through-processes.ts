import {mkdir} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {usualDisclosure} from '@voicebridge/assistant/disclosure.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {CallingOut, exactWords, type OutCall} from '../../tools/harness/calling-out.ts';
import {judge, type Wish} from './judge.ts';
import {calleeOf} from './people.ts';

const OVER = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled', 'refused', 'expired', 'unknown']);
/** Between two accidents. */
const EVERY_MS: Millis = 8_000;
/** A webhook asks Twilio about a call that was answered when it has heard nothing of it for five minutes. */
const NOTHING_NEW_FOR_MS: Millis = 400_000;
/** People and machines hang up by themselves before. */
const ENDS_WITHIN_MS: Millis = 90_000;
const PROGRESS_EVERY_MS: Millis = 15_000;
/** One of so many is asleep, and may not be called. */
const ASLEEP = 10;

export interface Plan {
  readonly calls: number;
  /** Calls that the account makes in a second. */
  readonly rate: number;
  readonly seed: number;
  readonly folder: string;
  readonly say: (line: string) => void;
}

export interface Result {
  readonly figures: Readonly<Record<string, string | number>>;
  readonly ok: boolean;
}

/** Calls through all processes: every few seconds one of two webhooks, one of two workers or Redis is killed. */
export async function throughProcesses({calls, rate, seed, folder, say}: Plan): Promise<Result> {
  const random = seededRandom(seed);
  await mkdir(folder, {recursive: true});
  await using out = await CallingOut.start({
    assistants: {
      survey: 'greeting: Hello. May I ask you something?\ntranscripts: heard\nvoicemail: {say: Please call us back.}\n',
    },
    script: ({instructions}) => [{say: {text: exactWords(instructions) ?? 'Thank you.', audioMs: 700}}],
    twilio: {callees: calleeOf, statusCallbacks: {late: 1_500, twice: true, lost: 0.1}},
    env: {CALLS_OUT_PER_SECOND: String(rate), QUIET_HOURS: '20:00-08:00', LOG_LEVEL: 'warn'},
    workers: 2,
    webhooks: 2,
    redisDir: folder,
  });
  say('the processes are up');
  const wishes = await wish(out, calls);
  say(`${wishes.length} calls are wanted, ${wishes.filter(({isAsleep}) => isAsleep).length} of them where it is night`);
  const awake = wishes.filter(({isAsleep}) => !isAsleep);
  const states = new Map<string, OutCall>();
  const kills = {webhook: 0, worker: 0, redis: 0};
  const began = performance.now();
  let [newsAt, accidentAt, progressAt] = [began, began + EVERY_MS, began];
  let accident: Promise<void> | undefined;
  while (states.size < awake.length && performance.now() - newsAt < NOTHING_NEW_FOR_MS) {
    const now = performance.now();
    if (now >= accidentAt && !accident) {
      const which = random.pick(['webhook', 'worker', 'redis'] as const);
      kills[which] += 1;
      accident = kill(which, out, random).finally(() => {
        accident = undefined;
        accidentAt = performance.now() + EVERY_MS;
      });
    }
    if (now >= progressAt) {
      progressAt = now + PROGRESS_EVERY_MS;
      const killed = kills.webhook + kills.worker + kills.redis;
      say(`${out.fleet.twilio.calls.length} telephones have rung, ${states.size} calls are over, ${killed} kills`);
    }
    const open = awake.filter(({id}) => !states.has(id));
    for (const call of await all(open, ({id}) => out.read(id).catch(() => undefined))) {
      if (!call || !OVER.has(call.state)) continue;
      states.set(call.id, call);
      newsAt = performance.now();
    }
    await sleep(500);
  }
  await accident;
  say(`${states.size} of ${awake.length} calls are over; looking at what people heard`);
  const asleep = await all(
    wishes.filter(({isAsleep}) => isAsleep),
    ({id}) => out.read(id),
  );
  const {reports, stayed} = await reportsOf(out);
  const records = new Map<string, CallFinished>();
  await all(reports, async ({callSid, streams}) => {
    if (streams.length === 0) return;
    const record = await out.record(callSid).catch(() => undefined);
    if (record) records.set(callSid, record);
  });
  const verdict = judge({wishes, states, asleep, reports, records, disclosure: usualDisclosure(null)});
  for (const line of [...verdict.wrong, ...verdict.notes].slice(0, 40)) say(line);
  return {
    figures: {
      'webhook, worker, Redis killed': `${kills.webhook}, ${kills.worker}, ${kills.redis}`,
      'calls that are over': `${states.size} of ${awake.length}`,
      ...verdict.figures,
      'calls that people had to be taken from': stayed,
      seconds: Math.round((performance.now() - began) / 1_000),
    },
    ok: verdict.wrong.length === 0 && states.size === awake.length && stayed === 0,
  };
}

/** Wants all calls; who gets no answer asks again with the same key. Some are where it is night. */
async function wish(out: CallingOut, calls: number): Promise<readonly Wish[]> {
  const hour = new Date().getUTCHours();
  const [day, night] = [zoneAt(12 - hour), zoneAt(2 - hour)];
  const total = calls + Math.ceil(calls / ASLEEP);
  return await all(Array.from({length: total}), async (_, index) => {
    const to = `+4722${String(index).padStart(6, '0')}`;
    const isAsleep = index >= calls;
    const {id} = await out.want(to, 'survey', {attempts: 1, zone: isAsleep ? night : day}, `wish-${index}`);
    return {id, to, isAsleep};
  });
}

/** The zone that is so many hours ahead of UTC. Its name says how far UTC is ahead of it. */
function zoneAt(hours: number): string {
  const ahead = ((hours + 24 + 12) % 24) - 12;
  return ahead === 0 ? 'Etc/UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

async function kill(
  which: 'webhook' | 'worker' | 'redis',
  {fleet}: CallingOut,
  random: {whole: (from: number, to: number) => number},
): Promise<void> {
  if (which === 'webhook') await fleet.webhooks.kill();
  else if (which === 'worker') {
    const [victim] = fleet.workers.splice(random.whole(0, fleet.workers.length - 1), 1);
    if (victim) process.kill(victim.pid, 'SIGKILL');
    await fleet.addWorker();
  } else {
    await fleet.stopRedis();
    await fleet.startRedis();
  }
}

/** What Twilio knows of its calls. Who is still on the line is hung up on, and counted. */
async function reportsOf({
  fleet,
}: CallingOut): Promise<{readonly reports: readonly CallReport[]; readonly stayed: number}> {
  const {calls} = fleet.twilio;
  const late = sleep(ENDS_WITHIN_MS, undefined, {ref: false});
  const isOver = await all(
    calls,
    call => Promise.race([call.ended.then(() => true), late.then(() => false)]),
    calls.length,
  );
  for (const [index, call] of calls.entries()) if (isOver[index] === false) call.hangUp();
  const reports = await Promise.all(calls.map(call => call.ended));
  return {reports, stayed: isOver.filter(over => !over).length};
}

/** Does something for each, so many at a time. */
async function all<Item, Value>(
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<Value>,
  atOnce = 20,
): Promise<Value[]> {
  const values: Value[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      values[index] = await run(items[index]!, index);
    }
  };
  await Promise.all(Array.from({length: Math.min(atOnce, items.length)}, lane));
  return values;
}
