import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller whose frames were silent for so long has stopped speaking, long before the model says so. */
const HEARD_LATELY_MS = 60;
/** Between two words, or before a hard consonant, a caller may be silent for so long and still be speaking on. */
const PAUSE_MS = 250;

/** Speech over the assistant that does not count as an interruption yet. */
interface PendingSpeech {
  /** How long it must last, and before which moment it changes nothing. */
  readonly lastsMs: Millis;
  readonly notBefore: Millis;
  /** Since when the caller has been speaking without a longer pause. */
  since: Millis;
  heardAt: Millis;
  /** The frames say so too, and not only the model. */
  isHeard: boolean;
  /** It had not lasted when it was decided: only what is heard from now on can change that. */
  isDoubtful: boolean;
}

/**
 * Speech over the assistant counts as an interruption when it has lasted for long enough, by the caller's frames. Speech
 * that begins with a mere noise, or softly, may still count for as long as the model hears the caller.
 */
export class MinSpeech {
  #pending: PendingSpeech | undefined;

  /** When it is decided; undefined when there is nothing to decide, or only more speech could decide it. */
  get until(): Millis | undefined {
    return this.#pending && !this.#pending.isDoubtful ? decidedAt(this.#pending) : undefined;
  }

  /** Whether the caller speaks and it does not count yet, or was found too short when it was decided. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** The model hears the caller since `since`. */
  begin({since, lastsMs, notBefore}: {since: Millis; lastsMs: Millis; notBefore: Millis}, at: Millis): void {
    this.#pending = {since, lastsMs, notBefore, heardAt: at, isHeard: false, isDoubtful: false};
  }

  /** By the frames, the caller speaks. */
  heard(at: Millis): void {
    const pending = this.#pending;
    if (!pending) return;
    if (at - pending.heardAt > PAUSE_MS) pending.since = at;
    pending.heardAt = at;
    pending.isHeard = true;
    pending.isDoubtful = false;
  }

  /** True once, when the speech has lasted long enough. */
  lasted(at: Millis): boolean {
    const pending = this.#pending;
    if (!pending || at < decidedAt(pending)) return false;
    pending.isDoubtful = !pending.isHeard || at - pending.heardAt > HEARD_LATELY_MS;
    if (pending.isDoubtful) return false;
    this.#pending = undefined;
    return true;
  }

  /** The speech was over after `spokenMs`. If it was still pending: whether that was long enough after all. */
  over(spokenMs: Millis, leastMs: Millis): 'lasted' | 'tooShort' | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending && (spokenMs < Math.max(pending.lastsMs, leastMs) ? 'tooShort' : 'lasted');
  }

  /** The model hears the caller begin again, or no longer. */
  end(): void {
    this.#pending = undefined;
  }
}

function decidedAt({since, lastsMs, notBefore}: PendingSpeech): Millis {
  return Math.max(since + lastsMs, notBefore);
}
