import {createHmac} from 'node:crypto';
import {Redis} from 'ioredis';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {readTwiml} from '../../simulators/twilio/src/twiml/twiml.ts';
import {Load, type Sign} from '../load/load.ts';
import {Probes} from '../load/probes.ts';
import {costOf} from '../load/process-cost.ts';
import {type OurSystem, startOurs} from '../load/systems.ts';

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
  readonly load: Load;
  readonly system: OurSystem;

  private constructor(stack: AsyncDisposableStack, load: Load, system: OurSystem, redis: Redis) {
    this.#stack = stack;
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
      const settings = {TWILIO_VALIDATE: 'on', TWILIO_AUTH_TOKEN: TOKEN, LOG_LEVEL: 'error'};
      const system = stack.use(await startOurs(modelUrl ?? load.modelUrl, probes, settings));
      const redis = stack.adopt(new Redis(system.redisPort), client => client.disconnect());
      return new SignedBridge(stack, load, system, redis);
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
