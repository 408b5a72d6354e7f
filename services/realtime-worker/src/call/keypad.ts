import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import {Dtmf} from './dtmf.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import {pressed} from '../replies/prompts.ts';
import {type KeysAhead, NO_KEYS} from '../tools/key-entries.ts';
import type {Request} from '../replies/response-sequencer.ts';

/** What an owner before knew of the keys. */
interface Known {
  readonly stream: {readonly streamSid: string; readonly digits?: number | undefined} | undefined;
  /** Keys that the model was not told of yet. */
  readonly pressed: string;
}

/**
 * The keys that a caller presses, as something said to the model. They are in the journal from the first on, with how many
 * there were: a key counts once, whoever has the call.
 */
export class Keypad {
  readonly #memory: ModelContext;
  readonly #digits = new Dtmf();
  #streamSid: string | undefined;
  /** How many keys of the stream are known; undefined: an owner of an older version did not count them. */
  #number: number | undefined;

  /** `at`: when this worker took the call. */
  constructor(memory: ModelContext, known: Known | undefined, at: Millis) {
    this.#memory = memory;
    this.#streamSid = known?.stream?.streamSid;
    this.#number = known?.stream ? known.stream.digits : 0;
    for (const key of known?.pressed ?? '') this.#digits.pressed(key, at);
  }

  get deadline(): Millis | undefined {
    return this.#digits.deadline;
  }

  /** A stream of the caller begins, or goes on. Returns how many of its keys are known. */
  streamBegan(streamSid: string): number | undefined {
    if (streamSid !== this.#streamSid) this.#number = 0;
    this.#streamSid = streamSid;
    return this.#number;
  }

  /** A key of the current stream. False: it is known already. `number`: undefined where the edge does not count. */
  counts(number: number | undefined): boolean {
    const known = this.#number;
    if (number !== undefined && known !== undefined && number <= known) return false;
    this.#number = number ?? (known === undefined ? undefined : known + 1);
    return true;
  }

  pressed(digit: string, at: Millis): void {
    this.#digits.pressed(digit, at);
  }

  /** What was pressed and is not given to the model yet: it is entered for a tool that asks for it now. */
  takeAhead(): KeysAhead {
    const keys = this.#digits.take(Number.POSITIVE_INFINITY);
    return keys === undefined ? NO_KEYS : {keys, noted: this.noted()};
  }

  /** What another owner of the call must know of the keys. */
  noted(): CallEffect[] {
    if (this.#streamSid === undefined) return [];
    return [journal({is: 'pressed', streamSid: this.#streamSid, number: this.#number, keys: this.#digits.keys})];
  }

  /** Once the entry is complete: what gives it to the model, and what to ask the model for. */
  due(at: Millis): {readonly added: CallEffect[]; readonly request: Request} | undefined {
    const keys = this.#digits.take(at);
    if (keys === undefined) return undefined;
    const {id, added} = this.#memory.note(pressed(keys));
    return {added: [...added, ...this.noted()], request: {cause: 'digits', after: [id]}};
  }
}
