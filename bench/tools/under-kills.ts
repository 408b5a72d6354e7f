import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {resultId} from '../../services/realtime-worker/src/conversation/model-context.ts';
import {openWitness} from './witness.ts';

export interface Plan {
  readonly calls: number;
  /** How long the callers talk, in milliseconds. */
  readonly talkMs: number;
  /** How often a worker is killed, in milliseconds. */
  readonly killEveryMs: number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** What became of the tool calls that the server saw. */
export interface Outcome {
  readonly kills: number;
  /** Calls of a tool that may not run twice, and of those the ones that the server was asked for more than once. */
  readonly posts: number;
  readonly doubled: number;
  /** Calls of a tool that may run again, and of those the ones that did. */
  readonly gets: number;
  readonly repeated: number;
  /** Of all of them: the model has the result, was told that it is not known, or that the caller spoke; or was told nothing. */
  readonly told: number;
  readonly unknown: number;
  readonly lost: number;
  /** Told more than once in one session. */
  readonly toldTwice: number;
  /** Calls that were not ended by their caller. */
  readonly broken: number;
}

const ASKS: CallerScript = Array.from({length: 200}, (): CallerScript => [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-yes'},
]).flat();
/** After the last kill and before they hang up, callers wait for what is under way: no more is asked. */
const SETTLES_MS = 9_000;

/** Its folder is outside of the project: what it imports is named in full. */
const assistantFile = (
  url: string,
) => `import {assistant, http} from '${import.meta.resolve('@voicebridge/assistant')}';
import {z} from '${import.meta.resolve('zod')}';

export default assistant({
  answers: '*',
  greeting: 'Hello.',
  tools: {
    order: http.post({about: 'Orders.', input: z.object({dish: z.string()}), url: '${url}/order', allowPrivate: true}),
    find: http.get({about: 'Finds.', input: z.object({dish: z.string()}), url: '${url}/find', allowPrivate: true}),
  },
});
`;

const call = (name: string) => ({call: {name, arguments: {dish: 'soup'}}});
const says = {say: {text: 'Thank you, that is done.', audioMs: 400}};
/** Something is said, and then every turn asks for two tools at a time. */
const SCRIPT = Array.from({length: 400}, (_, n) => (n % 2 === 0 ? [says] : [call('order'), call('find')]));

/** Callers make a model call tools while workers are killed at random moments; a server counts what it is asked. */
export async function toolsUnderKills({calls, talkMs, killEveryMs, random}: Plan): Promise<Outcome> {
  await using witness = await openWitness(() => 300 + random() * 3_000);
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-tools-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  await writeFile(join(folder, 'line.ts'), assistantFile(witness.url));
  const fleet = stack.use(
    await ProcessFleet.start({
      edges: 1,
      workers: 3,
      env: {ASSISTANTS_DIR: folder},
      model: {MODEL_SPEED: '6', MODEL_FIRST_DELTA_MS: '100', MODEL_CONNECT_MS: '100', MODEL_TAGGED: 'on'},
    }),
  );
  await fleet.setScript(SCRIPT);
  const callers = Array.from({length: calls}, (_, tag) => fleet.twilio.dial(ASKS, {tag}));
  let kills = 0;
  const until = performance.now() + talkMs;
  while (performance.now() < until) {
    await sleep(killEveryMs * (0.5 + random()));
    const busy = await fleet.busyWorkers().catch(() => []);
    const victim = busy[Math.floor(random() * busy.length)];
    if (!victim || fleet.workers.length < 2) continue;
    process.kill(victim.pid, 'SIGKILL');
    fleet.workers.splice(fleet.workers.indexOf(victim), 1);
    kills += 1;
    await fleet.addWorker();
  }
  // From now on the model only speaks.
  await fleet.setScript([[says]]);
  await sleep(SETTLES_MS);
  for (const caller of callers) caller.hangUp();
  const reports = await Promise.all(callers.map(caller => caller.ended));
  const outputs = (await fleet.sessions()).flatMap(({items}, session) =>
    items.filter(({type}) => type === 'function_call_output').map(({id, payload}) => ({session, id, text: payload})),
  );
  return {kills, broken: reports.filter(({endedBy}) => endedBy !== 'caller').length, ...judge(witness.seen, outputs)};
}

function judge(
  seen: ReadonlyMap<string, {readonly method: string; readonly requests: number}>,
  outputs: readonly {readonly session: number; readonly id: string; readonly text: string}[],
): Omit<Outcome, 'kills' | 'broken'> {
  const all = [...seen].map(([key, each]) => {
    const [, callId = key] = key.split(':');
    const of = outputs.filter(({id}) => id === resultId(callId));
    const perSession = new Set(of.map(({session}) => session)).size;
    return {
      ...each,
      isTold: of.length > 0,
      isTwice: of.length > perSession,
      isUnknown: of.some(({text}) => text.includes('not known')),
    };
  });
  const [posts, gets] = [all.filter(({method}) => method === 'POST'), all.filter(({method}) => method === 'GET')];
  const count = (list: typeof all, is: (each: (typeof all)[number]) => boolean) => list.filter(is).length;
  return {
    posts: posts.length,
    doubled: count(posts, ({requests}) => requests > 1),
    gets: gets.length,
    repeated: count(gets, ({requests}) => requests > 1),
    told: count(all, ({isTold, isUnknown}) => isTold && !isUnknown),
    unknown: count(all, ({isUnknown}) => isUnknown),
    lost: count(all, ({isTold}) => !isTold),
    toldTwice: count(all, ({isTwice}) => isTwice),
  };
}
