import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {Queue} from 'bullmq';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import {judge, type Transfer} from './judge.ts';
import {FAULTS, type Fault, isWarm, RING_SECONDS, type Scene, SCENES} from './scenes.ts';
import {transferringModel} from './transferring-model.ts';

const WORKERS = 2;
/** A caller who is back listens for so long. */
const LISTENS_MS = 2_500;
/** A caller who never hears the assistant again gives up. */
const GIVES_UP_MS = 60_000;
/** One in so many requests to bring a caller back is refused at first. */
const BRINGS_BACK_AGAIN = 10;

const ACCOUNT = `AC${'0'.repeat(32)}`;

const yaml = ({number, target, ...scene}: Scene) => `answers: '${number}'
greeting: Hello.
turnDetection: {kind: server, silenceMs: 700}
tools:
  to_person:
    kind: transfer
    to: '${target}'
    when: The caller says something.
    say: I will connect you.
    ringFor: ${RING_SECONDS}
    warm: ${isWarm(scene)}
`;

/** So many transfers, `atOnce` at a time. Every service is a process of its own. */
export async function transfers(plan: {
  readonly scenes: readonly Scene[];
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
  const sceneOf = (number: string | null) => SCENES.find(({target}) => target === number);
  const restPort = await freePort();
  let broughtBack = 0;
  const fleet = stack.use(
    await ProcessFleet.start({
      edges: 1,
      workers: WORKERS,
      modelUrl: model.url,
      webhooks: 2,
      env: {
        ASSISTANTS_DIR: folder,
        TWILIO_ACCOUNT_SID: ACCOUNT,
        TWILIO_API_URL: `http://127.0.0.1:${restPort}`,
      },
      twilio: {
        people,
        accountSid: ACCOUNT,
        restPort,
        callees: number => sceneOf(number)?.callee?.() ?? {does: 'fail', after: 0},
        callerIds: SCENES.map(({number}) => number),
        restMood({path, form}) {
          if (path === '/Calls.json') return sceneOf(form.get('To'))?.mood;
          if (form.get('Url') === null) return undefined;
          broughtBack += 1;
          return broughtBack % BRINGS_BACK_AGAIN === 0 ? 'too-many' : undefined;
        },
        statusCallbacks: {late: 1_500, twice: true},
      },
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
  const each = Math.ceil(plan.total / plan.scenes.length);
  for (const fault of [undefined, ...FAULTS]) {
    const scenes = plan.scenes.filter(scene => scene.fault === fault);
    const waiting = scenes.flatMap(scene => Array.from({length: each}, () => scene));
    const mixed = waiting.map((_, at) => waiting[(at * 7) % waiting.length] ?? waiting[0]!);
    const queue = waiting.length % 7 === 0 ? waiting : mixed;
    while (queue.length > 0) {
      const batch = queue.splice(0, plan.atOnce);
      const callers = batch.map(scene => new Caller(fleet, scene));
      if (fault) await disturb(fleet, fault, callers);
      const reports = await Promise.all(callers.map(({call}) => call.ended));
      // People hang up by themselves, or are hung up on.
      const outgoing = fleet.twilio.calls.filter(({facts}) => facts.direction === 'outbound-api');
      const called = await Promise.all(outgoing.map(call => call.ended));
      const judged = reports.map((report, at) => judge(batch[at]!, report, {called, records}));
      done.push(...(await Promise.all(judged)));
      plan.say(`${done.length} transfers, ${done.filter(({wrong}) => wrong.length > 0).length} of them wrong`);
    }
  }
  return done;
}

/** A caller, and what their phone knows of where the call is now. */
class Caller {
  readonly call: FakeCall;
  #hearsMusic = false;

  constructor({twilio}: ProcessFleet, scene: Scene) {
    this.call = twilio.dial(this.#script(scene), {to: scene.number});
    this.call.on(event => {
      if (event.type === 'webhook' && event.webhook.purpose === 'wait') this.#hearsMusic = true;
    });
  }

  /** A telephone rings for them, or music is played until one is answered. */
  get isAway(): boolean {
    return this.call.rings > 0 || this.#hearsMusic;
  }

  #script({isBack, hangsUpAfter, hangsUpTalking}: Scene): CallerScript {
    const begin: CallerScript = [
      {do: 'waitForSilence', ms: 300},
      {do: 'say', clip: 'caller-yes'},
    ];
    if (hangsUpAfter !== undefined)
      return [...begin, {do: 'until', until: () => this.isAway}, {do: 'pause', ms: hangsUpAfter}, {do: 'hangUp'}];
    const from = performance.now();
    const hasWaited = () => performance.now() - from > GIVES_UP_MS;
    const talks = (call: FakeCall) => call.isMeeting || hasWaited();
    if (hangsUpTalking) return [...begin, {do: 'until', until: talks}, {do: 'pause', ms: 500}, {do: 'hangUp'}];
    // Who is taken stays until the person hangs up; who never is gives up.
    if (!isBack) return [...begin, {do: 'until', until: hasWaited}, {do: 'hangUp'}];
    const hearsAgain = (call: FakeCall) => (call.streamsOpened > 1 && call.hearsAssistant) || hasWaited();
    return [...begin, {do: 'until', until: hearsAgain}, {do: 'pause', ms: LISTENS_MS}, {do: 'hangUp'}];
  }
}

/**
 * Kills or drains a worker that has calls while the callers are away. A webhook is killed when the first of them is, and the
 * others are about to go.
 */
async function disturb(fleet: ProcessFleet, fault: Fault, callers: readonly Caller[]): Promise<void> {
  const until = performance.now() + 30_000;
  const areAway = () => (fault === 'webhook' ? callers.some(each => each.isAway) : callers.every(each => each.isAway));
  while (!areAway() && performance.now() < until) await sleep(10);
  if (fault === 'webhook') return await fleet.webhooks.kill();
  await sleep(500);
  const [victim] = await fleet.busyWorkers();
  if (!victim) return;
  fleet.workers.splice(fleet.workers.indexOf(victim), 1);
  process.kill(victim.pid, fault === 'owner' ? 'SIGKILL' : 'SIGTERM');
  await fleet.addWorker();
}
