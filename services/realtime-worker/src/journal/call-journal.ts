import type {CallDirectory, CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import {snapshotOf} from './restore-call.ts';
import {inOneWrite, isUrgent, joined, WRITE_EVERY} from './journal-writes.ts';

/** Pause before a failed write to the journal is repeated. The call goes on meanwhile. */
const RETRY_AFTER: Millis = 250;
/** After so many entries a snapshot stands for them. A call in conversation has about two entries a second. */
export const COMPACT_AFTER = 100;

type Snapshot = Extract<JournalEntry, {is: 'snapshot'}>;

/**
 * The journal of one call as its owner writes it: in order, one batch at a time, without ever blocking the call. Entries
 * wait for each other for `WRITE_EVERY`, unless one of them is urgent. They are also kept here for the call record.
 *
 *   entries  ├── in Redis ──┤── being written ──┤── waiting; the last `said` may still grow ──┤
 *                           #written            #sending
 *
 * A journal that has become long is compacted: a snapshot stands for its entries, which move to the call's past.
 * A refused write shows whether this worker still owns the call:
 *
 *   append ──refused──> still the owner, a new stream raised the epoch: go on with that epoch
 *                       Redis lost the call or its last change: restore it
 *                       a newer owner has the call, or it has ended: fenced
 */
export class CallJournal {
  readonly #directory: CallDirectory;
  readonly #callSid: CallSid;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #currentEntry: () => CallEntry;
  readonly #onFenced: () => void;
  readonly #mayCompact: () => boolean;
  readonly #seal: JournalSeal;
  /** The snapshot with which the journal in Redis begins, if it was compacted… */
  #snapshot: Snapshot | undefined;
  /** …and the place of the first entry after it. */
  #after = 0;
  /** Entries of previous owners that are not in `#entries`, as text; undefined until the call's past was read. */
  #past: readonly string[] | undefined;
  readonly #entries: JournalEntry[];
  /** The time of day minus the monotonic clock, as of the start: a clock that is set during a call changes no length. */
  readonly #wallAtZero: Millis;
  #epoch: number;
  /** So many entries are in Redis… */
  #written: number;
  /** …and so many are, or are on their way. */
  #sending: number;
  /** What is being written, as lines: an outage of minutes must not make all of them again with each try. */
  #lines: string[] = [];
  /** The item that was said last. */
  #lastSaid: string | undefined;
  #writtenAt: Millis = Number.NEGATIVE_INFINITY;
  /** What waits is to be written without waiting longer. */
  #isDue = false;
  #timer: Cancel | undefined;
  #writing: Promise<void> | undefined;
  #over = false;
  /** Redis has lost the call, and restoring it has not worked yet. */
  #forgotten = false;
  #fenced = false;
  #goesOn = false;

  constructor(options: {
    readonly directory: CallDirectory;
    readonly callSid: CallSid;
    readonly epoch: number;
    readonly clock: Clock;
    readonly log: Log;
    /** The journal of previous owners; if it begins with a snapshot, `recall` must follow. */
    readonly entries: readonly JournalEntry[];
    /** The call's entry as it should stand in the directory. */
    readonly currentEntry: () => CallEntry;
    /** Whether all workers that may take the call over can read a snapshot. */
    readonly mayCompact: () => boolean;
    /** How entries become lines, and what was read of this call before; nothing is sealed if not given. */
    readonly seal?: JournalSeal;
    /** Called once when this worker no longer owns the call. */
    readonly onFenced: () => void;
  }) {
    this.#directory = options.directory;
    this.#callSid = options.callSid;
    this.#epoch = options.epoch;
    this.#clock = options.clock;
    this.#log = options.log;
    const startsAt = Math.max(options.clock.wall(), options.entries.at(-1)?.wall ?? 0);
    this.#wallAtZero = startsAt - options.clock.now();
    const [first, ...rest] = options.entries;
    this.#snapshot = first?.is === 'snapshot' ? first : undefined;
    this.#past = this.#snapshot ? undefined : [];
    this.#entries = this.#snapshot ? rest : [...options.entries];
    this.#written = this.#sending = this.#entries.length;
    this.#mayCompact = options.mayCompact;
    this.#seal = options.seal ?? new JournalSeal();
    this.#currentEntry = options.currentEntry;
    this.#onFenced = options.onFenced;
  }

  /** All entries of the call. As long as its past was not read, a snapshot stands for that. */
  get entries(): readonly JournalEntry[] {
    if (this.#past) return [...this.#seal.read(this.#past), ...this.#entries];
    return this.#snapshot ? [this.#snapshot, ...this.#entries] : this.#entries;
  }

  /** The entries of this owner, with a snapshot for those before: nothing has to be read or opened. */
  get recent(): readonly JournalEntry[] {
    return this.#snapshot ? [this.#snapshot, ...this.#entries] : this.#entries;
  }

  /** The call's past was read: the lines for which the snapshot of the previous owner stands. */
  recall(past: readonly string[]): void {
    this.#past ??= past;
  }

  /** The newest epoch of the call that this worker knows. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A newer owner has the call, or it ended elsewhere: this worker writes nothing more, and sends no record. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** Another worker had the call when this one last asked whose it is. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** A new stream of the call raised its epoch. */
  newEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  /** The time of day, which goes on evenly and never back from what a previous owner wrote. */
  get #wall(): Millis {
    return Math.round(this.#wallAtZero + this.#clock.now());
  }

  /** Adds an entry with the current time of day, and writes it to Redis in the background. */
  write(fact: Fact): void {
    const entry: JournalEntry = {...fact, wall: this.#wall};
    const last = this.#entries.length - 1;
    const longer = last >= this.#sending ? joined(this.#entries[last], entry) : undefined;
    if (longer) this.#entries[last] = longer;
    else this.#entries.push(entry);
    const isNow = isUrgent(entry, this.#lastSaid);
    if (entry.is === 'said') this.#lastSaid = entry.id;
    if (isNow) this.#flush();
    else this.#plan();
  }

  /** Resolves when all entries are written in a form that all workers can read, or when the journal is stopped. */
  async written(): Promise<void> {
    if (this.#written < this.#entries.length) this.#flush();
    this.review();
    await this.#writing;
  }

  /** To be called now and then: a worker that cannot read all of the journal may have joined. */
  review(): void {
    if (this.#mustRewrite) this.#flush();
  }

  /** Checks that this worker still owns the call, and restores the call if Redis has lost it. */
  async verifyOwnership(): Promise<void> {
    if (this.#over) return;
    this.#flush();
    await this.#writing;
  }

  /** Writes nothing more: another worker owns the call. */
  stop(): void {
    this.#over = true;
    this.#timer?.();
    this.#timer = undefined;
  }

  /** Writes what waits when it has waited long enough. */
  #plan(): void {
    if (this.#timer || this.#writing || this.#over) return;
    const wait = this.#writtenAt + WRITE_EVERY - this.#clock.now();
    if (wait <= 0) return this.#flush();
    this.#timer = this.#clock.after(wait, () => this.#flush());
  }

  #flush(): void {
    if (this.#over) return;
    this.#timer?.();
    this.#timer = undefined;
    this.#isDue = true;
    this.#writing ??= this.#drain();
  }

  /** A batch was refused. True: this worker still owns the call, and the batch is to be written again. */
  async #stillOwned(): Promise<boolean> {
    const known = this.#currentEntry();
    const call = await this.#directory.read(this.#callSid);
    if (call?.state === 'live' && call.owner === known.owner && call.epoch >= this.#epoch) {
      this.#epoch = call.epoch;
      return true;
    }
    this.#goesOn = call?.state === 'live';
    if (call && (call.state === 'ended' || call.epoch >= this.#epoch)) return false;
    // Logged once: a Redis that refuses writes is tried many times.
    if (!this.#forgotten) this.#log.warn({knows: call?.epoch ?? 0}, 'redis has lost the call; it is written again');
    this.#forgotten = true;
    if (!(await this.#directory.restore({...known, epoch: this.#epoch}))) return false;
    this.#forgotten = false;
    this.#beginAnew();
    return true;
  }

  /** Redis has an empty journal of the call. What the past could not be asked for any more is lost. */
  #beginAnew(): void {
    const before = this.#past ? this.#seal.read(this.#past) : [this.#snapshot].filter(each => each !== undefined);
    this.#entries.unshift(...before);
    this.#past = [];
    this.#snapshot = undefined;
    this.#written = this.#after = 0;
    this.#lines = [];
  }

  /** Whether the journal in Redis has a form that not every worker can read, and can be given the first form of all. */
  get #mustRewrite(): boolean {
    const isCompacted = this.#snapshot !== undefined;
    return this.#past !== undefined && ((isCompacted && !this.#mayCompact()) || this.#seal.mustBeUndone);
  }

  /** Compacts a journal that has become long, or writes it anew in a form for all. Does nothing while entries wait. */
  async #fold(): Promise<void> {
    if (this.#written < this.#entries.length || this.#over || !this.#past) return;
    if (this.#mustRewrite) {
      const before = this.#seal.read(this.#past);
      const lines = [...before, ...this.#entries.slice(0, this.#written)].map(entry => this.#seal.line(entry));
      if (!(await this.#directory.rewrite(this.#callSid, this.#epoch, lines))) return;
      this.#entries.unshift(...before);
      this.#written = this.#sending = lines.length;
      this.#past = [];
      this.#snapshot = undefined;
      this.#after = 0;
      if (this.#seal.mustBeUndone) this.#seal.undone();
    } else if (this.#written - this.#after >= COMPACT_AFTER && this.#mayCompact()) {
      const until = this.#written;
      const before = this.#snapshot ? [this.#snapshot] : this.#seal.read(this.#past);
      const call = snapshotOf([...before, ...this.#entries.slice(this.#after, until)]);
      const lines = (this.#snapshot ? 1 : this.#past.length) + until - this.#after;
      const snapshot: Snapshot = {is: 'snapshot', wall: this.#wall, call};
      const compaction = {lines, snapshot: this.#seal.line(snapshot)};
      if (!(await this.#directory.compact(this.#callSid, this.#epoch, compaction))) return;
      this.#snapshot = snapshot;
      this.#after = until;
    }
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // so that all entries of one event go out in one batch
    while (this.#isDue && !this.#over) {
      this.#isDue = false;
      this.#sending = this.#entries.length;
      const made = this.#written + this.#lines.length;
      for (const entry of this.#entries.slice(made, this.#sending)) this.#lines.push(this.#seal.line(entry));
      try {
        const lines = inOneWrite(this.#lines);
        const done = await this.#directory.append(this.#callSid, this.#epoch, lines);
        this.#writtenAt = this.#clock.now();
        if (done) {
          this.#lines = this.#lines.slice(lines.length);
          this.#written += lines.length;
          if (this.#lines.length > 0) this.#isDue = true;
          else await this.#fold();
        } else if (this.#over) break;
        else if (await this.#stillOwned()) this.#isDue = true;
        else {
          this.#fenced = true;
          this.stop();
          this.#onFenced();
        }
      } catch (thrown) {
        this.#log.debug({err: thrown}, 'journal has to wait');
        this.#isDue = true;
        await sleep(this.#clock, RETRY_AFTER);
      }
    }
    this.#writing = undefined;
    if (this.#written < this.#entries.length) this.#plan();
  }
}
