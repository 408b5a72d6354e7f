import {watch} from 'node:fs';
import {devNull} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {stripVTControlCharacters, styleText} from 'node:util';
import {loadEnvFile} from '@voicebridge/shared/config/env-file.ts';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {setIn, type Given} from '@voicebridge/shared/config/given.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {provideRedis, type ProvidedRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {systemClock, type Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {prettyLine, type LogLine} from '../../tools/local-stack/log-line.ts';
import {freePortsFrom, isFree, ProcessFailed} from '../../tools/local-stack/processes.ts';
import {demoDataLines, demoDataPlan, demoSettings, requireDemoData} from './demo-data.ts';
import {openFrontDoor, type FrontDoor} from './front-door.ts';
import {keepRunning, type Kept} from './keep-running.ts';
import {killAsAsked} from './kill-as-asked.ts';
import {
  behindTunnel,
  FURTHER_PORTS,
  furtherPorts,
  instructions,
  listeners,
  planProcesses,
  readSettings,
  withoutSettings,
  type Plan,
  type Planned,
} from './plan.ts';
import {planLines} from './print-plan.ts';
import {announceNumber, checkWayIn} from './public-number.ts';
import {openTunnel, type Tunnel} from './tunnel.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A process without calls has this long to end before it is killed; a worker has this much beyond DRAIN_SECONDS. */
const GRACE: Millis = 10_000;
/**
 * The order of stopping. Workers first: each stays until its calls are over, and meanwhile the webhook assigns no new
 * calls but still answers for active ones. Then the edges, the webhook, and last the records.
 */
const STOPPING: readonly Planned['service'][] = ['realtime-worker', 'media-edge', 'webhook', 'analytics'];

/** Stands for the address of a tunnel that is not open yet. */
const NOT_YET = 'https://tunnel.invalid';
const TUNNEL_ENDED = 'the tunnel has ended, and nobody can call: press Ctrl-C and start again';

const FOR_CALLS = 'Runs the services on this machine, for real calls, until Ctrl-C. .env.example lists the settings.';
const FOR_TALK =
  'A telephone in your browser: runs the services on this machine until Ctrl-C, and prints the address of the page.\n' +
  'npm run talk -- reception calls that assistant, npm run talk -- +4722334455 the assistant of that number.';

const usage = (usually: number, about: string) => ({
  about,
  options: z.object({
    edges: wholeNumber({min: 1, max: 99}).default(usually).describe('how many processes hold the sockets of callers'),
    workers: wholeNumber({min: 1, max: 99}).default(usually).describe('how many processes talk to the model'),
    tunnel: toggle().describe(
      'opens a tunnel with cloudflared, ngrok or tailscale, and sets up TWILIO_NUMBER if the account’s SID and token are set',
    ),
    'demo-data': toggle().describe('only the dashboard, with what npm run seed-data made; takes no calls'),
    json: toggle().describe('log lines as they are, for a program to read'),
    'print-config': toggle().describe('only print every setting of every process and its source, without secrets'),
  }),
});

/** What `npm run talk` has besides `npm start`. */
export interface ForTalk {
  /** Said when everything is ready, in place of what to tell Twilio. */
  readonly says: (plan: Plan) => readonly string[];
  /** The program that runs as analytics: one whose phone may ask for the end of processes. */
  readonly analytics: string;
}

/**
 * `npm start`: the services on this machine, for real calls, until Ctrl-C. `npm run dev`: the same, and a service is
 * restarted when one of its files, or of the libraries, changes.
 */
export async function runServices({
  watching,
  talk,
}: {
  readonly watching: boolean;
  readonly talk?: ForTalk;
}): Promise<void> {
  const {
    json,
    'print-config': printing,
    tunnel: tunnelling,
    'demo-data': showsDemo,
    ...counts
  } = commandLine({
    // Whoever talks may kill one of each, and another one has the call at once.
    ...usage(talk ? 2 : 1, talk ? FOR_TALK : FOR_CALLS),
    command: `npm ${talk ? 'run talk' : watching ? 'run dev' : 'start'} --`,
  });
  let unread: string | undefined;
  try {
    const before = {...process.env};
    unread = loadEnvFile(process.env, ROOT);
    const given = readSettings({...(watching ? {DRAIN_SECONDS: '2'} : {}), ...setIn(process.env)});
    if (showsDemo) {
      requireDemoData();
      const demo = demoDataPlan(given);
      await checkPorts(demo);
      const settings = {given: demoSettings(given), drain: 0, tunnel: undefined};
      await run(demo, {json, watching, talk: undefined, says: demoDataLines, ...settings});
      return;
    }
    const free = await freePortsFrom(FURTHER_PORTS, furtherPorts(counts));
    // With --tunnel the address is not known yet; what cannot start is refused before anything is open.
    const plan = planProcesses(tunnelling && !printing ? behindTunnel(given, NOT_YET) : given, counts, free);
    if (printing) {
      console.log(planLines(plan, given, before).join('\n'));
      return;
    }
    await checkPorts(plan);
    await using tunnel = tunnelling
      ? await openTunnel({port: plan.frontDoor?.port ?? 0, env: withoutSettings(process.env)})
      : undefined;
    const settled = tunnel ? behindTunnel(given, tunnel.url) : given;
    const drain = Number(given.values['DRAIN_SECONDS'] ?? 60) * 1_000;
    await run(planProcesses(settled, counts, free), {json, watching, talk, given: settled, drain, tunnel});
  } catch (error) {
    if (!(error instanceof CannotStart) && !(error instanceof ProcessFailed)) throw error;
    const told = error instanceof ProcessFailed ? error.summary : error.message; // its lines were shown as they came
    console.error(styleText('red', `cannot start: ${told}`));
    if (unread !== undefined) console.error(styleText('red', `${unread}.`));
    process.exitCode = 1;
  }
  // Processes that were still starting end with this one.
  process.exit();
}

interface RunOptions {
  readonly json: boolean;
  readonly watching: boolean;
  readonly talk: ForTalk | undefined;
  /** Said when everything is ready, in place of what to tell Twilio. */
  readonly says?: ForTalk['says'];
  readonly given: Given;
  readonly tunnel: Tunnel | undefined;
  /** How long calls may go on after Ctrl-C. */
  readonly drain: Millis;
}

async function run(plan: Plan, {json, watching, talk, says, given, drain, tunnel}: RunOptions): Promise<void> {
  const began = performance.now();
  const tell = (line: string) => {
    if (!json) console.log(line);
    else if (line !== '') console.log(JSON.stringify({service: 'start', msg: stripVTControlCharacters(line.trim())}));
  };
  const show = (name: string) => (line: LogLine) => console.log(json ? line.text : prettyLine(name, line));
  const say = (name: string) => (line: string) => tell(styleText('yellow', `${name} ${line}`));
  for (const warning of plan.warnings) tell(styleText('yellow', `! ${warning}`));

  // From here on, so that Ctrl-C during the start leaves nothing behind either.
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1); // the second time: at once; every process ends with this one
      stop.abort();
      asked.resolve();
    });
  }

  let redis: ProvidedRedis | undefined;
  let door: FrontDoor | undefined;
  const kept: {planned: Planned; process: Kept}[] = [];
  try {
    const {REDIS_URL: redisUrl, VOICEBRIDGE_REDIS: kind} = given.values;
    redis = await provideRedis({url: redisUrl, kind, log: tell});
    const {url} = redis;
    tell(`Starting ${plan.processes.map(({name}) => name).join(', ')} …`);
    const start = async (planned: Planned) => {
      const {service, name} = planned;
      const onLine = show(name);
      // Its environment is complete: the secrets of the others in .env are not for it.
      const program =
        talk && service === 'analytics'
          ? {service: talk.analytics, onMessage: (asked: unknown) => tell(killAsAsked(asked, kept))}
          : {service};
      const env = {...planned.env, REDIS_URL: url, DOTENV_CONFIG_PATH: devNull};
      const options = {...program, name, env, onLine};
      kept.push({planned, process: await keepRunning(options, say(name))});
    };
    await Promise.race([Promise.all(plan.processes.map(start)), asked.promise]);
    if (stop.signal.aborted) return;
    if (plan.frontDoor) door = await openFrontDoor(plan.frontDoor);
    const ports = listeners(plan)
      .map(({name, port}) => `${name} ${port}`)
      .join(', ');
    tell(`\n${styleText('green', 'ready')} in ${((performance.now() - began) / 1_000).toFixed(1)} s (${ports})\n`);
    const announced = tunnel && (await announceNumber(given));
    for (const line of (talk?.says ?? says)?.(plan) ?? instructions(plan, {isSetUp: announced?.isSetUp === true}))
      tell(line);
    if (announced) tell(`\n${announced.told}`);
    tell('');
    if (tunnel) {
      void checkWayIn(given, systemClock, stop.signal).then(line => stop.signal.aborted || tell(line));
      void tunnel.ended.then(() => stop.signal.aborted || tell(styleText('red', TUNNEL_ENDED)));
    }
    if (watching) restartOnChange(kept, stop.signal, drain + GRACE, tell);
    await asked.promise;
    tell(
      drain === 0
        ? '\nstopping'
        : `\ndraining: no new calls; active calls have up to ${drain / 1_000} s to finish. Ctrl-C again stops at once.`,
    );
  } finally {
    stop.abort();
    for (const service of STOPPING) {
      const group = kept.filter(({planned}) => planned.service === service);
      const within = service === 'realtime-worker' ? drain + GRACE : GRACE;
      await Promise.all(group.map(({process: running}) => running.stop(within)));
    }
    await door?.[Symbol.asyncDispose]();
    await redis?.close();
  }
  tell('stopped');
}

/** A change in a service restarts it; a change in a library restarts all. Calls are handed over as in a drain. */
function restartOnChange(
  kept: readonly {planned: Planned; process: Kept}[],
  signal: AbortSignal,
  within: Millis,
  tell: (line: string) => void,
): void {
  const libraries = ['libs/shared/src', 'libs/assistant/src'];
  const folders = [...libraries, ...new Set(kept.map(({planned}) => `services/${planned.service}`))];
  for (const folder of folders) {
    let timer: NodeJS.Timeout | undefined;
    watch(join(ROOT, folder), {recursive: true, signal}, (_, file) => {
      if (!file || !/\.(ts|js|css|lua|sql|html)$/.test(file) || file.endsWith('.test.ts')) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const changed = kept.filter(
          ({planned}) => libraries.includes(folder) || folder.endsWith(`/${planned.service}`),
        );
        tell(`${folder}/${file} changed: restarting ${changed.map(({planned}) => planned.name).join(', ')}`);
        for (const {process: running} of changed) void running.restart(within);
      }, 150);
    });
  }
  tell('watching for changes');
}

async function checkPorts(plan: Plan): Promise<void> {
  const taken: string[] = [];
  for (const {name, port, portVariable} of listeners(plan)) {
    if (!(await isFree(port)))
      taken.push(`port ${port} of ${name} is taken by another process: set ${portVariable} to a free one`);
  }
  if (taken.length > 0) throw new CannotStart(taken.join('\n  '));
}
