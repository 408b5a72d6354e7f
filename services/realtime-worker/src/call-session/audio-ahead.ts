import type {Millis} from '@voicebridge/shared/time.ts';

/** A model may be so far ahead of the caller's ear: the longest answers come at once, and are kept for interruptions. */
const AHEAD_AT_MOST: Millis = 300_000;
/** It is read again when so much is left to be played. */
const AHEAD_AGAIN: Millis = 240_000;
/** Characters of base64 after which it is looked at again: four seconds of audio. */
const LOOK_AFTER = 43_000;

/**
 * Back pressure to a model that is too far ahead: it is not read until the caller has heard most of what it sent.
 * Playing takes time and no processor, so it is looked at once a second and after every few seconds of audio.
 */
export class AudioAhead {
  #sinceLook = 0;
  #isPaused = false;

  /** So many characters of audio came. True: it is worth to look again. */
  came(characters: number): boolean {
    this.#sinceLook += characters;
    return this.#sinceLook >= LOOK_AFTER;
  }

  /** `ms`: what the caller has not heard of what came. Returns whether the model must wait. */
  look(ms: Millis): boolean {
    this.#sinceLook = 0;
    this.#isPaused = ms > (this.#isPaused ? AHEAD_AGAIN : AHEAD_AT_MOST);
    return this.#isPaused;
  }
}
