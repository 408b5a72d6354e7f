/** `npm run rehearse`: simulated callers try the assistants, and what they expect is checked. */
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {ProcessFailed} from '../../tools/local-stack/processes.ts';
import {callerClips} from '../../simulators/audio/clips.ts';
import {saidBy} from './caller-steps.ts';
import {utteranceOf} from './caller-voice.ts';
import {REHEARSE} from './options.ts';
import {junitXml} from './junit.ts';
import {readCallFiles} from './read-call-files.ts';
import {watchRealModel} from './real-model.ts';
import {rehearse} from './rehearse.ts';
import {startScriptedServer} from './scripted-server.ts';
import {tryModel} from './try-model.ts';
import {whoAnswers} from './who-answers.ts';

const OPENAI = process.env['OPENAI_REALTIME_URL'] ?? 'wss://api.openai.com/v1/realtime';
const print = (line: string) => void process.stdout.write(`${line}\n`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1)); // every process of the rehearsal ends with this one
}

const {folder: given, only, kill, real, junit} = commandLine(REHEARSE);
const folder = resolve(given ?? process.env['ASSISTANTS_DIR'] ?? 'assistants');
const found = await readCallFiles(folder);
const wanted = found.rehearsals.filter(({assistant}) => only === undefined || assistant === only);
const {parts, secrets, problems: unanswered} = await whoAnswers(folder, wanted);
const said = parts.flatMap(({rehearsal}) => saidBy(rehearsal.caller));
const problems = [...found.problems, ...unanswered, ...(real ? notForReal(said) : [])];
if (problems.length === 0 && real) problems.push(...(await tryModel(process.env)));
if (problems.length > 0) stop(problems);
if (parts.length === 0)
  stop([`there is no ${only ?? '<name>'}.call.yaml or .call.ts in ${folder}; npm run new -- NAME writes one`]);

await using model = real
  ? await watchRealModel({upstream: OPENAI, apiKey: process.env['OPENAI_API_KEY'] ?? ''})
  : await startScriptedServer(said.map(utteranceOf));
const outcomes = await rehearse(parts, {model, folder, secrets, killWorker: kill === 'worker', print}).catch(
  (thrown: unknown) => {
    if (thrown instanceof CannotStart || thrown instanceof ProcessFailed) return stop([thrown.message]);
    throw thrown;
  },
);
if (junit !== undefined) await writeFile(junit, junitXml(outcomes));
const failed = outcomes.filter(({failures}) => failures.length > 0);
print(
  failed.length === 0
    ? `${outcomes.length} rehearsed, all as expected`
    : `${outcomes.length} rehearsed, ${failed.length} not as expected: ${failed.map(({file}) => file).join(', ')}`,
);
process.exit(failed.length === 0 ? 0 : 1);

/** A real model understands only what is really said. */
function notForReal(texts: readonly string[]): string[] {
  const missing = texts.filter(text => !utteranceOf(text).isRecorded);
  if (missing.length === 0) return [];
  return [
    ...missing.map(text => `--real: there is no recording of “${text}”`),
    'These sentences are recorded:',
    ...Object.values(callerClips).map(({text}) => `  ${text}`),
  ];
}

function stop(lines: readonly string[]): never {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return process.exit(1);
}
