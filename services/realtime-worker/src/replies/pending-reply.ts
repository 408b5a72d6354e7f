import type {Assistant} from '../assistant.ts';
import {lastWords} from '../conversation/heard-words.ts';
import type {Disclosure} from './disclosure.ts';
import {greetingRequest} from './greeting.ts';
import {continueFrom} from './prompts.ts';
import type {Request} from './response-sequencer.ts';

/** What an earlier owner of the call has left to be said. */
interface LeftUnsaid {
  /** The caller has heard at least the beginning of a greeting. */
  readonly greeted: boolean;
  readonly answerOwed: boolean;
  /** The item that was being spoken and never ended. */
  readonly cutOffItem: string | undefined;
}

/**
 * What the next model session has to say first: the disclosure, a greeting, the rest of a reply that broke off, or an
 * answer.
 */
export class PendingReply {
  readonly #assistant: Pick<Assistant, 'instructions' | 'greeting'>;
  readonly #disclosure: Disclosure;
  readonly #heardText: (itemId: string) => string;
  #greeting: boolean;
  #answer: boolean;
  /** A reply that broke off with the session that was speaking it. */
  #brokenOff: string | undefined;
  /** The first words of the call were asked of a session that has not said that it is configured. */
  #isEarly = false;

  /** `heardText`: the words of an item that were heard. */
  constructor(
    assistant: Pick<Assistant, 'instructions' | 'greeting'>,
    disclosure: Disclosure,
    heardText: (itemId: string) => string,
    restored: LeftUnsaid | undefined,
  ) {
    this.#assistant = assistant;
    this.#disclosure = disclosure;
    this.#heardText = heardText;
    this.#greeting = assistant.greeting !== '' && restored?.greeted !== true;
    this.#answer = restored?.answerOwed ?? false;
    this.#brokenOff = restored?.cutOffItem;
  }

  /** Whether the first words of the call are still to be asked for. */
  get opening(): boolean {
    return this.#disclosure.isOwed || (this.#greeting && !this.#disclosure.isAsked);
  }

  /** Nothing is greeted any more. */
  skipGreeting(): void {
    this.#greeting = false;
  }

  /** Whether the next session has something to say at once. */
  get isPending(): boolean {
    return this.opening || this.#answer || this.#brokenOff !== undefined || this.#isEarly;
  }

  /**
   * The first words of the call, for a session that has not said that it is configured and may answer nevertheless; returned
   * once. The caller waits on: nobody knows whether such a session hears them.
   */
  early(): Request | undefined {
    if (!this.opening) return undefined;
    const request = this.take();
    this.#isEarly = true;
    return request;
  }

  /**
   * The session is lost. `brokenOff`: the item it was speaking; `answer`: the caller waits for an answer that had not
   * begun.
   */
  sessionLost({brokenOff, answer}: {readonly brokenOff: string | undefined; readonly answer: boolean}): void {
    this.#answer = answer;
    // The rest of a sentence that must be heard word for word is not enough.
    if (brokenOff !== undefined && this.#disclosure.isAsked) return this.#disclosure.brokeOff();
    this.#brokenOff = brokenOff ?? this.#brokenOff;
  }

  /** The request for a session that has the conversation; returned once. */
  take(): Request | undefined {
    const {instructions} = this.#assistant;
    this.#isEarly = false;
    if (this.#disclosure.isOwed) {
      this.#brokenOff = undefined;
      return this.#disclosure.request(instructions);
    }
    // It is asked for again already, by whoever asks a session what the last one left.
    if (this.#disclosure.isAsked) return undefined;
    const [isGreeting, brokenOff, answer] = [this.#greeting, this.#brokenOff, this.#answer];
    this.#greeting = this.#answer = false;
    this.#brokenOff = undefined;
    if (isGreeting) return greetingRequest(this.#assistant);
    if (brokenOff === undefined) return answer ? {cause: 'recovery'} : undefined;
    return {cause: 'recovery', instructions: continueFrom(instructions, lastWords(this.#heardText(brokenOff), 200))};
  }
}
