import {createHmac, randomBytes} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {CallSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {readTwiml} from '../../simulators/twilio/src/twiml/twiml.ts';
import {Load, type Sign} from '../load/load.ts';
import {type Answer, Probes} from '../load/probes.ts';
import {costOf} from '../load/process-cost.ts';
import {type OurSystem, startOurs} from '../load/systems.ts';
import type {Pass} from './hostile-kinds.ts';

const TOKEN = 'the-token-of-the-benchmark';

/** Twilio's signature of an address and the parameters of a form. */
export function signatureOf(url: string, form: Readonly<Record<string, string>> = {}): string {
  const sorted = Object.entries(form).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha1', TOKEN)
    .update(url + sorted.flat().join(''))
    .digest('base64');
}

export const sign: Sign = (url, form) => ({'x-twilio-signature': signatureOf(url, form)});

/** A call that Twilio would report: what it posts. */
export function ringing(callSid = sid('CA')) {
  return {
    AccountSid: sid('AC'),
    CallSid: callSid,
    From: '+15550100001',
    To: '+15550199001',
    CallStatus: 'ringing',
    Direction: 'inbound',
    ApiVersion: '2010-04-01',
  };
}

/** Our processes with signatures on, callers, and what one can count from outside. */
export class SignedBridge implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #redis: Redis;
  readonly #probes: Probes;
  readonly load: Load;
  readonly system: OurSystem;

  private constructor(stack: AsyncDisposableStack, load: Load, system: OurSystem, redis: Redis, probes: Probes) {
    this.#stack = stack;
    this.#probes = probes;
    this.load = load;
    this.system = system;
    this.#redis = redis;
  }

  /** `modelUrl`: another model than the one for measuring. */
  static async start(modelUrl?: string): Promise<SignedBridge> {
    const stack = new AsyncDisposableStack();
    try {
      const load = stack.use(await Load.start(1, sign));
      const probes = stack.use(await Probes.listen());
      const settings = {
        TWILIO_VALIDATE: 'on',
        TWILIO_AUTH_TOKEN: TOKEN,
        LOG_LEVEL: 'error',
        CALLS_PER_CALLER: '0', // all phones of the benchmark have one number
      };
      const system = stack.use(await startOurs(modelUrl ?? load.modelUrl, probes, settings));
      const redis = stack.adopt(new Redis(system.redisPort), client => client.disconnect());
      return new SignedBridge(stack, load, system, redis, probes);
    } catch (thrown) {
      await stack.disposeAsync();
      throw thrown;
    }
  }

  get webhookUrl(): string {
    return this.system.webhookUrl;
  }

  get webhookPort(): number {
    return Number(new URL(this.webhookUrl).port);
  }

  get edgeUrl(): string {
    return `ws://127.0.0.1:${this.system.edgePort}`;
  }

  async costOf(name: 'edge' | 'webhook' | 'worker'): ReturnType<typeof costOf> {
    return costOf((await this.system.pids())[name] ?? []);
  }

  /** What only the worker knows of itself. */
  async askWorker(ask: 'begin' | 'end'): Promise<Answer> {
    const [pid = 0] = (await this.system.pids())['worker'] ?? [];
    return this.#probes.ask(pid, {ask, turns: true});
  }

  /** Redis stands still for so long, as if its machine did. */
  async pauseRedis(ms: number): Promise<void> {
    const [pid] = (await this.system.pids())['redis'] ?? [];
    if (ms === 0 || pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    await sleep(ms);
    process.kill(pid, 'SIGCONT');
  }

  /** Bytes alive in a process, after a garbage collection, which stops it for a moment. */
  async heapOf(name: 'edge' | 'webhook' | 'worker'): Promise<number> {
    const [pid = 0] = (await this.system.pids())[name] ?? [];
    return (await this.#probes.ask(pid, {ask: 'heap'})).heapBytes ?? 0;
  }

  /** Handshakes that the edge will take once each, within a minute, for calls that nobody has. */
  async passes(count: number): Promise<Pass[]> {
    const directory = new RedisCallDirectory(this.#redis);
    return Promise.all(
      Array.from({length: count}, async () => {
        const ticket = Ticket.parse(randomBytes(16).toString('hex'));
        await directory.putTicket(ticket, {callSid: CallSid.parse(sid('CA')), epoch: 1});
        const path = `/media-stream/${ticket}`;
        return {path, signature: signatureOf(this.edgeUrl + path)};
      }),
    );
  }

  /** Lets the time of all tickets run out. */
  async expireTickets(): Promise<void> {
    for (const key of await this.#redis.keys('ticket:*')) await this.#redis.pexpire(key, 1);
  }

  /** How many keys of calls and tickets Redis has. */
  async keys(): Promise<number> {
    return (await this.#redis.keys('call:*')).length + (await this.#redis.keys('ticket:*')).length;
  }

  /** Begins a call. Returns the address of its stream. */
  async admit(call = ringing()): Promise<string> {
    const answer = await fetch(this.webhookUrl, {
      method: 'POST',
      body: new URLSearchParams(call),
      headers: sign(this.webhookUrl, call),
    });
    const url = readTwiml(await answer.text()).verbs.find(verb => verb.verb === 'Connect')?.stream?.url;
    if (url === undefined) throw new Error('the call was not connected');
    return url;
  }

  async over(callSid: string): Promise<void> {
    const form = {...ringing(callSid), CallStatus: 'completed'};
    const url = this.webhookUrl.replace('incoming-call', 'call-status');
    await fetch(url, {method: 'POST', body: new URLSearchParams(form), headers: sign(url, form)});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
