import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect} from '../events/call-effect.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import {afterFilter, continueFrom} from './prompts.ts';
import type {Request} from './response-sequencer.ts';

/** The item that the model is speaking, and what to ask for if it breaks off. */
export class ReplyInProgress {
  readonly #memory: ModelContext;
  readonly #instructions: string;
  #item: {readonly itemId: string; readonly responseId: string; ms: Millis} | undefined;
  #last: string | undefined;

  constructor(memory: ModelContext, instructions: string) {
    this.#memory = memory;
    this.#instructions = instructions;
  }

  /** Whether an item is being spoken whose end has not come. */
  get isMidItem(): boolean {
    return this.#item !== undefined;
  }

  /** Audio of an item came. */
  audio(responseId: string, itemId: string, ms: Millis): CallEffect[] {
    const isNew = this.#item?.itemId !== itemId;
    if (isNew) this.#item = {itemId, responseId, ms: 0};
    if (this.#item) this.#item.ms += ms;
    this.#last = itemId;
    return isNew ? this.#memory.remember({kind: 'assistant', id: itemId, text: ''}) : [];
  }

  itemEnded(itemId: string): void {
    if (this.#item?.itemId === itemId) this.#item = undefined;
  }

  responseEnded(responseId: string): void {
    if (this.#item?.responseId === responseId) this.#item = undefined;
  }

  /** The session is gone, and the rest of the item with it. Returns what it was speaking. */
  lost(): {readonly itemId: string; readonly responseId: string} | undefined {
    const item = this.#item;
    this.#item = undefined;
    if (item) this.#memory.brokeOff(item.itemId, item.ms);
    return item;
  }

  /** What to ask the same session for after a reply that broke off, or was stopped by a filter. */
  rest(why: 'broken-off' | 'filtered'): Request {
    if (why === 'filtered') return {cause: 'recovery', instructions: afterFilter(this.#instructions)};
    if (this.#item) this.#memory.brokeOff(this.#item.itemId, this.#item.ms);
    const said = this.#last === undefined ? '' : this.#memory.heardText(this.#last);
    return {cause: 'recovery', instructions: continueFrom(this.#instructions, said.slice(-200))};
  }
}
