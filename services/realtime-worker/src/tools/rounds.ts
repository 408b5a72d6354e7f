import type {CallEffect} from '../events/call-effect.ts';

/**
 * Rounds of tools in a row without a word to the caller. A round is one response with tool calls. After `most` of them the
 * model must speak.
 */
export class Rounds {
  readonly #most: number;
  #count = 0;
  #last: string | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** The caller heard something, or said something. */
  spoken(): void {
    this.#count = 0;
  }

  called(responseId: string): void {
    if (responseId !== this.#last) this.#count += 1;
    this.#last = responseId;
  }

  /** `must-speak`: the model may call no tool in its next response; `endless`: it was told so, and calls tools all the same. */
  get state(): 'fine' | 'must-speak' | 'endless' {
    if (this.#count < this.#most) return 'fine';
    return this.#count > this.#most ? 'endless' : 'must-speak';
  }

  /** For operators: the model was made to speak. */
  get missed(): CallEffect {
    const note = `${this.#count} rounds of tools without a word`;
    return {do: 'missed', cause: 'tool-loop', step: 'ask-again', note, detail: ''};
  }
}
