/**
 * `npm run chaos:compose`: callers talk through the balancer of docker-compose.yml while one edge and one worker are killed
 * and one of each hangs. Every call must end by its caller and be recorded once, and what hung must be replaced. Needs
 * Docker; leaves nothing behind but images.
 */
import {spawn} from 'node:child_process';
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';

const count = () => wholeNumber({min: 2, max: 500});
const {calls, edges, workers, seconds, ramp, keep} = commandLine({
  command: 'npm run chaos:compose --',
  about: 'Kills and stops containers under simulated calls, and counts which calls and records are lost.',
  options: z.object({
    calls: count().default(50).describe('how many callers'),
    edges: count().default(3).describe('how many edges'),
    workers: count().default(4).describe('how many workers'),
    seconds: wholeNumber({min: 30, max: 3_600}).default(90).describe('how long each caller stays'),
    ramp: wholeNumber({min: 0, max: 3_600}).default(60).describe('the seconds in which the callers come, one by one'),
    keep: toggle().describe('leaves the containers running, to look at their logs'),
  }),
});

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
const kill = (service: string, index: number) => docker(['kill', container(service, index)]);

/** When each container was made to hang. */
const hung = new Map<string, number>();
async function hang(service: string, index: number): Promise<void> {
  await docker(['exec', container(service, index), 'bash', '-c', HANG]);
  hung.set(container(service, index), Date.now());
}

const DEATHS = [
  ['docker kill of an edge', () => kill('media-edge', 1)],
  ['docker kill of a worker', () => kill('realtime-worker', 1)],
  ['an edge hangs', () => hang('media-edge', 2)],
  ['a worker hangs', () => hang('realtime-worker', 2)],
] as const;

/** Whether every call ended by its caller and has one record, and nothing was restarted but what hung. */
async function run(): Promise<boolean> {
  const scaled = ['--scale', `media-edge=${edges}`, '--scale', `realtime-worker=${workers}`];
  const services = ['balancer', 'realtime-worker', 'analytics', 'simulator-openai'];
  await compose('up', '-d', '--build', '--wait', ...scaled, ...services);
  say(`${edges} edges and ${workers} workers behind the balancer`);
  const callers = {CALLS: calls, SECONDS: seconds, RAMP_SECONDS: ramp};
  const env = Object.entries(callers).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const talking = docker([...COMPOSE, 'run', '--rm', '-T', '--no-deps', ...env, 'simulator-twilio'], true);
  await sleep(ramp * 1_000);
  for (const [what, strike] of DEATHS) {
    await sleep(BETWEEN_DEATHS_MS);
    await strike();
    say(what);
  }
  const heard = await talking;
  console.log(heard);
  const records = await recorded();
  say(`${records} records of ${calls} calls`);
  const ended = heard.includes(`${calls} by caller (the caller hung up)`);
  return (await restartedRightly()) && ended && records === `${calls} different, ${calls} in all`;
}

/** Tells how long each container that hung was away. Whether those were restarted once, and no others. */
async function restartedRightly(): Promise<boolean> {
  const ids = (await compose('ps', '-aq')).split('\n');
  const states = await docker(['inspect', '-f', '{{.Name}} {{.RestartCount}} {{.State.StartedAt}}', ...ids]);
  const wrong = states.split('\n').filter(state => {
    const [name = '', restarts, started = ''] = state.replace(/^\//, '').split(' ');
    const since = hung.get(name);
    if (since !== undefined && restarts === '1') {
      say(`${name} was replaced ${((Date.parse(started) - since) / 1_000).toFixed(1)} s after it hung`);
    }
    return restarts !== (since === undefined ? '0' : '1');
  });
  for (const state of wrong) say(`restarted too often or not at all: ${state}`);
  return wrong.length === 0;
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

const tidyUp = () => docker([...COMPOSE, 'down', '-v', '--remove-orphans'], true);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    say('stopped: the containers are removed');
    void tidyUp().finally(() => process.exit(1));
  });

try {
  await tidyUp(); // what a run that was killed has left
  const ok = await run();
  console.log(ok ? 'every call was completed and recorded once' : 'broken: see above');
  process.exitCode = ok ? 0 : 1;
} finally {
  if (!keep) await tidyUp();
}
