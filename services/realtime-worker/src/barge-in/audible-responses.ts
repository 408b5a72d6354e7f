import type {Millis} from '@voicebridge/shared/time.ts';
import {type Truncation, truncationsOf} from '../playback/truncation.ts';
import {cancels, type Silenced} from './floor-events.ts';
import type {Piece} from '../playback/playout-timeline.ts';

interface Response {
  silenced: boolean;
  ended: boolean;
  readonly greeting: boolean;
  /** Items of which the model may have more than has arrived here. */
  readonly unfinished: Set<string>;
}

/** So many responses are remembered: late deltas and doubled ends come within a few. */
const MAX_RESPONSES = 16;
/** More items than can be unheard at once, also while the caller has no stream. */
const MAX_ITEMS = 64;

/** The responses of a call: which still speak, which the caller has spoken over, and how much of each item has come. */
export class AudibleResponses {
  readonly #responses = new Map<string, Response>();
  /** How much audio has arrived, by item; the one that was added to last is last. */
  readonly #itemMs = new Map<string, Millis>();

  /** `silenced`: the caller was speaking when it began, and will not hear it. */
  started(responseId: string, {greeting = false, silenced = false} = {}): void {
    this.#responses.set(responseId, {silenced, ended: false, greeting, unfinished: new Set()});
    for (const [id, {ended}] of this.#responses) {
      if (this.#responses.size <= MAX_RESPONSES) break;
      if (ended) this.#responses.delete(id);
    }
  }

  /** Audio of an item arrived; returns where in the item it begins. */
  received(responseId: string, itemId: string, ms: Millis): Millis {
    // Some servers send audio without `response.created` before it. It is played.
    if (!this.#responses.has(responseId)) this.started(responseId);
    const from = this.receivedMs(itemId);
    if (from === 0) this.#responses.get(responseId)?.unfinished.add(itemId);
    this.#setMs(itemId, from + ms);
    return from;
  }

  /** Audio of a silenced response arrived; true for the first of an item of which nothing was ever said. */
  dropped(itemId: string): boolean {
    if (this.#itemMs.has(itemId)) return false;
    this.#setMs(itemId, 0);
    return true;
  }

  /** Another owner of the call received so much of an item. */
  restored(itemId: string, ms: Millis): void {
    this.#setMs(itemId, ms);
  }

  itemFinished(itemId: string): void {
    for (const {unfinished} of this.#responses.values()) unfinished.delete(itemId);
  }

  ended(responseId: string): void {
    const response = this.#responses.get(responseId);
    if (!response) return;
    response.ended = true;
    response.unfinished.clear();
  }

  /** The response is not waited for any longer: what still comes of it is not played. Returns what to cancel. */
  abandon(responseId: string): string[] {
    const response = this.#responses.get(responseId);
    if (response) response.silenced = true;
    return [responseId];
  }

  /** The session is gone: nothing more comes of any of them. */
  allLost(): void {
    for (const responseId of this.#responses.keys()) this.ended(responseId);
  }

  /**
   * The caller spoke over all that are not over. `serverCancels`: they are cancelled without our word. Returns what to
   * do, and the items that will stay unfinished here.
   */
  silence(spareGreeting: boolean, serverCancels: boolean): Silenced {
    const silenced: string[] = [];
    const unfinished = new Set<string>();
    for (const [responseId, response] of this.#responses) {
      if (response.ended || response.silenced || (spareGreeting && response.greeting)) continue;
      response.silenced = true;
      silenced.push(responseId);
      for (const itemId of response.unfinished) unfinished.add(itemId);
      response.unfinished.clear();
    }
    return {effects: serverCancels ? [] : cancels(silenced), unfinished};
  }

  /** Where to cut the items of which `unheard` was not heard, and those that stay `unfinished`. */
  cuts(unheard: readonly Piece[], unfinished: ReadonlySet<string> = new Set()): Truncation[] {
    return truncationsOf(unheard, unfinished, itemId => this.receivedMs(itemId));
  }

  /** How much audio of an item has arrived from the model, in milliseconds. */
  receivedMs(itemId: string): Millis {
    return this.#itemMs.get(itemId) ?? 0;
  }

  /** Remembers how much of an item has arrived. Only the latest items can still be unheard. */
  #setMs(itemId: string, ms: Millis): void {
    this.#itemMs.delete(itemId);
    this.#itemMs.set(itemId, ms);
    for (const oldest of this.#itemMs.keys()) {
      if (this.#itemMs.size <= MAX_ITEMS) break;
      this.#itemMs.delete(oldest);
    }
  }

  isSilenced(responseId: string): boolean {
    return this.#responses.get(responseId)?.silenced ?? false;
  }

  isGreeting(responseId: string): boolean {
    return this.#responses.get(responseId)?.greeting ?? false;
  }

  /** Whether any of them may still say something. */
  get running(): boolean {
    return [...this.#responses.values()].some(({ended, silenced}) => !ended && !silenced);
  }
}
