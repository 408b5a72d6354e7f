import type {CallDirectory, CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Fact} from './call-effect.ts';
import type {JournalEntry} from './journal-entry.ts';

/** A journal that cannot be written is tried again after this long; the call goes on meanwhile. */
const AGAIN_AFTER: Millis = 250;

/**
 * The journal of one call as its owner writes it: in order, in batches while one is on its way, and never in the way
 * of the call. What is written here is also kept, for the record.
 */
export class CallJournal {
  readonly #directory: CallDirectory;
  readonly #callSid: CallSid;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known: () => CallEntry;
  readonly #fenced: () => void;
  readonly #entries: JournalEntry[];
  #epoch: number;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #over = false;

  constructor(options: {
    readonly directory: CallDirectory;
    readonly callSid: CallSid;
    readonly epoch: number;
    readonly clock: Clock;
    readonly log: Log;
    /** Of the owners before. */
    readonly entries: readonly JournalEntry[];
    /** The call as the directory should know it. */
    readonly known: () => CallEntry;
    /** Somebody newer owns the call. */
    readonly fenced: () => void;
  }) {
    this.#directory = options.directory;
    this.#callSid = options.callSid;
    this.#epoch = options.epoch;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#entries = [...options.entries];
    this.#known = options.known;
    this.#fenced = options.fenced;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** The call has another stream, and a higher epoch with it. */
  newEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  write(fact: Fact): void {
    const entry = {...fact, wall: this.#clock.wall()} as JournalEntry;
    this.#entries.push(entry);
    this.#waiting.push(JSON.stringify(entry));
    this.#writing ??= this.#drain();
  }

  /** Resolves when everything is written, or never will be. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Somebody else writes now. */
  stop(): void {
    this.#over = true;
    this.#waiting = [];
  }

  /** A Redis that came back without its data has forgotten the call, but we have not. True: it knows it again. */
  async #restore(): Promise<boolean> {
    if ((await this.#directory.read(this.#callSid)) !== undefined) return false;
    this.#log.warn('redis has forgotten the call; it is told again');
    await this.#directory.restore(this.#known());
    this.#waiting = this.#entries.map(entry => JSON.stringify(entry));
    return true;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // what one event caused goes out together
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (await this.#directory.append(this.#callSid, this.#epoch, batch)) continue;
        if (!this.#over && (await this.#restore())) continue;
        if (!this.#over) this.#fenced();
        this.stop();
      } catch (thrown) {
        this.#log.debug({err: thrown}, 'journal has to wait');
        if (!this.#over) this.#waiting.unshift(...batch);
        await new Promise<void>(resolve => this.#clock.after(AGAIN_AFTER, resolve));
      }
    }
    this.#writing = undefined;
  }
}
