import {setTimeout as sleep} from 'node:timers/promises';
import type {z} from 'zod';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {type CallerKind, kinds, scriptOf} from './callers.ts';
import {Records} from './records.ts';
import {dies, HASH_KEY, type Trouble, Troublemaker} from './faults.ts';

export interface TruthOptions {
  readonly waves: readonly {readonly calls: number; readonly trouble: Trouble}[];
  /** Between Twilio and the edges, one way, ± jitter; milliseconds. */
  readonly network: {readonly delay: number; readonly jitter: number};
  /** Runs beside each wave but the first, which only warms up. */
  readonly beside?: (records: Records) => Promise<void>;
  readonly say?: (line: string) => void;
  /** A session of the model is replaced after this many seconds. */
  readonly rotateSeconds?: number | undefined;
}

/** One call: the evidence of its phone and of the model, and the record in analytics. */
export interface MeasuredCall {
  readonly kind: CallerKind;
  readonly report: CallReport;
  readonly sessions: readonly SessionSummary[];
  readonly record: z.infer<typeof CallDetail>;
  /** What was recorded: stereo μ-law. */
  readonly recording: Buffer | undefined;
  /** How often a worker took it. */
  readonly owners: number;
  /** The worker that had it last was killed. */
  readonly lastOwnerDied: boolean;
  /** When one of its model sessions was cut off on purpose, each time; on the wall clock. */
  readonly modelCuts: readonly number[];
  /** One of its workers hung, and woke again. */
  readonly anOwnerHung: boolean;
  /** The caller waited for an answer that never came. */
  readonly waited: boolean;
}

export interface Measured {
  readonly calls: readonly MeasuredCall[];
  /** How late the simulated phones were themselves, p99; milliseconds. */
  readonly phoneLagMs: number;
}

interface Dialled {
  readonly kind: CallerKind;
  readonly call: FakeCall;
}

/** Short calls that are not measured: a process needs many times as long for what it does the first time. */
const WARM_UP = 12;
/** Every script is over long before. */
const WAIT_AT_MOST_MS = 60_000;

/** Starts everything as processes, makes the calls wave by wave, and reads what analytics knows of them. */
export async function runCalls({
  waves,
  network,
  beside,
  rotateSeconds,
  say = () => {},
}: TruthOptions): Promise<Measured> {
  const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
  try {
    await using records = await Records.open();
    await using fleet = await ProcessFleet.start({
      edges: 2,
      // Processes that will be killed have others that take over; none has to be started during a call.
      workers: 2 + waves.filter(({trouble}) => dies(trouble)).length,
      env: {
        NUMBER_HASH_KEY: HASH_KEY,
        QUEUE_REDIS_URL: records.queueUrl,
        RECORDING: 'on',
        RECORDINGS_URL: records.recordingsUrl,
        ...(rotateSeconds === undefined ? {} : {SESSION_ROTATE_SECONDS: String(rotateSeconds)}),
      },
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200-500'},
      twilio: {network, seed: 1},
    });
    await records.start();
    const troublemaker = new Troublemaker(fleet);
    const placed: {readonly kind: CallerKind; readonly report: CallReport; readonly waited: boolean}[] = [];
    for (const [index, {calls, trouble}] of [{calls: WARM_UP, trouble: 'none' as const}, ...waves].entries()) {
      say(index === 0 ? 'warming up' : `wave ${index} of ${waves.length}: ${calls} calls, trouble: ${trouble}`);
      const wave = await dialWave(fleet, calls, placed.length, index === 0 ? ['hangsUp'] : kinds);
      const made = troublemaker.make(
        trouble,
        wave.map(({call}) => call),
      );
      const [ended] = await Promise.all([endOf(wave), made, index === 0 ? undefined : beside?.(records)]);
      placed.push(...ended);
    }
    const sessions = await fleet.sessions();
    const measured = placed.slice(WARM_UP).map(async ({kind, report, waited}): Promise<MeasuredCall> => {
      const record = await records.of(report.callSid);
      const mine = sessions.filter(({safetyIdentifier}) => safetyIdentifier === record.call.callerHash);
      const modelCuts = troublemaker.modelCuts(report.callSid);
      const recording = await records.recordingOf(report.callSid);
      const owners = ownersOf(fleet, report.callSid);
      return {
        kind,
        report,
        waited,
        sessions: mine,
        record,
        recording,
        owners: owners.length,
        lastOwnerDied: troublemaker.hasKilled(owners.at(-1)),
        anOwnerHung: owners.some(owner => troublemaker.hasHung(owner)),
        modelCuts,
      };
    });
    return {calls: await Promise.all(measured), phoneLagMs: fleet.twilio.lag.p99};
  } finally {
    clearInterval(alive);
  }
}

/** Callers are not synchronised: each dials at another moment, and waits for a different time. */
function dialWave(fleet: ProcessFleet, calls: number, before: number, what: readonly CallerKind[]): Promise<Dialled[]> {
  const dialled = Array.from({length: calls}, async (_, index) => {
    const number = before + index;
    const kind = what[number % what.length] ?? 'patient';
    await sleep((index * 1_700) / calls);
    const from = `+1555${String(number).padStart(7, '0')}`;
    return {kind, call: fleet.twilio.dial(scriptOf(kind, (number * 37) % 211), {from})};
  });
  return Promise.all(dialled);
}

/** The time after which a caller who gets no answer hangs up. */
async function endOf(wave: readonly Dialled[]) {
  const given = setTimeout(() => wave.forEach(({call}) => call.hangUp()), WAIT_AT_MOST_MS);
  const ended = wave.map(async ({kind, call}) => {
    const report = await call.ended;
    return {kind, report, waited: report.endedAt - report.startedAt >= WAIT_AT_MOST_MS - 2_000};
  });
  return await Promise.all(ended).finally(() => clearTimeout(given));
}

/** The workers that took a call, in the order in which they did. */
function ownersOf({workers}: ProcessFleet, callSid: string): RunningProcess[] {
  const taken = workers.flatMap(worker => worker.lines.map(({json}) => ({worker, json})));
  return taken
    .filter(({json}) => json?.['msg'] === 'call taken' && json['callSid'] === callSid)
    .toSorted((a, b) => Date.parse(String(a.json?.['time'])) - Date.parse(String(b.json?.['time'])))
    .map(({worker}) => worker);
}
