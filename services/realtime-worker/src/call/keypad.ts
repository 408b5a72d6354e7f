import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {Dtmf} from './dtmf.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import {pressed} from '../replies/prompts.ts';
import type {Request} from '../replies/response-sequencer.ts';

/** The keys that a caller presses, as something said to the model. */
export class Keypad {
  readonly #memory: ModelContext;
  readonly #digits = new Dtmf();

  constructor(memory: ModelContext) {
    this.#memory = memory;
  }

  get deadline(): Millis | undefined {
    return this.#digits.deadline;
  }

  pressed(digit: string, at: Millis): void {
    this.#digits.pressed(digit, at);
  }

  /** What was pressed and is not given to the model yet: it is entered for a tool that asks for it now. */
  takeAhead(): string {
    return this.#digits.take(Number.POSITIVE_INFINITY) ?? '';
  }

  /** Once the entry is complete: what gives it to the model, and what to ask the model for. */
  due(at: Millis): {readonly added: CallEffect[]; readonly request: Request} | undefined {
    const keys = this.#digits.take(at);
    if (keys === undefined) return undefined;
    const {id, added} = this.#memory.note(pressed(keys));
    return {added, request: {cause: 'digits', after: [id]}};
  }
}
