import type {Millis} from '@voicebridge/shared/time.ts';

/** A caller who was not heard for so long has stopped speaking, long before the model says so. */
const HEARD_LATELY_MS = 60;
/** Between two words, or before a hard consonant, a caller may be silent for so long and still be speaking on. */
const PAUSE_MS = 250;

/** What is weighed: speech that must last for so long, and that changes nothing before a moment. */
interface Weighed {
  readonly lastsMs: Millis;
  readonly notBefore: Millis;
  /** Since when the caller has been speaking without a longer pause. */
  since: Millis;
  heardAt: Millis;
  /** The frames say so too, and not only the model. */
  isHeard: boolean;
  /** It had not lasted when it was looked at: only what is heard from now on can change that. */
  isDoubtful: boolean;
}

/**
 * Speech over us that does not count at once: whether it lasts is seen in the caller's frames. Speech that begins with a
 * mere noise, or softly, is weighed on for as long as the model hears the caller.
 */
export class MinSpeech {
  #weighed: Weighed | undefined;

  /** When it is decided; undefined when nothing is weighed, or only more speech could decide it. */
  get until(): Millis | undefined {
    return this.#weighed && !this.#weighed.isDoubtful ? decidedAt(this.#weighed) : undefined;
  }

  /** What is being said now is weighed, or was found too short to yield to. */
  get isHolding(): boolean {
    return this.#weighed !== undefined;
  }

  /** The model hears the caller since `since`. */
  begin({since, lastsMs, notBefore}: {since: Millis; lastsMs: Millis; notBefore: Millis}, at: Millis): void {
    this.#weighed = {since, lastsMs, notBefore, heardAt: at, isHeard: false, isDoubtful: false};
  }

  /** By the frames, the caller speaks. */
  heard(at: Millis): void {
    const weighed = this.#weighed;
    if (!weighed) return;
    if (at - weighed.heardAt > PAUSE_MS) weighed.since = at;
    weighed.heardAt = at;
    weighed.isHeard = true;
    weighed.isDoubtful = false;
  }

  /** True once the speech has lasted long enough. */
  lasted(at: Millis): boolean {
    const weighed = this.#weighed;
    if (!weighed || at < decidedAt(weighed)) return false;
    weighed.isDoubtful = !weighed.isHeard || at - weighed.heardAt > HEARD_LATELY_MS;
    if (weighed.isDoubtful) return false;
    this.#weighed = undefined;
    return true;
  }

  /** The speech was over after `spokenMs`: if it was weighed until now, whether that had been too short after all. */
  over(spokenMs: Millis, leastMs: Millis): 'lasted' | 'tooShort' | undefined {
    const weighed = this.#weighed;
    this.#weighed = undefined;
    return weighed && (spokenMs < Math.max(weighed.lastsMs, leastMs) ? 'tooShort' : 'lasted');
  }

  /** Nothing is weighed any more: it begins anew, or nobody hears it. */
  end(): void {
    this.#weighed = undefined;
  }
}

function decidedAt({since, lastsMs, notBefore}: Weighed): Millis {
  return Math.max(since + lastsMs, notBefore);
}
