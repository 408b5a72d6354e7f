import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type FakeOpenAI, startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {busyModel} from './busy-model.ts';
import {type CallerSilence, callerSilences} from './caller-silence.ts';
import {type SessionTools, type ToolFates, toolFates} from './tool-fates.ts';
import {openWitness, type Witness} from './witness.ts';

export interface Plan {
  /** Callers at a time. */
  readonly calls: number;
  /** Callers call again until the model has made so many tool calls. */
  readonly total: number;
  /** How long callers talk before they hang up. */
  readonly talkMs: Millis;
  /** How often a worker is killed. */
  readonly killEveryMs: Millis;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Gets the outcome of all so far, after each round of phone calls. */
  readonly soFar: (outcome: Outcome) => void;
}

export interface Outcome {
  readonly kills: number;
  readonly phoneCalls: number;
  /** Calls that were not ended by their caller. */
  readonly broken: number;
  readonly tools: ToolFates;
  readonly silences: readonly CallerSilence[];
}

const WORKERS = 3;
const ASKS: CallerScript = Array.from({length: 400}, (): CallerScript => [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-yes'},
]).flat();
/** Before they hang up, callers wait for what is under way, at least and at most so long: the model calls nothing more. */
const SETTLES_MS = 4_000;
const SETTLES_AT_MOST_MS = 40_000;

/** Its folder is outside of the project: what it imports is named in full. */
const assistantFile = (
  url: string,
) => `import {assistant, http, tool} from '${import.meta.resolve('@voicebridge/assistant')}';
import {z} from '${import.meta.resolve('zod')}';

const input = z.object({dish: z.string()});
export default assistant({
  answers: '*',
  greeting: 'Hello.',
  turnDetection: {kind: 'server', silenceMs: 200},
  tools: {
    order: http.post({about: 'Orders.', input, url: '${url}/order', allowPrivate: true}),
    find: http.get({about: 'Finds.', input, url: '${url}/find', allowPrivate: true, while: 'One moment, please.'}),
    book: tool({
      about: 'Books.',
      input,
      run: async (_, {key, signal}) =>
        (await fetch('${url}/book', {method: 'POST', headers: {'idempotency-key': key}, signal})).json(),
    }),
  },
});
`;

/** Callers make a model call tools while workers are killed at random moments; a server counts what it is asked. */
export async function toolsUnderKills(plan: Plan): Promise<Outcome> {
  const {total, random, soFar} = plan;
  let callsNoMore = false;
  await using witness = await openWitness(() => 50 + random() ** 2 * 1_500);
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-tools-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  await writeFile(join(folder, 'line.ts'), assistantFile(witness.url));
  const model = stack.use(
    await startFakeOpenAI({
      script: busyModel(() => callsNoMore),
      transcribe: () => 'Yes, that sounds good.',
      knobs: {tagged: true, keepHeard: false, speed: [6, 6], firstDeltaMs: [100, 100], connectDelayMs: 100},
    }),
  );
  const fleet = stack.use(
    await ProcessFleet.start({edges: 1, workers: WORKERS, modelUrl: model.url, env: {ASSISTANTS_DIR: folder}}),
  );
  const silences: CallerSilence[] = [];
  const sessions: SessionTools[] = [];
  const broken = new Set<string>();
  let [kills, phoneCalls] = [0, 0];
  for (;;) {
    const tools = toolFates(sessions, witness.seen, broken);
    const outcome = {kills, broken: broken.size, phoneCalls, tools, silences};
    if (phoneCalls > 0) soFar(outcome);
    if (tools.calls >= total) return outcome;
    const callers = Array.from({length: plan.calls}, () => fleet.twilio.dial(ASKS));
    kills += await killWorkers(fleet, plan);
    callsNoMore = true;
    const givenUpAt = performance.now() + SETTLES_AT_MOST_MS;
    do await sleep(SETTLES_MS);
    while (performance.now() < givenUpAt && toolFates(model.sessions.map(toolsOf), new Map()).lost > 0);
    sessions.push(...model.sessions.splice(0).map(toolsOf));
    for (const caller of callers) caller.hangUp();
    const reports = await Promise.all(callers.map(caller => caller.ended));
    callsNoMore = false;
    for (const {endedBy, callSid} of reports) if (endedBy !== 'caller') broken.add(callSid);
    phoneCalls += reports.length;
    silences.push(...reports.flatMap(report => callerSilences(report, spansOf(witness, report.callSid))));
  }
}

/** Kills workers, and starts others in their place, for as long as callers talk. Resolves with how many. */
async function killWorkers(fleet: ProcessFleet, {talkMs, killEveryMs, random}: Plan): Promise<number> {
  let kills = 0;
  const until = performance.now() + talkMs;
  while (performance.now() < until) {
    await sleep(killEveryMs * (0.5 + random()));
    const busy = await fleet.busyWorkers().catch(() => []);
    const victim = busy[Math.floor(random() * busy.length)];
    if (!victim || fleet.workers.length < WORKERS) continue;
    process.kill(victim.pid, 'SIGKILL');
    fleet.workers.splice(fleet.workers.indexOf(victim), 1);
    kills += 1;
    await fleet.addWorker();
  }
  return kills;
}

/** What a session of the model knows of tools while callers are on the line. */
function toolsOf({items, closedAt}: FakeOpenAI['sessions'][number]): SessionTools {
  const wire = items.map(item => item.toWire());
  return {
    isBrokenOff: closedAt !== undefined,
    calls: wire.flatMap(({type, call_id: id}) => (type === 'function_call' ? [String(id)] : [])),
    results: wire.flatMap(({type, call_id: id, output}) =>
      type === 'function_call_output' ? [{callId: String(id), text: String(output)}] : [],
    ),
  };
}

function spansOf({seen}: Witness, callSid: string) {
  return [...seen.values()].flatMap(each => (each.callSid === callSid ? each.spans : []));
}
