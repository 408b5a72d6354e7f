/**
 * Is the first word later with a hundred assistants for a hundred numbers than with one? Two systems side by side, every
 * service a process of its own; calls go to one and the other in turn, and are measured on the callers' phones.
 *
 *   npm run bench many-assistants -- [--assistants 100] [--rounds 10] [--at-once 4]
 */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {percentiles} from '../load/percentiles.ts';

const {values} = parseArgs({
  options: {
    assistants: {type: 'string', default: '100'},
    rounds: {type: 'string', default: '10'},
    'at-once': {type: 'string', default: '4'},
  },
});
const numberOf = (index: number) => `+4722${String(index).padStart(6, '0')}`;
/** Long enough to be like a real one. */
const PROMPT = 'You answer the telephone of a shop, in one or two short sentences. '.repeat(30);

await using stack = new AsyncDisposableStack();

/** A system with so many assistants, and how it answers: when a caller hears the first word after the stream is open. */
async function system(assistants: number) {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-many-'));
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  for (let index = 0; index < assistants; index += 1)
    await writeFile(
      join(folder, `shop-${index}.yaml`),
      `answers: '${numberOf(index)}'\ngreeting: Hello, this is shop ${index}.\nprompt: ${PROMPT} You are shop ${index}.\n`,
    );
  const model = stack.use(
    await startFakeOpenAI({
      script: [[{say: {text: 'Hello.', audioMs: 400}}]],
      knobs: {tagged: true, firstDeltaMs: [100, 100], connectDelayMs: 200},
    }),
  );
  const fleet = stack.use(
    await ProcessFleet.start({edges: 1, workers: 1, modelUrl: model.url, env: {ASSISTANTS_DIR: folder}}),
  );
  let calls = 0;
  return async () => {
    // Every call is for another assistant, as far as there are others.
    const to = numberOf((calls * 37) % assistants);
    calls += 1;
    const call = fleet.twilio.dial([{do: 'waitForAssistant'}, {do: 'hangUp'}], {to});
    const {firstAudioMs = Number.NaN} = await call.ended;
    return firstAudioMs;
  };
}

console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const [one, many] = [await system(1), await system(Number(values.assistants))];
const times: {one: number[]; many: number[]} = {one: [], many: []};
for (let round = -1; round < Number(values.rounds); round += 1) {
  for (const [name, dial] of [
    ['one', one],
    ['many', many],
  ] as const) {
    const first = await Promise.all(Array.from({length: Number(values['at-once'])}, dial));
    if (round >= 0) times[name].push(...first.map(Math.round)); // the first round warms both up
  }
}
console.table({
  'one assistant': percentiles(times.one),
  [`${values.assistants} assistants`]: percentiles(times.many),
});
