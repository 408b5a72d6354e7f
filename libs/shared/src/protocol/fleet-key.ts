import {createHmac, timingSafeEqual} from 'node:crypto';
import type {Millis} from '../time.ts';
import {TextSeal} from './text-seal.ts';

/** A word in FLEET_KEY in place of a key: what is not signed is taken too, while the fleet is given its first key. */
export const UNSIGNED = 'unsigned';

/** How old a signed message may be, either way: the clocks of two machines differ. An ended call is known for longer. */
const FRESH_MS: Millis = 300_000;

const STRANGER = 'without the signature of this fleet';
/** The end of a sealed message: when it was sealed, in Unix milliseconds, and the signature. */
const SEAL = /,"sealedAt":(\d{1,15}),"seal":"([\w-]{43})"\}$/;

/**
 * Signs what one process of a fleet says to the others through Redis, and checks what they say. Who can write to Redis
 * and does not know the key can then neither take a call, nor send a caller to another address, nor open a session.
 * HMAC-SHA-256; `place` is the key or channel, so that nothing can be repeated elsewhere.
 *
 * Frames are not signed: that would cost each call fifty signatures a second, twice.
 */
export class FleetKey {
  readonly #keys: readonly string[];
  readonly #takesUnsigned: boolean;
  readonly #wall: () => Millis;
  #onRefused: () => void = () => {};

  /**
   * `keys`: the first signs, each of them is accepted, so that they can be rotated. Without any, nothing is signed and
   * everything accepted. `wall`: Unix milliseconds.
   */
  constructor(keys: readonly string[], wall: () => Millis) {
    this.#keys = keys.filter(key => key !== UNSIGNED);
    this.#takesUnsigned = this.#keys.length < keys.length || this.#keys.length === 0;
    this.#wall = wall;
  }

  /** Whether only what is signed is accepted. */
  get isRequired(): boolean {
    return !this.#takesUnsigned;
  }

  /** `listener` is called for each text in Redis that is not accepted: a member of the fleet, a fact of a call. */
  onRefused(listener: () => void): void {
    this.#onRefused = listener;
  }

  /** The signature of a text at this place, in base64url; undefined without a key. */
  sign(place: string, text: string): string | undefined {
    const [key] = this.#keys;
    return key === undefined ? undefined : hmac(key, place, text).toString('base64url');
  }

  /** Whether a text at this place was signed by a process of the fleet, or may be taken unsigned. */
  accepts(place: string, text: string, signature: string | undefined): boolean {
    const isOurs = this.#isOurs(place, text, signature);
    if (!isOurs) this.#onRefused();
    return isOurs;
  }

  #isOurs(place: string, text: string, signature: string | undefined): boolean {
    if (signature === undefined || this.#keys.length === 0) return this.#takesUnsigned;
    const given = Buffer.from(signature, 'base64url');
    return this.#keys.some(key => {
      const ours = hmac(key, place, text);
      return given.length === ours.length && timingSafeEqual(given, ours);
    });
  }

  /**
   * Seals texts that are of one place, and opens them with any of the keys. While what is unsigned is taken too, some
   * processes have no key and could not read it: then nothing is sealed.
   */
  textSeal(place: string): TextSeal {
    return new TextSeal(this.#keys, {place, isOn: this.isRequired});
  }

  /** An object with at least one field as JSON that is signed for a channel. Whoever has no key reads it as JSON. */
  seal(channel: string, message: object): string {
    const text = JSON.stringify(message);
    if (this.#keys.length === 0) return text;
    const dated = `${text.slice(0, -1)},"sealedAt":${Math.round(this.#wall())}`;
    return `${dated},"seal":"${this.sign(channel, dated)}"}`;
  }

  /** Whether a message on this channel was sealed by the fleet in the last minutes, or may be taken unsigned. */
  isSealed(channel: string, message: string): boolean {
    return this.whyNotSealed(channel, message) === undefined;
  }

  /** Why a message on this channel is not to be taken, for an operator; undefined if it is. */
  whyNotSealed(channel: string, message: string): string | undefined {
    const [end, at = '', signature = ''] = SEAL.exec(message.slice(-120)) ?? [];
    const isSigned = end !== undefined && this.#keys.length > 0;
    if (!isSigned) return this.#takesUnsigned ? undefined : STRANGER;
    const dated = message.slice(0, message.length - end.length) + end.slice(0, end.indexOf(',"seal":'));
    if (!this.#isOurs(channel, dated, signature)) return STRANGER;
    const age = this.#wall() - Number(at);
    if (Math.abs(age) <= FRESH_MS) return undefined;
    return `signed ${Math.round(age / 1_000)} s ago by the clocks of the two machines: set them, or it was repeated`;
  }
}

/** Signs nothing and accepts everything. */
export const NO_FLEET_KEY = new FleetKey([], () => 0);

function hmac(key: string, place: string, text: string): Buffer {
  return createHmac('sha256', key).update(`${place}\n`).update(text).digest();
}
