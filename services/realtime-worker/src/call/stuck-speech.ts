import type {Millis} from '@voicebridge/shared/time.ts';

/** A model decides within half a second that the caller has stopped. After this much silence it is taken to have failed. */
const SILENT_MS = 3_000;
const LOOK_AGAIN_MS = 1_000;

/** A lost `speech_stopped` must not keep the assistant silent: after so much silence the caller has stopped. */
export class StuckSpeech {
  readonly #loudUntil: (since: Millis) => Millis | undefined;
  #onset: Millis = 0;
  #lookAt: Millis | undefined;

  /** `loudUntil`: when the caller's last loud frame arrived, of those that came since a moment. */
  constructor(loudUntil: (since: Millis) => Millis | undefined) {
    this.#loudUntil = loudUntil;
  }

  get deadline(): Millis | undefined {
    return this.#lookAt;
  }

  callerSpoke(onset: Millis, at: Millis): void {
    this.#onset = onset;
    this.#lookAt = at + SILENT_MS;
  }

  callerStopped(): void {
    this.#lookAt = undefined;
  }

  /** When the caller stopped speaking, if the model should have said so long ago. */
  stoppedAt(at: Millis): Millis | undefined {
    if (this.#lookAt === undefined || at < this.#lookAt) return undefined;
    const lastLoud = this.#loudUntil(this.#onset) ?? this.#lookAt - SILENT_MS;
    if (at - lastLoud < SILENT_MS) {
      this.#lookAt = at + LOOK_AGAIN_MS;
      return undefined;
    }
    this.#lookAt = undefined;
    return lastLoud;
  }
}
