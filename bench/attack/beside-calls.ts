import {setTimeout as sleep} from 'node:timers/promises';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {percentiles} from '../load/percentiles.ts';
import {Tape} from '../load/tape.ts';
import {BareListener} from './bare-listener.ts';
import {type ModelFlood, hostileSession, type Poured} from './flooding-model.ts';
import {flood, HANGS_UP, LARGE, SECOND, type Flood} from './flooding-phone.ts';
import {type HostilePace, HostileSockets} from './hostile-sockets.ts';
import {quietPhone} from './quiet-phone.ts';
import {ringing, sign, type SignedBridge} from './signed-bridge.ts';
import {kilobytes, megabytes, ms, table} from './table.ts';

const SETTLE = 2_000;
/** So many of the hostile sockets are opened by the edge. */
const PASSES = 300;

/**
 * What can go on beside calls. `elsewhere` is what `edge` and `webhook` are compared with, `shortCalls` what `phone840` and `phone140`
 * are. A flood opens hostile sockets as fast as they are closed.
 */
export const ATTACKS = [
  'edge',
  'webhook',
  'elsewhere',
  'edgeFlood',
  'webhookFlood',
  'elsewhereFlood',
  'phone840',
  'phone140',
  'shortCalls',
  'model',
  'modelAndDeafPhone',
  'deafModel',
] as const;
type AttackName = (typeof ATTACKS)[number];

/** Where hostile sockets knock. */
const PLACES = {
  edge: 'at the edge',
  webhook: 'at the webhook',
  elsewhere: 'at another program that closes each at once',
} as const;
type Place = keyof typeof PLACES;

interface Options {
  readonly attacks: readonly AttackName[];
  readonly calls: number;
  readonly seconds: number;
  readonly sockets: number;
  readonly megabytes: number;
  /** How long after it was closed a hostile socket is opened again, in seconds. */
  readonly again: number;
  /** How many hostile sockets are opened a second, where that is bounded. */
  readonly rate: number;
}

/** An attack that goes on until it is disposed of, and what is told of it. */
interface Attack extends AsyncDisposable {
  tell(): Promise<Told>;
}

/** `sockets`: how many it has open, and at which process. */
interface Told {
  readonly text: string;
  readonly sockets?: {readonly at: Place; readonly open: number};
}

interface Row {
  readonly what: string;
  /** Of the way from the caller to the model, in ms. */
  readonly p99: number;
  readonly cells: readonly (string | number)[];
  readonly told: Told | undefined;
  /** Bytes alive in each process. */
  readonly heaps: Readonly<Record<'edge' | 'webhook' | 'worker', number>>;
}

/** Calls with nothing beside them, with an attack, and with nothing again, in one run. */
export async function besideCalls(
  bridge: SignedBridge,
  options: Options,
  progress: (text: string) => void,
): Promise<string> {
  const {calls, seconds, sockets, megabytes: size, again, rate} = options;
  const socketsAt = (at: Place, pace: HostilePace): readonly [string, () => Promise<Attack>] => {
    const often = pace.rate === 0 ? `each again ${again} s after it was closed` : `${pace.rate} opened a second`;
    return [`${sockets} hostile sockets, ${often}, ${PLACES[at]}`, () => hostileSockets(bridge, at, sockets, pace)];
  };
  const bounded = {againAfter: 0, rate};
  const flooding = {againAfter: again * 1_000, rate: 0};
  const known: Readonly<Record<AttackName, readonly [string, () => Promise<Attack>]>> = {
    edge: socketsAt('edge', bounded),
    webhook: socketsAt('webhook', bounded),
    elsewhere: socketsAt('elsewhere', bounded),
    edgeFlood: socketsAt('edge', flooding),
    webhookFlood: socketsAt('webhook', flooding),
    elsewhereFlood: socketsAt('elsewhere', flooding),
    phone840: ['a phone with 840 times real time, again when closed', () => phonesAgain(bridge, LARGE)],
    phone140: ['a phone with a second of audio 140 times a second, again', () => phonesAgain(bridge, SECOND)],
    shortCalls: ['a phone that speaks as phones do and hangs up, again', () => phonesAgain(bridge, HANGS_UP)],
    model: [`a model that sends ${size} MB`, () => hostileModel(bridge, 'audio', size)],
    modelAndDeafPhone: [
      `the same, for a phone that reads nothing`,
      () => hostileModel(bridge, 'audio', size, {reads: false}),
    ],
    deafModel: ['a model that reads nothing', () => hostileModel(bridge, 'deaf', size)],
  };
  const attacks = options.attacks.map(name => known[name]);
  const measured = async (what: string, attack?: Attack) => {
    const row = await measure(bridge, options, what, attack);
    // A run takes minutes, and a row that is known is of use although a later one fails.
    progress([what, ...row.cells, row.told?.text ?? ''].join(' | '));
    return row;
  };
  const rows = [await measured('nothing')];
  for (const [what, begin] of attacks) {
    {
      await using attack = await begin();
      await sleep(2_000);
      rows.push(await measured(what, attack));
    }
    await sleep(1_000);
    rows.push(await measured('nothing'));
  }
  const heads = [
    `beside ${calls} calls, ${seconds} s each`,
    'caller → model p50 / p99',
    'p99 more than around it',
    'model → caller p99',
    'frames lost',
    'connected',
    'dropped',
    'edge',
    'memory of edge, worker',
    '',
  ];
  return table(
    heads,
    rows.map((row, index) => {
      const {what, cells, told, heaps, p99} = row;
      const [up = '', ...rest] = cells;
      const around = [rows[index - 1], rows[index + 1]].flatMap(other => other ?? []);
      const isAttack = told !== undefined && around.length === 2;
      const mean = (of: (row: Row) => number) => around.reduce((sum, other) => sum + of(other), 0) / around.length;
      const more = isAttack ? ms(p99 - mean(other => other.p99)) : '';
      const memory = `${megabytes(heaps.edge)}, ${megabytes(heaps.worker)}`;
      const {at, open = 0} = told?.sockets ?? {};
      const each =
        at && at !== 'elsewhere' && isAttack
          ? `, ${kilobytes((heaps[at] - mean(other => other.heaps[at])) / open)} each`
          : '';
      return [what, up, more, ...rest, memory, `${told?.text ?? ''}${each}`];
    }),
  );
}

async function measure(bridge: SignedBridge, {calls, seconds}: Options, what: string, attack?: Attack): Promise<Row> {
  const tape = new Tape();
  bridge.load.tape = tape;
  await bridge.load.dial(bridge.webhookUrl, calls);
  await sleep(SETTLE);
  const before = await bridge.costOf('edge');
  tape.start();
  await sleep(seconds * 1_000);
  tape.stop();
  const after = await bridge.costOf('edge');
  await sleep(700);
  const [up, down] = [percentiles(tape.up), percentiles(tape.down)];
  const told = await attack?.tell();
  const [edge, webhook, worker] = [
    await bridge.heapOf('edge'),
    await bridge.heapOf('webhook'),
    await bridge.heapOf('worker'),
  ];
  await bridge.load.hangUp();
  await sleep(1_500);
  const share = Math.round((after.cpuMs - before.cpuMs) / (seconds * 10));
  const connected = `${calls - tape.refused} of ${calls}`;
  const cells = [`${ms(up.p50)} / ${ms(up.p99)}`, ms(down.p99), tape.lost, connected, tape.dropped, `${share} %`];
  return {what, p99: up.p99, cells, told, heaps: {edge, webhook, worker}};
}

async function hostileSockets(bridge: SignedBridge, at: Place, sockets: number, pace: HostilePace): Promise<Attack> {
  const listener = at === 'elsewhere' ? await BareListener.start() : undefined;
  const port = listener?.port ?? (at === 'edge' ? bridge.system.edgePort : bridge.webhookPort);
  const hostile = new HostileSockets(port, sockets, pace);
  if (at === 'edge') await hostile.state(await bridge.passes(PASSES));
  return {
    async tell() {
      const {opened, guests, open, oldestMs} = await hostile.state();
      const oldest = `oldest ${Math.round(oldestMs / 1_000)} s`;
      return {text: `${opened} opened, ${guests} of them admitted; ${open} open, ${oldest}`, sockets: {at, open}};
    },
    async [Symbol.asyncDispose]() {
      await hostile[Symbol.asyncDispose]();
      await listener?.[Symbol.asyncDispose]();
    },
  };
}

async function phonesAgain(bridge: SignedBridge, what: Flood): Promise<Attack> {
  const stop = new AbortController();
  let calls = 0;
  const again = async () => {
    while (!stop.signal.aborted) {
      const callSid = sid('CA');
      const url = await bridge.admit(ringing(callSid));
      calls += 1;
      await flood(what, url, callSid, sign(url, {}));
      await bridge.over(callSid);
      await sleep(200);
    }
  };
  const flooding = again();
  return {
    tell: async () => ({text: `${calls} calls of it`}),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await flooding;
    },
  };
}

/** One caller whose model is hostile; all other callers have the usual one. */
async function hostileModel(
  bridge: SignedBridge,
  what: ModelFlood,
  size: number,
  options: {readonly reads?: boolean} = {},
): Promise<Attack> {
  const poured: Poured = {bytes: 0, sessions: 0};
  const {model} = bridge.load;
  model.instead = socket => hostileSession(socket, what, size * 1_000_000, poured);
  const phone = await quietPhone(bridge, options);
  model.instead = undefined;
  return {
    tell: async () => ({text: `${megabytes(poured.bytes)} taken from it, ${megabytes(phone.got)} at the phone`}),
    [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose](),
  };
}
