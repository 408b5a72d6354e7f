import type {Millis} from '@voicebridge/shared/time.ts';
import type {Seen} from '../../tools/harness/virtual/core/core-events.ts';

/** Where to cut which items, in milliseconds of their own audio. */
export type Cuts = ReadonlyMap<string, Millis>;

/** Another project's rule, in its plainest form, restated in our words. It sees what a worker sees. */
export interface Rule {
  readonly name: string;
  see(seen: Seen): void;
  /** The caller speaks over the assistant. */
  cut(at: Millis): Cuts;
}

/** Twilio's sample: the stream's clock since the first audio after the last interruption; the last item. */
class StreamClock implements Rule {
  readonly name = 'stream clock since first reply';
  #timestamp: Millis = 0;
  #startedAt: Millis | undefined;
  #item: string | undefined;

  see(seen: Seen): void {
    if (seen.what === 'frame') this.#timestamp = seen.timestamp;
    if (seen.what !== 'delta') return;
    this.#startedAt ??= this.#timestamp;
    this.#item = seen.itemId;
  }

  cut(): Cuts {
    if (this.#item === undefined || this.#startedAt === undefined) return new Map();
    const cuts = new Map([[this.#item, this.#timestamp - this.#startedAt]]);
    this.#startedAt = undefined;
    return cuts;
  }
}

/** Wall clock since the first delta of the last item, at most what came of it. */
class WallClock implements Rule {
  readonly name = 'wall clock since first delta';
  #item: {readonly id: string; readonly since: Millis; ms: Millis} | undefined;

  see(seen: Seen): void {
    if (seen.what !== 'delta') return;
    if (this.#item?.id !== seen.itemId) this.#item = {id: seen.itemId, since: seen.at, ms: 0};
    this.#item.ms += seen.ms;
  }

  cut(at: Millis): Cuts {
    return this.#item ? new Map([[this.#item.id, Math.min(at - this.#item.since, this.#item.ms)]]) : new Map();
  }
}

/** All that was sent of the last item. */
class BytesSent implements Rule {
  readonly name = 'bytes sent';
  #item: {readonly id: string; ms: Millis} | undefined;

  see(seen: Seen): void {
    if (seen.what !== 'delta') return;
    if (this.#item?.id !== seen.itemId) this.#item = {id: seen.itemId, ms: 0};
    this.#item.ms += seen.ms;
  }

  cut(): Cuts {
    return this.#item ? new Map([[this.#item.id, this.#item.ms]]) : new Map();
  }
}

/** The last mark that came back and 50 ms, for each item; a mark follows each delta. */
class LastMark implements Rule {
  readonly name = 'last mark + 50 ms';
  readonly #items = new Map<string, {sent: Millis; proven: Millis}>();
  readonly #marks = new Map<string, {readonly itemId: string; readonly position: Millis}>();
  #unmarked: Millis = 0;
  #response = '';
  #discarded = '';

  see(seen: Seen): void {
    if (seen.what === 'delta') {
      if (seen.responseId === this.#discarded) return;
      this.#response = seen.responseId;
      const item = this.#items.get(seen.itemId) ?? {sent: 0, proven: 0};
      item.sent += seen.ms;
      this.#unmarked += seen.ms;
      this.#items.set(seen.itemId, item);
    }
    if (seen.what === 'sent') {
      this.#unmarked -= seen.ms;
      if (this.#unmarked > 0) return; // we send a mark more; this rule does not
      this.#marks.set(seen.mark, {itemId: seen.itemId, position: this.#items.get(seen.itemId)?.sent ?? 0});
    }
    if (seen.what === 'mark') this.#prove(seen.name);
  }

  cut(): Cuts {
    const cuts = new Map<string, Millis>();
    for (const [itemId, {sent, proven}] of this.#items) {
      if (proven >= sent) continue;
      // Only the first of them can be playing.
      cuts.set(itemId, cuts.size === 0 ? Math.min(proven + 50, sent) : 0);
    }
    this.#items.clear();
    this.#marks.clear();
    this.#discarded = this.#response;
    return cuts;
  }

  #prove(name: string): void {
    const mark = this.#marks.get(name);
    const item = mark && this.#items.get(mark.itemId);
    if (mark && item) item.proven = Math.max(item.proven, mark.position);
  }
}

/** A new instance of each rule for one call. */
export function rulesOfOthers(): Rule[] {
  return [new StreamClock(), new WallClock(), new BytesSent(), new LastMark()];
}
