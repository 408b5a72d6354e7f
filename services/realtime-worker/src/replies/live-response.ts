import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import {afterFilter, continueFrom} from './prompts.ts';
import {RecentIds} from './recent-ids.ts';
import type {Request} from './response-sequencer.ts';

/** A response that has begun, and what it has produced so far. */
export interface Response {
  readonly responseId: string;
  /** Undefined if the server made it by itself. */
  readonly request: Request | undefined;
  /** Something audible came of it. */
  spoke: boolean;
  /** It called a tool: the answer follows the tool's result. */
  called: boolean;
}

/** How many responses are remembered: late audio or a second end comes within a few. */
const MAX_RESPONSES = 64;

/**
 * The response that the model is making now, and the item of it that is being spoken. An item may outlive its response:
 * audio of a cancelled one still arrives after the next has begun.
 */
export class LiveResponse {
  readonly #memory: ModelContext;
  readonly #assistant: {readonly instructions: string};
  readonly #begun = new RecentIds(MAX_RESPONSES);
  readonly #ended = new RecentIds(MAX_RESPONSES);
  #response: Response | undefined;
  #item: {readonly itemId: string; readonly responseId: string; ms: Millis} | undefined;
  #lastItem: string | undefined;

  constructor(memory: ModelContext, assistant: {readonly instructions: string}) {
    this.#memory = memory;
    this.#assistant = assistant;
  }

  /** The response in progress, as far as it still matters. */
  get current(): Response | undefined {
    return this.#response;
  }

  /** Whether an item is being spoken whose end has not come. */
  get isMidItem(): boolean {
    return this.#item !== undefined;
  }

  /** Whether the beginning of a response was reported. */
  hasBegun(responseId: string): boolean {
    return this.#begun.has(responseId);
  }

  /**
   * Whether something audible came of a response. True also of one that is not in progress: it does not matter there.
   */
  hasSpoken(responseId: string): boolean {
    return this.#of(responseId)?.spoke ?? true;
  }

  started(responseId: string, request: Request | undefined): void {
    this.#begun.add(responseId);
    this.#response = {responseId, request, spoke: false, called: false};
  }

  /** Audio of an item came, audible or not. */
  audio(responseId: string, itemId: string, ms: Millis): CallEffect[] {
    const isNew = this.#item?.itemId !== itemId;
    if (isNew) this.#item = {itemId, responseId, ms: 0};
    if (this.#item) this.#item.ms += ms;
    this.#lastItem = itemId;
    return isNew ? this.#memory.remember({kind: 'assistant', id: itemId, text: ''}) : [];
  }

  /** Something of a response is audible. */
  audible(responseId: string): void {
    const response = this.#of(responseId);
    if (response) response.spoke = true;
  }

  /** A response calls a tool. False if it is not the one in progress. */
  calledTool(responseId: string): boolean {
    const response = this.#of(responseId);
    if (response) response.called = true;
    return response !== undefined;
  }

  itemEnded(itemId: string): void {
    if (this.#item?.itemId === itemId) this.#item = undefined;
  }

  /** A response ended. Returns false if that was known: some servers say it twice. */
  noteEnd(responseId: string): boolean {
    return this.#ended.add(responseId);
  }

  /**
   * The response in progress is over, if it is this one. Returns it. Its item is not: `itemEnded` or `noItemOf`
   * follows.
   */
  over(responseId: string): Response | undefined {
    const response = this.#of(responseId);
    if (response) this.#response = undefined;
    return response;
  }

  /** Nothing more comes of the items of a response. */
  noItemOf(responseId: string): void {
    if (this.#item?.responseId === responseId) this.#item = undefined;
  }

  /** The response in progress is not waited for any longer. Its item can still be continued: see `rest`. */
  abandon(): void {
    this.#response = undefined;
  }

  /** The session is gone, and the rest of the item with it. Returns what it was speaking. */
  sessionLost(): {readonly itemId: string; readonly responseId: string} | undefined {
    const item = this.#item;
    this.#item = undefined;
    if (item) this.#memory.brokeOff(item.itemId, item.ms);
    return item;
  }

  /** The reply failed. The next owner of the call must know it, though the end of the item's audio came. */
  failed(): CallEffect[] {
    return this.#lastItem === undefined ? [] : [journal({is: 'brokenOff', id: this.#lastItem})];
  }

  /** What to ask the same session for after a reply that broke off, or was stopped by a filter. */
  rest(why: 'broken-off' | 'filtered'): Request {
    if (why === 'filtered') return {cause: 'recovery', instructions: afterFilter(this.#assistant.instructions)};
    if (this.#item) this.#memory.brokeOff(this.#item.itemId, this.#item.ms);
    const said = this.#lastItem === undefined ? '' : this.#memory.heardText(this.#lastItem);
    return {cause: 'recovery', instructions: continueFrom(this.#assistant.instructions, said.slice(-200))};
  }

  #of(responseId: string): Response | undefined {
    return this.#response?.responseId === responseId ? this.#response : undefined;
  }
}
