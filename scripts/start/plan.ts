import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import {cannotStart, misspeltNames, problemsIn, type Env} from '@voicebridge/shared/config/config.ts';
import {readGiven, setIn, type Given, type Problem} from '@voicebridge/shared/config/given.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {z} from 'zod';
import {AnalyticsEnv} from '../../services/analytics/src/config.ts';
import {EdgeEnv} from '../../services/media-edge/src/config.ts';
import {WorkerEnv} from '../../services/realtime-worker/src/config.ts';
import {WebhookEnv} from '../../services/webhook/src/config.ts';
import type {FrontDoorOptions} from './front-door.ts';
import {StartEnv} from './start-env.ts';

/** One process to run: which service, what people call it, its port and the variable that moves it. */
export interface Planned {
  readonly service: 'webhook' | 'media-edge' | 'realtime-worker' | 'analytics';
  readonly name: string;
  readonly port: number;
  readonly portVariable: string;
  readonly env: Env;
}

/** Whatever needs a port. */
export type Listener = Pick<Planned, 'name' | 'port' | 'portVariable'>;

export interface Plan {
  readonly processes: readonly Planned[];
  /** What Twilio is told, without a last slash. */
  readonly webhookUrl: string;
  readonly edgeUrls: readonly string[];
  /** The one port that needs a tunnel, if no public address of the edges is set. */
  readonly frontDoor?: FrontDoorOptions;
  /** What the operator should know before the first call. */
  readonly warnings: readonly string[];
}

/** The first process of each kind has a named port. All others take free ports from here on. */
export const FURTHER_PORTS = 5101;
const NAMED_PORTS = 4;

/** What each service reads from its environment. */
export const SCHEMAS: Readonly<Record<Planned['service'], z.ZodObject>> = {
  webhook: WebhookEnv,
  'media-edge': EdgeEnv,
  'realtime-worker': WorkerEnv,
  analytics: AnalyticsEnv,
};
/** The variables that libraries read by themselves: OpenTelemetry and Node in every service, the database's in one. */
const BY_LIBRARIES: Readonly<Record<Planned['service'], RegExp>> = {
  webhook: /^(OTEL|NODE)_/,
  'media-edge': /^(OTEL|NODE)_/,
  'realtime-worker': /^(OTEL|NODE)_/,
  analytics: /^((OTEL|NODE)_|PG)/,
};
const UNSIGNED =
  'Unsigned calls are accepted, on loopback only: anyone who finds a tunnel to it can spend your OpenAI credit. Set TWILIO_AUTH_TOKEN.';
const LOOPBACK = '127.0.0.1';

export interface Counts {
  readonly edges: number;
  readonly workers: number;
}

/** How many ports `planProcesses` may need beside those that have a name, and those names may be among them. */
export function furtherPorts({edges, workers}: Counts): number {
  return edges + workers + NAMED_PORTS;
}

/**
 * Everything `npm start` will run. `free`: ports for the second and further edges and workers, and for the webhook
 * behind a front door. Throws `CannotStart` that names every problem of every process.
 */
export function planProcesses(given: Given, counts: Counts, free: readonly number[]): Plan {
  const {plan, problems, hints} = draftPlan(given, counts, free);
  if (problems.length > 0) throw explained(problems, hints);
  const clashes = sharedPorts(listeners(plan));
  if (clashes.length > 0) throw new CannotStart(clashes.join('\n  '));
  return plan;
}

/** Everything that `npm start` would refuse in these settings, each once. */
export function planProblems(given: Given): Problem[] {
  const {problems} = draftPlan(given, {edges: 1, workers: 1}, []);
  return [...new Map(problems.map(problem => [`${problem.name} ${problem.what}`, problem])).values()];
}

function draftPlan(given: Given, {edges, workers}: Counts, free: readonly number[]) {
  const env = given.values;
  const hints = misspeltNames(env, allNames());
  const problems = problemsIn(StartEnv, given);
  // With a port that cannot be read the rest is still looked at.
  const ports = StartEnv.safeParse(env).data ?? StartEnv.parse({});
  const named = [ports.WEBHOOK_PORT, ports.EDGE_PORT, ports.WORKER_PORT, ports.ANALYTICS_PORT];
  const further = free.filter(port => !named.includes(port)).values();
  const next = () => further.next().value ?? 0;

  const {webhookUrl, edgeUrlOf, hasDoor} = addresses(env, ports.WEBHOOK_PORT);
  const ownWebhookPort = hasDoor ? next() : ports.WEBHOOK_PORT;
  const validate = env['TWILIO_VALIDATE'] ?? (env['TWILIO_AUTH_TOKEN'] || !isLocal(env) ? 'on' : 'off');

  const processes: Planned[] = [];
  const add = (service: Planned['service'], name: string, port: number, portVariable: string, more: Env = {}) => {
    const common = {PUBLIC_WEBHOOK_URL: webhookUrl, TWILIO_VALIDATE: validate, PORT: String(port)};
    const metrics = {METRICS_PORT: nextAfter(env['METRICS_PORT'], processes.length)};
    const all = {...env, ...common, ...metrics, ...more};
    problems.push(...problemsIn(SCHEMAS[service], {...given, values: setIn({...all, REDIS_URL: redisOf(env)})}));
    processes.push({service, name, port, portVariable, env: settingsOf(service, all)});
  };
  // Only what Twilio must reach without a front door is reached from elsewhere; HOST is for the dashboard.
  const behindDoor = {HOST: hasDoor ? LOOPBACK : undefined};
  // Only a phone in the browser signs calls.
  const unlessPhone = env['BROWSER_PHONE'] === 'on' ? {} : {TWILIO_AUTH_TOKEN: undefined};
  add('analytics', 'analytics', ports.ANALYTICS_PORT, 'ANALYTICS_PORT', unlessPhone);
  for (let n = 0; n < workers; n += 1) {
    const port = n === 0 ? ports.WORKER_PORT : next();
    add('realtime-worker', `worker-${n + 1}`, port, 'WORKER_PORT', {HOST: LOOPBACK});
  }
  const edgeUrls: string[] = [];
  for (let n = 0; n < edges; n += 1) {
    const port = n === 0 ? ports.EDGE_PORT : next();
    edgeUrls.push(edgeUrlOf(port));
    add('media-edge', `edge-${n + 1}`, port, 'EDGE_PORT', {...behindDoor, PUBLIC_EDGE_URL: edgeUrlOf(port)});
  }
  const webhookEnv = {...behindDoor, PUBLIC_EDGE_URL: edgeUrlOf(ports.EDGE_PORT)};
  add('webhook', 'webhook', ownWebhookPort, 'WEBHOOK_PORT', webhookEnv);

  const edgePorts = processes.filter(({service}) => service === 'media-edge').map(({port}) => port);
  const frontDoor = {
    port: ports.WEBHOOK_PORT,
    host: validate === 'off' ? LOOPBACK : undefined,
    webhookPort: ownWebhookPort,
    edgePorts,
  };
  // Nothing is wrong with a phone in the browser that only this machine reaches: `npm run talk` says so in its own words.
  const isOnlyPhone = env['BROWSER_PHONE'] === 'on' && isLocal(env);
  const warnings = [...hints, ...(validate === 'off' && !isOnlyPhone ? [UNSIGNED] : [])];
  const plan: Plan = {
    processes,
    webhookUrl,
    edgeUrls: [...new Set(edgeUrls)],
    ...(hasDoor ? {frontDoor} : {}),
    warnings,
  };
  return {plan, problems, hints};
}

/** The URLs for Twilio. One public address means one tunnel: edges are reached through it too. */
function addresses(env: Env, webhookPort: number) {
  const {PUBLIC_WEBHOOK_URL: webhook, PUBLIC_EDGE_URL: edge} = env;
  const hasDoor = webhook !== undefined && edge === undefined;
  const webhookUrl = cut(webhook ?? `http://127.0.0.1:${webhookPort}`);
  // What follows from an address that is none is not its own mistake.
  const behind = /^https?:/.test(webhookUrl) ? webhookUrl.replace(/^http/, 'ws') : 'wss://unknown';
  const sharedUrl = hasDoor ? behind : edge;
  return {webhookUrl, hasDoor, edgeUrlOf: (port: number) => cut(sharedUrl ?? `ws://127.0.0.1:${port}`)};
}

/** Each process needs a port of its own. What cannot be read as one is left for its schema to complain of. */
function nextAfter(port: string | undefined, index: number): string | undefined {
  return port !== undefined && /^[1-9]\d{0,4}$/.test(port) ? String(Number(port) + index) : port;
}

/** Whether no address leads here from another machine, so that unsigned calls can only be our own. */
function isLocal({PUBLIC_WEBHOOK_URL, PUBLIC_EDGE_URL}: Env): boolean {
  return [PUBLIC_WEBHOOK_URL, PUBLIC_EDGE_URL].every(
    url => url === undefined || isLoopback(URL.parse(url)?.hostname ?? ''),
  );
}

/** REDIS_URL where it is used; where it is not, we start one ourselves. */
function redisOf(env: Env): string {
  return env['VOICEBRIDGE_REDIS'] || !env['REDIS_URL'] ? 'redis://127.0.0.1' : env['REDIS_URL'];
}

/** The variables that this service reads and no others: no process has a secret that it does not need. */
function settingsOf(service: Planned['service'], env: Env): Env {
  const {shape} = SCHEMAS[service];
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => value !== undefined && (name in shape || BY_LIBRARIES[service].test(name)),
    ),
  );
}

/** What is given to `npm start` and to all services, with the contents of files. */
export function readSettings(env: Env): Given {
  return readGiven(env, allNames());
}

/** What is given, with the address of a tunnel. Throws `CannotStart` if it has a public address already. */
export function behindTunnel(given: Given, url: string): Given {
  const taken = ['PUBLIC_WEBHOOK_URL', 'PUBLIC_EDGE_URL'].filter(name => given.values[name] !== undefined);
  if (taken.length > 0)
    throw new CannotStart(`--tunnel brings a public address of its own: leave ${taken.join(' and ')} out`);
  return {...given, values: {...given.values, PUBLIC_WEBHOOK_URL: url}};
}

/** An environment for other programs: without settings of ours, which may be secrets. */
export function withoutSettings(env: Env): Env {
  const ours = new Set(allNames().flatMap(name => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name)));
}

/** The name of every setting. */
export function allNames(): string[] {
  return [StartEnv, ...Object.values(SCHEMAS)].flatMap(({shape}) => Object.keys(shape));
}

/** All problems; for a newcomer without a key also what works without one. */
function explained(problems: readonly Problem[], hints: readonly string[]): CannotStart {
  const error = cannotStart(problems, hints);
  const keyless = problems.some(({name, what}) => name === 'OPENAI_API_KEY' && what === 'is not set');
  return keyless ? new CannotStart(`${error.message}\nOr try everything without a key: npm run demo`) : error;
}

/** Everything that needs a port. */
export function listeners({processes, frontDoor}: Pick<Plan, 'processes' | 'frontDoor'>): readonly Listener[] {
  if (!frontDoor) return processes;
  return [...processes, {name: 'the front door', port: frontDoor.port, portVariable: 'WEBHOOK_PORT'}];
}

function sharedPorts(all: readonly Listener[]): string[] {
  return all.flatMap(({name, port, portVariable}, index) => {
    const other = all.slice(0, index).find(earlier => earlier.port === port);
    if (!other) return [];
    return [`${other.name} and ${name} would share port ${port}: change ${other.portVariable} or ${portVariable}`];
  });
}

/** What to do in Twilio's console, and before. `isSetUp`: nothing. */
export function instructions(
  {processes, webhookUrl, edgeUrls, frontDoor}: Plan,
  {isSetUp = false}: {readonly isSetUp?: boolean} = {},
): string[] {
  const portsOf = (service: Planned['service']) =>
    processes.filter(other => other.service === service).map(({port}) => port);
  const local = [webhookUrl, ...edgeUrls].some(url => isLoopback(new URL(url).hostname));
  const port = frontDoor?.port ?? portsOf('webhook')[0];
  const tunnel = [
    `Twilio cannot reach ${webhookUrl} yet. Open a tunnel to port ${port}, for instance with  ngrok http ${port}`,
    'then put its address into .env and start again; or let  npm start -- --tunnel  do both:',
    '  PUBLIC_WEBHOOK_URL=https://…',
  ];
  const twilio = [
    "In Twilio's console, under Phone Numbers, at your number, in Voice Configuration:",
    `  A call comes in       Webhook, ${webhookUrl}/incoming-call, HTTP POST`,
    `  Call status changes   ${webhookUrl}/call-status, HTTP POST`,
  ];
  return [
    ...(local ? [...tunnel, ''] : []),
    ...(isSetUp ? [] : [...twilio, '']),
    `What happened in the calls: http://127.0.0.1:${portsOf('analytics')[0]}/`,
  ];
}

function cut(url: string): string {
  return url.replace(/\/+$/, '');
}
