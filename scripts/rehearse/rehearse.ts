import {devNull} from 'node:os';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {callsOutOf, type CallsOutOfRehearsal} from './call-out.ts';
import {evidenceOf} from './evidence.ts';
import {judge} from './judge.ts';
import type {Outcome} from './junit.ts';
import {personAt} from './people.ts';
import {placeRehearsal} from './place-rehearsal.ts';
import type {RehearsalModel} from './rehearsal-model.ts';
import {resultLines, toolWarning, verdictLines} from './story.ts';
import type {Part} from './who-answers.ts';

export interface RehearseOptions {
  readonly model: RehearsalModel;
  readonly folder: string;
  /** The environment variables that the workers get too. */
  readonly secrets: readonly string[];
  readonly killWorker: boolean;
  readonly print: (line: string) => void;
}

/** Plays all of it, one call after the other, through every service as a process of its own. */
export async function rehearse(parts: readonly Part[], options: RehearseOptions): Promise<readonly Outcome[]> {
  const {model, folder, secrets, killWorker, print} = options;
  print(`starting the services with the assistants of ${folder} …`);
  const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
  using _ = {[Symbol.dispose]: () => clearInterval(alive)};
  let playing: Part['rehearsal'] | undefined;
  const callsOut = await callsOutOf(parts, () => playing);
  await using fleet = await ProcessFleet.start({
    edges: 1,
    workers: killWorker ? 2 : 1,
    modelUrl: model.url,
    twilio: {people: target => personAt(playing?.people ?? {}, target), ...callsOut.twilio},
    workerEnv: Object.fromEntries(secrets.map(name => [name, process.env[name] ?? 'rehearsal'])),
    env: {
      ASSISTANTS_DIR: folder,
      OPENAI_API_KEY: model.apiKey,
      DRAIN_SECONDS: '2',
      LOG_LEVEL: 'warn',
      LOG_MODEL_DETAILS: 'on', // why a tool failed, in its own words; nobody real is speaking
      // The .env of a real installation is not for a rehearsal.
      DOTENV_CONFIG_PATH: devNull,
      ...callsOut.env,
    },
  });
  const outcomes: Outcome[] = [];
  for (const part of parts) {
    playing = part.rehearsal;
    outcomes.push(await rehearseOne(part, fleet, {...options, callsOut}));
    if (killWorker && part !== parts.at(-1)) await fleet.addWorker();
  }
  if (fleet.machineIsBusy) print('\nThis machine was busy with something else: the times above are too long.');
  return outcomes;
}

async function rehearseOne(
  part: Part,
  fleet: ProcessFleet,
  {model, killWorker, print, callsOut}: RehearseOptions & {readonly callsOut: CallsOutOfRehearsal},
): Promise<Outcome> {
  const {file, rehearsal, to} = part;
  print(rehearsal.callOut ? `\n${file}: a ${rehearsal.callOut.answers} at ${to} is called` : `\n${file} calls ${to}`);
  const began = performance.now();
  const tell = (line: string) => print(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)}  ${line}`);
  const saw = model.begin(rehearsal, tell);
  const stops = fleet.workers.map(worker =>
    worker.onLine(line => {
      const warning = toolWarning(line);
      if (warning !== undefined) tell(warning);
    }),
  );
  const {report, faults} = await placeRehearsal(fleet, part, {callsOut, killWorker, tell});
  for (const stop of stops) stop();
  const seen = evidenceOf(report, saw());
  const evidence = {...seen, faults: [...seen.faults, ...faults]};
  const failures = judge(rehearsal.expects, evidence);
  resultLines(evidence.tools).forEach(print);
  verdictLines(file, evidence, failures).forEach(print);
  return {file, seconds: evidence.lastedMs / 1_000, failures};
}
