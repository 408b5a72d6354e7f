import {setTimeout as sleep} from 'node:timers/promises';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {StreamIdentity} from '../../simulators/twilio/src/media/stream-messages.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';
import type {StreamNoun} from '../../simulators/twilio/src/twiml/stream-noun.ts';
import {readTwiml} from '../../simulators/twilio/src/twiml/twiml.ts';
import {Metronome} from './metronome.ts';
import {type Model, startModel} from './model.ts';
import {type CallEnds, Phone} from './phone.ts';
import {Tape} from './tape.ts';

/** Calls dialled in a second. */
const DIALLED_PER_SECOND = 25;
/** A caller who gets no stream calls again, so often and after so long. */
const REDIALS = 4;
const REDIAL_AFTER: Millis = 500;

/** The headers with which Twilio proves that it asks: for an address and the parameters of its form. */
export type Sign = (url: string, form: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;

/** Phones and the model, in this process. */
export class Load implements AsyncDisposable {
  readonly #seed: number;
  readonly #sign: Sign;
  readonly #metronome: Metronome;
  readonly #calls = new Map<number, CallEnds>();
  #phones: {readonly phone: Phone; readonly over: () => Promise<unknown>}[] = [];
  #model: Model | undefined;
  #dialled = 0;
  /** Of the calls that are dialled from now on. */
  tape = new Tape();

  private constructor(seed: number, sign: Sign) {
    this.#seed = seed;
    this.#sign = sign;
    this.#metronome = new Metronome(seededRandom(seed), ms => {
      if (this.tape.counts(performance.now())) this.tape.late.push(ms);
    });
  }

  /** `seed`: the same gives the same callers. `sign`: makes the headers of requests and sockets; none if not given. */
  static async start(seed: number, sign: Sign = () => ({})): Promise<Load> {
    const load = new Load(seed, sign);
    const callOf = (number: number) => load.#calls.get(number);
    load.#model = await startModel({metronome: load.#metronome, callOf, tape: () => load.tape});
    return load;
  }

  get modelUrl(): string {
    return this.#model?.url ?? '';
  }

  /** What the model has had so far, and who answers instead of it. */
  get model(): Pick<Model, 'sessions' | 'heardMs' | 'instead' | 'upgradeInstead'> {
    if (!this.#model) throw new Error('the model has not started');
    return this.#model;
  }

  /** Resolves when all have a stream, or none after all attempts. */
  async dial(webhookUrl: string, calls: number): Promise<void> {
    const began = performance.now();
    const dialling: Promise<void>[] = [];
    for (let call = 0; call < calls; call += 1) {
      const wait = began + (call * 1_000) / DIALLED_PER_SECOND - performance.now();
      if (wait > 0) await sleep(wait);
      dialling.push(this.#call(webhookUrl));
    }
    await Promise.all(dialling);
  }

  /** Everybody hangs up. A bridge that wants to be asked after the stream hears that the call is over, as Twilio tells it. */
  async hangUp(): Promise<void> {
    const phones = this.#phones;
    this.#phones = [];
    await Promise.all(
      phones.map(async ({phone, over}) => {
        await phone[Symbol.asyncDispose]();
        await over().catch(() => {}); // a bridge that does not answer has been told all the same
      }),
    );
    this.#calls.clear();
  }

  async #call(webhookUrl: string): Promise<void> {
    const {tape} = this;
    this.#dialled += 1;
    const number = this.#dialled;
    const began = performance.now();
    const stream = {accountSid: sid('AC'), callSid: sid('CA')};
    for (let attempt = 0; attempt <= REDIALS; attempt += 1) {
      const noun = await askWebhook(webhookUrl, stream, this.#sign).catch(() => undefined);
      if (!noun) {
        await sleep(REDIAL_AFTER);
        continue;
      }
      tape.webhook.push(performance.now() - began);
      let isHeard = false;
      const heard = (at: Millis) => {
        if (!isHeard) tape.setUp.push(at - began);
        isHeard = true;
      };
      const random = seededRandom(this.#seed * 100_000 + number);
      const ends: CallEnds = {
        number,
        departures: tape.newCall(),
        random,
        reportedAt: undefined,
        heard,
        deltas: new Map(),
      };
      this.#calls.set(number, ends);
      const phone = new Phone(ends, noun, stream, {
        metronome: this.#metronome,
        tape,
        headers: this.#sign(noun.url, {}),
      });
      const {action} = noun;
      const over = async () => action !== undefined && (await ask(action, stream, 'completed', this.#sign));
      this.#phones.push({phone, over});
      try {
        return await phone.opened();
      } catch {
        break;
      }
    }
    tape.refused += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
    this.#metronome[Symbol.dispose]();
    await this.#model?.[Symbol.asyncDispose]();
  }
}

/** The stream that the webhook's answer names. A stream on loopback is opened without TLS. */
async function askWebhook(
  url: string,
  stream: Pick<StreamIdentity, 'accountSid' | 'callSid'>,
  sign: Sign,
): Promise<(Pick<StreamNoun, 'url' | 'parameters'> & {readonly action: string | undefined}) | undefined> {
  const {verbs} = readTwiml(await ask(url, stream, 'ringing', sign));
  const connect = verbs.find(verb => verb.verb === 'Connect');
  if (!connect?.stream) return undefined;
  const {action, stream: noun} = connect;
  return {
    url: noun.url.replace(/^wss:\/\/(127\.|localhost)/, 'ws://$1'),
    parameters: noun.parameters,
    action: action === undefined ? undefined : new URL(action, url).href,
  };
}

/** Each caller has a number of their own: one number may have few calls at a time. */
function numberOf(callSid: string): string {
  return `+1555${String(Number.parseInt(callSid.slice(-8), 16) % 10_000_000).padStart(7, '0')}`;
}

/** Asks as Twilio does. */
async function ask(
  url: string,
  {accountSid, callSid}: Pick<StreamIdentity, 'accountSid' | 'callSid'>,
  status: 'ringing' | 'completed',
  sign: Sign,
): Promise<string> {
  const form = {
    AccountSid: accountSid,
    CallSid: callSid,
    From: numberOf(callSid),
    To: '+15550199001',
    CallStatus: status,
    Direction: 'inbound',
    ApiVersion: '2010-04-01',
  };
  const body = new URLSearchParams(form);
  const answer = await fetch(url, {method: 'POST', body, headers: sign(url, form)});
  return answer.text();
}
