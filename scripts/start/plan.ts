import {BLOCKED_PORTS} from '@voicebridge/shared/blocked-ports.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {Env} from '@voicebridge/shared/config.ts';

/** One process to run: which service, what people call it, its port and the variable that moves it. */
export interface Planned {
  readonly service: 'webhook' | 'media-edge' | 'realtime-worker' | 'analytics';
  readonly name: string;
  readonly port: number;
  readonly portVariable: string;
  readonly env: Env;
}

export interface Plan {
  readonly processes: readonly Planned[];
  /** What Twilio is told, without a last slash. */
  readonly webhookUrl: string;
  readonly edgeUrls: readonly string[];
  /** The one port that needs a tunnel, when nobody said where the edges are reached. */
  readonly frontDoor?: {readonly port: number; readonly webhookPort: number; readonly edgePorts: readonly number[]};
  /** What the operator should know before the first call. */
  readonly warnings: readonly string[];
}

/** Ports of the first of each kind, and of the front door. */
const DEFAULT_PORTS = {WEBHOOK_PORT: 5050, EDGE_PORT: 5051, WORKER_PORT: 5052, ANALYTICS_PORT: 5053} as const;
/** All others take ports that are free from here on. */
export const FURTHER_PORTS = 5101;

export interface Counts {
  readonly edges: number;
  readonly workers: number;
}

/** How many ports `planProcesses` may need beside those that have a name, and those names may be among them. */
export function furtherPorts({edges, workers}: Counts): number {
  return edges + workers + Object.keys(DEFAULT_PORTS).length;
}

/**
 * Everything `npm start` will run. `free`: ports for the second and further edges and workers, and for the webhook
 * behind a front door. Throws `CannotStart` that names every problem it can see beforehand.
 */
export function planProcesses(env: Env, {edges, workers}: Counts, free: readonly number[]): Plan {
  const problems: string[] = [];
  if (!env['OPENAI_API_KEY']) {
    problems.push(
      'OPENAI_API_KEY is not set. Make a key at https://platform.openai.com/api-keys and put OPENAI_API_KEY=sk-… into .env,',
      '    or try everything without one: npm run demo',
    );
  }
  const portOf = (variable: keyof typeof DEFAULT_PORTS) => {
    const port = Number(env[variable] || DEFAULT_PORTS[variable]);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) problems.push(`${variable} must be a port, 1 to 65535`);
    return port;
  };
  const webhookPort = portOf('WEBHOOK_PORT');
  const edgePort = portOf('EDGE_PORT');
  const workerPort = portOf('WORKER_PORT');
  const analyticsPort = portOf('ANALYTICS_PORT');
  if (BLOCKED_PORTS.has(analyticsPort))
    problems.push(`ANALYTICS_PORT ${analyticsPort} is one that browsers refuse to open: take another`);
  const named = [webhookPort, edgePort, workerPort, analyticsPort];
  const further = free.filter(port => !named.includes(port)).values();
  const next = () => further.next().value ?? 0;
  const webhookUrl = cut(env['PUBLIC_WEBHOOK_URL'] || `http://127.0.0.1:${webhookPort}`);
  if (!/^https?:\/\/\S+$/.test(webhookUrl)) problems.push('PUBLIC_WEBHOOK_URL must be a URL that starts with https://');
  // One public address means one tunnel: the edges are reached through it too.
  const hasDoor = Boolean(env['PUBLIC_WEBHOOK_URL'] && !env['PUBLIC_EDGE_URL']);
  const sharedUrl = hasDoor ? webhookUrl.replace(/^http/, 'ws') : env['PUBLIC_EDGE_URL'];
  const edgeUrlOf = (port: number) => cut(sharedUrl || `ws://127.0.0.1:${port}`);
  const ownWebhookPort = hasDoor ? next() : webhookPort;

  const warnings: string[] = [];
  // Without the token nobody can check a signature: allowed for a first try, and said.
  const validate = env['TWILIO_VALIDATE'] || (env['TWILIO_AUTH_TOKEN'] ? 'on' : 'off');
  if (validate === 'off') {
    warnings.push(
      'Signatures of Twilio are not checked: whoever finds the address can spend your OpenAI credit. Set TWILIO_AUTH_TOKEN.',
    );
  }

  const processes: Planned[] = [];
  const plan = (service: Planned['service'], name: string, port: number, portVariable: string, more: Env = {}) => {
    const clash = processes.find(other => other.port === port);
    if (clash)
      problems.push(
        `${clash.name} and ${name} would share port ${port}: change ${clash.portVariable} or ${portVariable}`,
      );
    const common = {PUBLIC_WEBHOOK_URL: webhookUrl, TWILIO_VALIDATE: validate, PORT: String(port)};
    processes.push({service, name, port, portVariable, env: {...env, ...common, ...more}});
  };
  plan('analytics', 'analytics', analyticsPort, 'ANALYTICS_PORT');
  for (let n = 0; n < workers; n += 1) {
    plan('realtime-worker', `worker-${n + 1}`, n === 0 ? workerPort : next(), 'WORKER_PORT');
  }
  const edgeUrls: string[] = [];
  for (let n = 0; n < edges; n += 1) {
    const port = n === 0 ? edgePort : next();
    edgeUrls.push(edgeUrlOf(port));
    plan('media-edge', `edge-${n + 1}`, port, 'EDGE_PORT', {PUBLIC_EDGE_URL: edgeUrlOf(port)});
  }
  plan('webhook', 'webhook', ownWebhookPort, 'WEBHOOK_PORT', {PUBLIC_EDGE_URL: edgeUrlOf(edgePort)});
  const clash = hasDoor && processes.find(({port}) => port === webhookPort);
  if (clash)
    problems.push(
      `the front door and ${clash.name} would share port ${webhookPort}: change WEBHOOK_PORT or ${clash.portVariable}`,
    );

  if (problems.length > 0) throw new CannotStart(problems.join('\n  '));
  const edgePorts = processes.filter(({service}) => service === 'media-edge').map(({port}) => port);
  const frontDoor = {port: webhookPort, webhookPort: ownWebhookPort, edgePorts};
  return {processes, webhookUrl, edgeUrls: [...new Set(edgeUrls)], warnings, ...(hasDoor ? {frontDoor} : {})};
}

/** What to do in Twilio's console, and before. */
export function instructions({processes, webhookUrl, edgeUrls, frontDoor}: Plan): string[] {
  const portsOf = (service: Planned['service']) =>
    processes.filter(other => other.service === service).map(({port}) => port);
  const local = [webhookUrl, ...edgeUrls].some(url => /^(http|ws):\/\/(127\.|localhost)/.test(url));
  const port = frontDoor?.port ?? portsOf('webhook')[0];
  const tunnel = [
    `Twilio cannot reach ${webhookUrl} yet. Open a tunnel to port ${port}, for instance with  ngrok http ${port}`,
    'then put its address into .env and start again:',
    '  PUBLIC_WEBHOOK_URL=https://…',
  ];
  const twilio = [
    "In Twilio's console, under Phone Numbers, at your number, in Voice Configuration:",
    `  A call comes in       Webhook, ${webhookUrl}/incoming-call, HTTP POST`,
    `  Call status changes   ${webhookUrl}/call-status, HTTP POST`,
  ];
  return [
    ...(local ? [...tunnel, ''] : []),
    ...twilio,
    '',
    `What happened in the calls: http://127.0.0.1:${portsOf('analytics')[0]}/`,
  ];
}

function cut(url: string): string {
  return url.replace(/\/+$/, '');
}
