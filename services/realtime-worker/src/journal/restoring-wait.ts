import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallSnapshot} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

type Snapshot = NonNullable<CallSnapshot['waits']>;

/** Unlike infinity it can be stored. */
const NEVER = Number.MIN_SAFE_INTEGER;

/** Since when a caller has heard nothing, as far as a journal was read. Times are Unix milliseconds. */
export class RestoringWait {
  /** The caller said something or pressed a key, a tool had a result, or another stream began. */
  #since = NEVER;
  /** Until when Twilio plays what it was given, if nobody interrupts. */
  #soundUntil = NEVER;
  #streamSid: string | undefined;

  read(entry: JournalEntry): void {
    const {wall} = entry;
    switch (entry.is) {
      case 'item':
        if (entry.item.kind !== 'assistant' && entry.item.kind !== 'toolCall')
          this.#since = Math.max(this.#since, wall);
        return;
      case 'stream':
        if (entry.streamSid !== this.#streamSid) this.#since = Math.max(this.#since, wall);
        this.#streamSid = entry.streamSid;
        return;
      case 'said':
        this.#soundUntil = Math.max(this.#soundUntil, wall) + entry.ms - entry.from;
        return;
      case 'hushed':
        this.#soundUntil = Math.min(this.#soundUntil, wall);
        return;
      case 'snapshot':
        this.#streamSid = entry.call.stream?.streamSid;
        this.#since = entry.call.waits?.since ?? entry.wall;
        this.#soundUntil = entry.call.waits?.soundUntil ?? entry.wall;
        return;
      default:
        return;
    }
  }

  /** How long ago that was; negative: they still hear something. `heldUntil`: they were asked to wait until then, if not 0. */
  end(heldUntil: number, nowWall: number): {readonly waitedMs: Millis} {
    return {waitedMs: nowWall - Math.max(this.#since, this.#soundUntil, heldUntil || NEVER)};
  }

  snapshot(): {readonly waits: Snapshot} {
    return {waits: {since: this.#since, soundUntil: this.#soundUntil}};
  }
}
