/** `npm run replay -- call.jsonl`: plays a captured call again, and says what is decided otherwise now (--help). */
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {corpusFile, corpusNames, makeCorpus} from '../tools/replay/corpus-files.ts';
import {USUAL_TOLERANCE} from '../tools/replay/decisions.ts';
import {loadCapture} from '../tools/replay/load-capture.ts';
import {rehearsalOf} from '../tools/replay/rehearsal-of.ts';
import {playMutations} from '../tools/replay/mutations/run.ts';
import {replay} from '../tools/replay/replay.ts';
import {clockOf, replayLines} from '../tools/replay/tell.ts';

const USAGE = `npm run replay -- FILE…                          plays a captured call (CAPTURE) in virtual time, and tells the first decision
                                                 that is not as it was; exit code 1 if there is one, 2 if it cannot be played
npm run replay -- FILE… --write-rehearsal NAME   writes assistants/NAME.call.yaml with what the caller did
npm run replay -- --corpus                       plays all calls of the corpus
npm run replay -- --make-corpus [NAME…]          makes the corpus anew, or these calls of it, by what is decided now
npm run replay -- --mutations [WORDS]            changes one rule of the product after the other, and tells which of them no call of the corpus
                                                 notices; of those rules only that have these words in their name. Takes a quarter of an hour

  --tolerance MS   how much later or earlier a decision may be (${USUAL_TOLERANCE.timeMs}); positions in what was heard may differ by ${USUAL_TOLERANCE.positionMs} ms

Of CALLSID.edge-….jsonl the other files of the same call in the same folder are read, too.
`;

const options = {
  corpus: {type: 'boolean'},
  'make-corpus': {type: 'boolean'},
  mutations: {type: 'boolean'},
  'write-rehearsal': {type: 'string'},
  tolerance: {type: 'string'},
  help: {type: 'boolean'},
} as const;

const say = (line: string) => void process.stdout.write(`${line}\n`);

try {
  process.exitCode = await run();
} catch (thrown) {
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 2;
}

function given() {
  try {
    return parseArgs({options, allowPositionals: true});
  } catch (thrown) {
    const [what] = messageOf(thrown).split('. ');
    throw new Error(`${what}: npm run replay -- --help lists the options`, {cause: thrown});
  }
}

async function run(): Promise<number> {
  const {values, positionals: files} = given();
  const timeMs = Number(values.tolerance ?? USUAL_TOLERANCE.timeMs);
  if (!Number.isFinite(timeMs) || timeMs < 0) throw new Error('--tolerance must be a number of milliseconds');
  const tolerance = {...USUAL_TOLERANCE, timeMs};
  if (values['make-corpus']) {
    await makeCorpus(files, say);
    return 0;
  }
  if (values.mutations) return (await playMutations(files.join(' '), say)).length === 0 ? 0 : 1;
  if (values.corpus) return await playCorpus(tolerance);
  if (values.help || files.length === 0) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const call = loadCapture(files);
  const name = values['write-rehearsal'];
  if (name !== undefined) return writeRehearsal(name, rehearsalOf(call));
  const replayed = await replay(call, tolerance);
  replayLines(call, replayed).forEach(say);
  if (replayed.difference) return 1;
  return replayed.unknown ? 2 : 0;
}

async function playCorpus(tolerance: typeof USUAL_TOLERANCE): Promise<number> {
  let different = 0;
  for (const name of corpusNames()) {
    const call = loadCapture([corpusFile(name)]);
    const replayed = await replay(call, tolerance);
    const {difference, decisions, until} = replayed;
    say(
      [
        name.padEnd(30),
        clockOf(until).padStart(9),
        String(decisions).padStart(4),
        difference ? `differs at ${clockOf(difference.at)}` : 'the same',
      ].join('  '),
    );
    if (!difference) continue;
    different += 1;
    replayLines(call, replayed).forEach(line => say(`    ${line}`));
  }
  say(different === 0 ? 'all are the same' : `${different} differ`);
  return different === 0 ? 0 : 1;
}

function writeRehearsal(name: string, text: string): number {
  if (!/^[\w-]{1,60}$/.test(name)) throw new Error('the name of a rehearsal has letters, digits, _ and - only');
  const file = join('assistants', `${name}.call.yaml`);
  if (existsSync(file)) throw new Error(`there is a ${file} already`);
  writeFileSync(file, text);
  say(`${file} is written: look at it, say what you expect, and run npm run rehearse`);
  return 0;
}
