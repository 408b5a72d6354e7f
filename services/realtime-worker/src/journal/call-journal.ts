import type {CallDirectory, CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

/** A journal that cannot be written is tried again after this long; the call goes on meanwhile. */
const RETRY_AFTER: Millis = 250;

/**
 * The journal of one call as its owner writes it: in order, in batches while one is on its way, and never in the way
 * of the call. What is written here is also kept, for the record. Whether the call is still ours is found out here too:
 *
 *   append ──refused──> still ours, a new stream raised the epoch: go on in it
 *                       Redis forgot the call, or its last change: tell it again
 *                       somebody newer has it, or it has ended: fenced
 */
export class CallJournal {
  readonly #directory: CallDirectory;
  readonly #callSid: CallSid;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #currentEntry: () => CallEntry;
  readonly #onFenced: () => void;
  readonly #entries: JournalEntry[];
  #epoch: number;
  #waiting: string[] = [];
  #verifying = false;
  #writing: Promise<void> | undefined;
  #over = false;
  /** Redis does not know the call, and could not yet be told. */
  #forgotten = false;
  #fenced = false;

  constructor(options: {
    readonly directory: CallDirectory;
    readonly callSid: CallSid;
    readonly epoch: number;
    readonly clock: Clock;
    readonly log: Log;
    /** Of the owners before. */
    readonly entries: readonly JournalEntry[];
    /** The call as the directory should know it. */
    readonly currentEntry: () => CallEntry;
    /** Somebody newer owns the call. */
    readonly onFenced: () => void;
  }) {
    this.#directory = options.directory;
    this.#callSid = options.callSid;
    this.#epoch = options.epoch;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#entries = [...options.entries];
    this.#currentEntry = options.currentEntry;
    this.#onFenced = options.onFenced;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** Of the call, as far as its owner knows. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Somebody newer owns the call, or it has ended without us: nothing of ours may count any more. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** The call has another stream, and a higher epoch with it. */
  newEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  write(fact: Fact): void {
    const entry: JournalEntry = {...fact, wall: this.#clock.wall()};
    this.#entries.push(entry);
    this.#waiting.push(JSON.stringify(entry));
    this.#writing ??= this.#drain();
  }

  /** Resolves when everything is written, or never will be. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Finds out whether the call is still ours, and tells Redis again what it may have forgotten. */
  async verifyOwnership(): Promise<void> {
    if (this.#over) return;
    this.#verifying = true;
    this.#writing ??= this.#drain();
    await this.#writing;
  }

  /** Somebody else writes now. */
  stop(): void {
    this.#over = true;
    this.#verifying = false;
    this.#waiting = [];
  }

  /** What was refused: true when it can be written after all. */
  async #stillOwned(refused: readonly string[]): Promise<boolean> {
    const known = this.#currentEntry();
    const call = await this.#directory.read(this.#callSid);
    if (call?.state === 'live' && call.owner === known.owner && call.epoch >= this.#epoch) {
      this.#epoch = call.epoch;
      this.#waiting.unshift(...refused);
      return true;
    }
    if (call && (call.state === 'ended' || call.epoch >= this.#epoch)) return false;
    // Once: a Redis that takes no writes cannot be told, and is asked again and again.
    if (!this.#forgotten) this.#log.warn({knows: call?.epoch ?? 0}, 'redis has forgotten the call; it is told again');
    this.#forgotten = true;
    if (!(await this.#directory.restore({...known, epoch: this.#epoch}))) return false;
    this.#forgotten = false;
    this.#waiting = this.#entries.map(entry => JSON.stringify(entry));
    return true;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // what one event caused goes out together
    while (this.#waiting.length > 0 || this.#verifying) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#verifying = false;
      try {
        if (await this.#directory.append(this.#callSid, this.#epoch, batch)) continue;
        if (this.#over || (await this.#stillOwned(batch))) continue;
        this.#fenced = true;
        this.stop();
        this.#onFenced();
      } catch (thrown) {
        this.#log.debug({err: thrown}, 'journal has to wait');
        if (!this.#over) {
          this.#waiting.unshift(...batch);
          this.#verifying = true;
        }
        await sleep(this.#clock, RETRY_AFTER);
      }
    }
    this.#writing = undefined;
  }
}
