/**
 * `npm run chaos:compose`: callers talk through the balancer of docker-compose.yml while one edge and one worker are killed
 * and one of each hangs. Every call must end by its caller and be recorded once. Needs Docker; leaves nothing behind.
 */
import {spawn} from 'node:child_process';
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';

const count = () => wholeNumber({min: 2, max: 500});
const {calls, edges, workers, seconds} = commandLine({
  command: 'npm run chaos:compose --',
  about: 'Kills and stops containers under simulated calls, and counts which calls and records are lost.',
  options: z.object({
    calls: count().default(50).describe('how many callers'),
    edges: count().default(3).describe('how many edges'),
    workers: count().default(4).describe('how many workers'),
    seconds: wholeNumber({min: 60, max: 3_600}).default(90).describe('how long each caller stays'),
  }),
});

/** Callers come one after the other for this long. */
const RAMP_SECONDS = 10;
const BETWEEN_DEATHS_MS = 10_000;
const PROJECT = 'voicebridge-chaos';
const COMPOSE = ['compose', '-p', PROJECT, '--env-file', 'deploy/simulated.env', '--profile', 'sim'];
/** Stops the service itself; its supervisor goes on. */
const HANG =
  'for p in $(cat /proc/1/task/1/children); do case $(readlink /proc/$p/exe) in */node) kill -STOP $p;; esac; done';

const began = performance.now();
const say = (line: string) => console.log(`${((performance.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}`);

/** What a command prints. Rejects if it fails, unless `anyway`. */
async function docker(args: readonly string[], anyway = false): Promise<string> {
  const child = spawn('docker', args, {stdio: ['ignore', 'pipe', 'pipe']});
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  const [out, failure, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0 && !anyway) throw new Error(`docker ${args.join(' ')}: ${failure.trim().split('\n').at(-1)}`);
  return out.trim();
}
const compose = (...args: string[]) => docker([...COMPOSE, ...args]);
const container = (service: string, index: number) => `${PROJECT}-${service}-${index}`;
const hang = (service: string, index: number) => docker(['exec', container(service, index), 'bash', '-c', HANG]);
const kill = (service: string, index: number) => docker(['kill', container(service, index)]);

const DEATHS = [
  ['docker kill of an edge', () => kill('media-edge', 1)],
  ['docker kill of a worker', () => kill('realtime-worker', 1)],
  ['an edge hangs', () => hang('media-edge', 2)],
  ['a worker hangs', () => hang('realtime-worker', 2)],
] as const;

/** Whether every call ended by its caller and has one record. */
async function run(): Promise<boolean> {
  const scaled = ['--scale', `media-edge=${edges}`, '--scale', `realtime-worker=${workers}`];
  await compose('up', '-d', '--build', ...scaled, 'balancer', 'realtime-worker', 'analytics', 'simulator-openai');
  say(`${edges} edges and ${workers} workers behind the balancer`);
  const callers = {CALLS: calls, SECONDS: seconds, RAMP_SECONDS};
  const env = Object.entries(callers).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const talking = docker([...COMPOSE, 'run', '--rm', '-T', '--no-deps', ...env, 'simulator-twilio'], true);
  await sleep(RAMP_SECONDS * 1_000 + BETWEEN_DEATHS_MS);
  for (const [what, strike] of DEATHS) {
    await strike();
    say(what);
    await sleep(BETWEEN_DEATHS_MS);
  }
  const heard = await talking;
  console.log(heard);
  const logs = await compose('logs', '--no-log-prefix', 'media-edge', 'realtime-worker');
  say(`${logs.split('hangs: killed by its supervisor').length - 1} of 2 that hung were killed by their supervisor`);
  const ended = heard.includes(`${calls} by caller (the caller hung up)`);
  const records = await recorded();
  say(`${records} records of ${calls} calls`);
  return ended && records === `${calls} different, ${calls} in all`;
}

/** How many calls the database knows, when the last record has had time to arrive. */
async function recorded(): Promise<string> {
  const count = "select count(distinct call_sid) || ' different, ' || count(*) || ' in all' from calls";
  const ask = () => compose('exec', '-T', 'postgres', 'psql', '-U', 'voicebridge', '-tAc', count);
  let records = await ask();
  for (let tries = 0; tries < 45 && !records.startsWith(`${calls} `); tries += 1) {
    await sleep(1_000);
    records = await ask();
  }
  return records;
}

try {
  const ok = await run();
  console.log(ok ? 'every call was completed and recorded once' : 'broken: see above');
  process.exitCode = ok ? 0 : 1;
} finally {
  await docker([...COMPOSE, 'down', '-v'], true);
}
