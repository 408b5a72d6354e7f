/**
 * How long is it silent for a caller while a tool runs for 8 seconds? Each caller asks once; the assistant says `while`
 * meanwhile. Every service is a process of its own; silence is what the caller's phone did not play.
 *
 *   npm run bench slow-tool -- [--calls 20] [--seconds 8] [--after 1000]
 */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import type {Reply, Turn} from '../../simulators/openai/src/answering/model-script.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {soundsIn} from '../../tools/harness/evidence/owed-silence.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {percentiles} from '../load/percentiles.ts';
import {openWitness, type Span} from '../tools/witness.ts';

/** The goal for every silence while the tool runs, in milliseconds. */
const GOAL_MS = 1_200;

const {values} = parseArgs({
  options: {
    calls: {type: 'string', default: '20'},
    seconds: {type: 'string', default: '8'},
    after: {type: 'string', default: '1000'},
  },
});
const toolMs = Number(values.seconds) * 1_000;
const ASKS: CallerScript = [
  {do: 'waitForSilence', ms: 500},
  {do: 'say', clip: 'caller-book-table'},
  {do: 'pause', ms: toolMs + 8_000},
  {do: 'hangUp'},
];
const says = (text: string): Reply => [{say: {text, audioMs: text.length * 60}}];

/** Calls the tool when it was asked something, and speaks when it has the result. */
function script({instructions, session: {items}}: Turn): Reply {
  const {words} =
    /Say exactly these words, and no others(?:, then stop)?: "(?<words>[^"]+)"/.exec(instructions)?.groups ?? {};
  if (words !== undefined) return says(words);
  const hasAsked = items.some(({role}) => role === 'user');
  const hasCalled = items.some(({type}) => type === 'function_call');
  return hasAsked && !hasCalled
    ? [{call: {name: 'find', arguments: {dish: 'soup'}}}]
    : says('There is a table at eight.');
}

/** Each silence from the tool's beginning to the answer, and how long the caller had waited when they first heard something. */
function silencesOf({streams, spoke}: CallReport, tool: Span) {
  const sounds = streams.flatMap(({played, segments}) => soundsIn(played, segments));
  const over = tool.to ?? Infinity;
  const answer = sounds.find(({from}) => from > over);
  const during = sounds.filter(({from, to}) => to > tool.from && from <= (answer?.from ?? Infinity));
  const silences: number[] = [];
  let until = tool.from;
  for (const {from, to} of during) {
    silences.push(Math.max(0, from - until));
    until = Math.max(until, to);
  }
  const asked = spoke.at(-1)?.endedAt ?? tool.from;
  return {silences, first: (during[0]?.from ?? Infinity) - asked, isAnswered: answer !== undefined};
}

console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
await using stack = new AsyncDisposableStack();
const witness = stack.use(await openWitness(() => toolMs));
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-slow-tool-'));
stack.defer(() => rm(folder, {recursive: true, force: true}));
await writeFile(
  join(folder, 'line.ts'),
  `import {assistant, http} from '${import.meta.resolve('@voicebridge/assistant')}';
import {z} from '${import.meta.resolve('zod')}';
const input = z.object({dish: z.string()});
export default assistant({
  answers: '*',
  greeting: 'Hello.',
  tools: {
    find: http.get({about: 'Finds.', input, url: '${witness.url}/find', allowPrivate: true, timeoutMs: 60_000,
      while: {say: 'One moment, please, I am still looking.', afterMs: ${Number(values.after)}}}),
  },
});
`,
);
// From the creation of a response to its first audio: 300 to 800 ms, as usual.
const model = stack.use(await startFakeOpenAI({script, transcribe: () => 'A table, please.', knobs: {tagged: true}}));
const fleet = stack.use(
  await ProcessFleet.start({edges: 1, workers: 2, modelUrl: model.url, env: {ASSISTANTS_DIR: folder}}),
);
const calls = Array.from({length: Number(values.calls)}, () => fleet.twilio.dial(ASKS));
const reports = await Promise.all(calls.map(call => call.ended));
const spans = new Map([...witness.seen.values()].map(({callSid, spans: [first]}) => [callSid, first]));
const all = reports.flatMap(report => {
  const tool = spans.get(report.callSid);
  return tool ? [silencesOf(report, tool)] : [];
});
const silences = all.flatMap(each => each.silences.map(Math.round));
const long = silences.filter(ms => ms > GOAL_MS).length;
console.table({
  'silence while the tool runs': percentiles(silences),
  'from the caller’s last sound to the first words': percentiles(all.map(({first}) => Math.round(first))),
});
console.log(
  `${all.filter(({isAnswered}) => isAnswered).length} of ${reports.length} callers answered; ${long} of ${silences.length} silences longer than ${GOAL_MS} ms; the phones were ${fleet.twilio.lag.p99.toFixed(1)} ms late (p99)`,
);
process.exitCode = long === 0 && all.every(({isAnswered}) => isAnswered) && all.length === reports.length ? 0 : 1;
