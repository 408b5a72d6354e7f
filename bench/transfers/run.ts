import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {Queue} from 'bullmq';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {transferringModel} from './transferring-model.ts';
import {RING_SECONDS, type Scene, SCENES} from './scenes.ts';

/** One caller, as their phone and the record tell it. */
export interface Transfer {
  readonly scene: Scene;
  readonly callSid: string;
  /** What is not as the scene wants it; empty: all is. */
  readonly wrong: readonly string[];
  /** The record has a stream that was lost. */
  readonly lostStreams: number;
  /** From the last word of the assistant to the ring tone. */
  readonly leavesMs: Millis | undefined;
  /** From the end of the ring tone to the first word of the assistant. */
  readonly returnsMs: Millis | undefined;
}

const WORKERS = 2;
/** A caller who is back listens for so long. */
const LISTENS_MS = 2_500;
/** A caller who never hears the assistant again gives up. */
const GIVES_UP_MS = 60_000;
/** A call without an owner is found after 15 s, and recorded. */
const RECORDED_WITHIN_MS = 60_000;

const yaml = ({number, target}: Scene) => `answers: '${number}'
greeting: Hello.
turnDetection: {kind: server, silenceMs: 700}
tools:
  to_person:
    kind: transfer
    to: '${target}'
    when: The caller says something.
    say: I will connect you.
    ringFor: ${RING_SECONDS}
`;

/** So many transfers, `atOnce` at a time. Every service is a process of its own. */
export async function transfers(plan: {
  readonly total: number;
  readonly atOnce: number;
  readonly say: (line: string) => void;
}): Promise<readonly Transfer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-transfers-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  for (const [index, scene] of SCENES.entries()) await writeFile(join(folder, `scene-${index}.yaml`), yaml(scene));
  const model = stack.use(
    await startFakeOpenAI({
      script: transferringModel,
      transcribe: () => 'A person, please.',
      knobs: {tagged: true, keepHeard: false, speed: [6, 6], firstDeltaMs: [100, 100], connectDelayMs: 100},
    }),
  );
  const people = (target: string) => SCENES.find(scene => target === `Number: ${scene.target}`)?.person;
  const fleet = stack.use(
    await ProcessFleet.start({
      edges: 1,
      workers: WORKERS,
      modelUrl: model.url,
      env: {ASSISTANTS_DIR: folder},
      twilio: {people, statusCallbacks: {late: 1_500, twice: true}},
    }),
  );
  const {hostname: host, port} = new URL(fleet.redisUrl);
  const records = new Queue<CallFinished>(CALLS_QUEUE, {
    connection: {host, port: Number(port)},
    prefix: CALLS_QUEUE_PREFIX,
    skipVersionCheck: true,
  });
  stack.defer(() => records.close());
  plan.say('the processes are up');
  const done: Transfer[] = [];
  const perFault = Math.ceil(plan.total / SCENES.length);
  for (const fault of [undefined, 'kill', 'drain'] as const) {
    const scenes = SCENES.filter(scene => scene.fault === fault);
    const waiting = scenes.flatMap(scene => Array.from({length: perFault}, () => scene));
    const mixed = waiting.map((_, at) => waiting[(at * 7) % waiting.length] ?? waiting[0]!);
    const queue = waiting.length % 7 === 0 ? waiting : mixed;
    while (queue.length > 0) {
      const batch = queue.splice(0, plan.atOnce);
      const calls = batch.map(scene => ({scene, call: fleet.twilio.dial(script(scene), {to: scene.number})}));
      if (fault)
        await disturb(
          fleet,
          fault,
          calls.map(({call}) => call),
        );
      const reports = await Promise.all(calls.map(({call}) => call.ended));
      const judged = reports.map((report, at) => judge(batch[at]!, report, records));
      done.push(...(await Promise.all(judged)));
      plan.say(`${done.length} transfers, ${done.filter(({wrong}) => wrong.length > 0).length} of them wrong`);
    }
  }
  return done;
}

function script(scene: Scene): CallerScript {
  const begin: CallerScript = [
    {do: 'waitForSilence', ms: 300},
    {do: 'say', clip: 'caller-yes'},
  ];
  if (!scene.isBack && scene.hangsUpAfter === undefined) return begin;
  const isRinging = (call: FakeCall) => call.rings > 0;
  if (scene.hangsUpAfter !== undefined)
    return [...begin, {do: 'until', until: isRinging}, {do: 'pause', ms: scene.hangsUpAfter}, {do: 'hangUp'}];
  const from = performance.now();
  const isBack = (call: FakeCall) =>
    (call.streamsOpened > 1 && call.hearsAssistant) || performance.now() - from > GIVES_UP_MS;
  return [...begin, {do: 'until', until: isBack}, {do: 'pause', ms: LISTENS_MS}, {do: 'hangUp'}];
}

/** Kills or drains the workers that have calls, one after the other, while the callers are away. */
async function disturb(fleet: ProcessFleet, fault: 'kill' | 'drain', calls: readonly FakeCall[]): Promise<void> {
  const until = performance.now() + 30_000;
  while (calls.some(call => call.rings === 0) && performance.now() < until) await sleep(50);
  await sleep(500);
  const [victim] = await fleet.busyWorkers();
  if (!victim) return;
  fleet.workers.splice(fleet.workers.indexOf(victim), 1);
  if (fault === 'kill') process.kill(victim.pid, 'SIGKILL');
  else process.kill(victim.pid, 'SIGTERM');
  await fleet.addWorker();
}

async function judge(scene: Scene, report: CallReport, records: Queue<CallFinished>): Promise<Transfer> {
  const wrong: string[] = [];
  const [person] = report.people;
  const again = report.streams[1];
  const isBridged = person?.bridgedAt !== undefined;
  if (isBridged !== (scene.outcome === 'accepted')) wrong.push(isBridged ? 'was connected' : 'was not connected');
  if (scene.isBack !== (again?.firstAudioMs !== undefined))
    wrong.push(scene.isBack ? 'did not hear the assistant again' : 'heard the assistant again');
  if (report.people.length !== 1) wrong.push(`${report.people.length} telephones rang`);
  if (report.violations.length > 0) wrong.push(`Twilio: ${report.violations.map(({detail}) => detail).join('; ')}`);
  const record = await recordOf(report.callSid, records);
  if (!record) wrong.push('no record');
  const {summary, failovers} = record ?? {};
  const aways = summary?.aways;
  if (summary && summary.endReason !== scene.endReason) wrong.push(`ended as ${summary.endReason}`);
  if (aways && aways.map(({outcome}) => outcome).join() !== scene.outcome)
    wrong.push(`away: ${aways.map(({outcome}) => outcome).join() || 'never'}`);
  const before = report.streams[0]?.segments.at(-1);
  const lostStreams = (failovers ?? []).filter(({kind}) => kind.startsWith('edge')).length;
  return {
    scene,
    callSid: report.callSid,
    wrong,
    lostStreams,
    leavesMs: person && before ? Math.max(0, person.rangAt - before.at - (before.to - before.from) / 8) : undefined,
    returnsMs:
      scene.isBack && person && again?.openedAt !== undefined && again.firstAudioMs !== undefined
        ? again.openedAt + again.firstAudioMs - person.endedAt
        : undefined,
  };
}

/** The record of a call, as the worker sent it: nobody takes it out of the queue. */
async function recordOf(callSid: string, records: Queue<CallFinished>): Promise<CallFinished | undefined> {
  for (const until = performance.now() + RECORDED_WITHIN_MS; performance.now() < until; await sleep(200)) {
    const job = await records.getJob(callSid).catch(() => undefined);
    if (job) return job.data;
  }
  return undefined;
}
