import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import {sayExactly} from './prompts.ts';
import type {Request} from './response-sequencer.ts';

/** A piece of audio that went to the caller's phone, and the mark that comes back when it was played. */
export interface SentPiece {
  readonly responseId: string;
  readonly itemId: string;
  readonly mark: string;
}

export interface DisclosureDeps {
  /** Milliseconds since the call began. */
  readonly callTime: (at: Millis) => Millis;
  /** The words of an item, as far as they are known. */
  readonly wordsOf: (itemId: string) => string;
}

/**
 * The sentence that is said first, word for word and whole: that a machine speaks. Nothing else is asked of the model
 * before it was said, nothing the caller says stops it, and the record has when the caller's phone had played it.
 *
 *   owed ──asked──> asked ──all of it came──> said ──its last mark came back──> heard
 *     ^               │
 *     └─ it broke off ┘
 */
export class Disclosure {
  readonly #text: string;
  readonly #deps: DisclosureDeps;
  #state: 'owed' | 'asked' | 'said' | 'heard';
  #responseId: string | undefined;
  #itemId: string | undefined;
  #lastMark: string | undefined;

  /** `text`: undefined if nothing is to be said. `wasHeard`: an earlier owner of the call noted it. */
  constructor(text: string | undefined, wasHeard: boolean, deps: DisclosureDeps) {
    this.#text = text ?? '';
    this.#deps = deps;
    this.#state = text === undefined || wasHeard ? 'heard' : 'owed';
  }

  /** Whether it is still to be asked for. */
  get isOwed(): boolean {
    return this.#state === 'owed';
  }

  /** Whether the model is saying it: what comes next has to wait. */
  get isAsked(): boolean {
    return this.#state === 'asked';
  }

  /** Whether the caller may not have heard all of it. */
  get isOpen(): boolean {
    return this.#state !== 'heard';
  }

  /** Asks for it. The instructions of a response replace those of the session, so they are repeated. */
  request(instructions: string): Request {
    this.#state = 'asked';
    return {cause: 'disclosure', instructions: `${instructions}\n\n${sayExactly(this.#text)}`, speechOnly: true};
  }

  /** It is said at the beginning of other words: for a machine that records them. Returns it. */
  joins(): string {
    if (!this.isOpen) return '';
    this.#state = 'asked';
    return this.#text;
  }

  /** The response that says it has begun. */
  started(responseId: string): void {
    if (this.#state !== 'asked') return;
    this.#responseId = responseId;
    this.#itemId = this.#lastMark = undefined;
  }

  sent({responseId, itemId, mark}: SentPiece): void {
    if (responseId !== this.#responseId || !this.isOpen) return;
    this.#itemId = itemId;
    this.#lastMark = mark;
  }

  /** A response is over. True: it was this one, and what comes next can be asked for. */
  ended(responseId: string, isComplete: boolean): boolean {
    if (responseId !== this.#responseId || this.#state !== 'asked' || !isComplete) return false;
    this.#state = 'said';
    return true;
  }

  /** The session broke off in the middle of it: it is said again, whole. */
  brokeOff(): void {
    if (this.#state === 'asked') this.#state = 'owed';
  }

  /** Notes that it was heard. `isProven`: whether a mark came back; `quiet`: everything that was sent must have been played. */
  heard(isProven: (mark: string) => boolean, quiet: boolean, at: Millis): CallEffect[] {
    const mark = this.#lastMark;
    if (this.#state !== 'said' || mark === undefined || this.#itemId === undefined) return [];
    const isByMark = isProven(mark);
    if (!isByMark && !quiet) return [];
    this.#state = 'heard';
    const words = this.#deps.wordsOf(this.#itemId);
    return [
      journal({
        is: 'disclosed',
        id: this.#itemId,
        at: Math.max(0, Math.round(this.#deps.callTime(at))),
        by: isByMark ? 'mark' : 'clock',
        verbatim: words === '' ? null : lettersOf(words).startsWith(lettersOf(this.#text)),
      }),
    ];
  }
}

/** The letters and digits of a text: a transcript has its own commas and capitals. */
function lettersOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** The longest time in which such a sentence is protected, in milliseconds: twice as long as it usually takes, and a little more. */
export function protectedFor(text: string): Millis {
  return 4_000 + text.length * 130;
}
