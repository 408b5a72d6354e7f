import type {Millis} from '@voicebridge/shared/time.ts';
import {bytesPerMs, energyOf, type AudioFormat} from '../audio/audio-format.ts';

/** Recorded `audio_end_ms` values all lie on this grid, in ms of appended audio. */
export const VAD_GRID_MS = 32;

export interface VoiceSettings {
  /** RMS of 16-bit samples from which a window is speech. */
  readonly level: number;
  /** A window must also be so many times as loud as the line is without speech; 0, or nothing: however loud that is. */
  readonly aboveNoise?: number;
  /** How long it must be loud to be an onset, in ms. */
  readonly onsetMs: Millis;
  /** Reported start lies this much before the onset, never before 0, in ms. */
  readonly prefixMs: Millis;
  /** Silence that ends the turn, in ms. */
  readonly silenceMs: Millis;
  /** Silence after which `semantic_vad` may judge that the turn is over already, in ms. */
  readonly pauseMs?: Millis | undefined;
}

/** Positions are ms of appended audio, whatever the wall clock says. */
export type VoiceEvent =
  | {readonly type: 'started'; readonly audioStartMs: Millis}
  | {readonly type: 'paused'; readonly audioEndMs: Millis}
  | {readonly type: 'stopped'; readonly audioEndMs: Millis};

/**
 * Detects speech by its energy, window by window. Without appended audio nothing changes: a carrier that stops sending
 * within a word leaves the turn open for ever, as with the real service.
 *
 *   silence ──(loud for onsetMs)──> speech ──(quiet for silenceMs)──> silence
 */
export class VoiceActivity {
  #windows = 0;
  #energy = 0;
  #filled = 0;
  #loud = 0;
  #quiet = 0;
  #speaking = false;
  /** How loud the line is without speech, as far as it was heard. */
  #noise: number | undefined;

  /** Whether the caller is speaking, by the windows so far. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Hears some more audio; returns what it brought, in order. */
  hear(audio: Buffer, format: AudioFormat, settings: VoiceSettings): VoiceEvent[] {
    const window = VAD_GRID_MS * bytesPerMs(format);
    const events: VoiceEvent[] = [];
    let from = 0;
    while (from < audio.length) {
      const to = Math.min(audio.length, from + window - this.#filled);
      this.#energy += energyOf(audio, from, to, format);
      this.#filled += to - from;
      from = to;
      if (this.#filled < window) break;
      const samples = format.type === 'audio/pcm' ? window / 2 : window;
      const event = this.#window(Math.sqrt(this.#energy / samples), settings);
      if (event) events.push(event);
      this.#energy = 0;
      this.#filled = 0;
    }
    return events;
  }

  /** Forgets the turn in progress, not the time. */
  reset(): void {
    this.#speaking = false;
    this.#loud = 0;
    this.#quiet = 0;
  }

  #window(level: number, settings: VoiceSettings): VoiceEvent | undefined {
    this.#windows += 1;
    const noise = this.#learn(level);
    const least = Math.max(settings.level, noise * (settings.aboveNoise ?? 0));
    // Speech that has begun may become quieter than its onset.
    const isLoud = level >= (this.#speaking ? least * 0.6 : least);
    if (!this.#speaking) {
      this.#loud = isLoud ? this.#loud + 1 : 0;
      if (this.#loud === 0 || this.#loud < Math.ceil(settings.onsetMs / VAD_GRID_MS)) return undefined;
      this.#speaking = true;
      this.#quiet = 0;
      const onset = (this.#windows - this.#loud) * VAD_GRID_MS;
      return {type: 'started', audioStartMs: Math.max(0, onset - settings.prefixMs)};
    }
    this.#quiet = isLoud ? 0 : this.#quiet + 1;
    if (this.#quiet === 0) return undefined;
    const audioEndMs = this.#windows * VAD_GRID_MS;
    if (this.#quiet >= Math.ceil(settings.silenceMs / VAD_GRID_MS)) {
      this.reset();
      return {type: 'stopped', audioEndMs};
    }
    const pause = settings.pauseMs === undefined ? 0 : Math.ceil(settings.pauseMs / VAD_GRID_MS);
    return this.#quiet === pause ? {type: 'paused', audioEndMs} : undefined;
  }

  /** The line is at once as quiet as it was heard to be, and becomes loud slowly; more slowly during speech. */
  #learn(level: number): number {
    const before = this.#noise ?? level;
    const share = level < before ? 0.3 : this.#speaking ? 0.004 : 0.04;
    this.#noise = before + share * (level - before);
    return before;
  }
}
