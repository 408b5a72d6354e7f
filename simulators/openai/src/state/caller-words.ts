import type {Millis} from '@voicebridge/shared/time.ts';
import {callerClips, readClip} from '../../../audio/clips.ts';
import {energyOf} from '../audio/audio-format.ts';

/** One turn of a caller, as far as it was heard. */
export interface CallerTurn {
  /** Counts the session's caller turns from 1. */
  readonly number: number;
  readonly audio: Buffer;
  readonly audioMs: Millis;
}

/** Turns a caller's audio into words. The fake does not recognise speech, it recognises recordings. */
export type Transcribe = (turn: CallerTurn) => string;

/** Where in a clip to look, in ms: early enough to know a caller before the sentence ends. */
const PROBES_AT_MS: readonly Millis[] = [300, 700, 1200];
const PROBE_BYTES = 64;

const isCallerClip = (name: string): name is keyof typeof callerClips => Object.hasOwn(callerClips, name);
const callerNames = Object.keys(callerClips).filter(isCallerClip);

let probes: readonly {readonly probe: Buffer; readonly text: string}[] | undefined;

const FRAME_BYTES = 160;
/** A frame of this level (root mean square of 16-bit samples) is sound, and this much of it may be a word. */
const SOUND_RMS = 60;
const SHORTEST_WORD_MS: Millis = 180;

/** Whether μ-law audio is no more than a click. Other formats are not looked at. */
function isClick(audio: Buffer, audioMs: Millis): boolean {
  if (audio.length > audioMs * 8) return false;
  let soundMs = 0;
  for (let from = 0; from < audio.length; from += FRAME_BYTES) {
    const to = Math.min(audio.length, from + FRAME_BYTES);
    const energy = energyOf(audio, from, to, {type: 'audio/pcmu'});
    if (energy > SOUND_RMS ** 2 * (to - from)) soundMs += (to - from) / 8;
  }
  return soundMs < SHORTEST_WORD_MS;
}

/**
 * The words of the recordings that occur byte for byte in a turn, in the order of the list; for any other sound
 * "caller turn 2 (1.8 s)", and nothing for a click.
 */
export function knownWords({number, audio, audioMs}: CallerTurn): string {
  probes ??= callerNames.flatMap(name => {
    const clip = readClip(name);
    const {text} = callerClips[name];
    return PROBES_AT_MS.map(ms => ({probe: clip.subarray(ms * 8, ms * 8 + PROBE_BYTES), text}));
  });
  const heard = new Set<string>();
  for (const {probe, text} of probes) {
    if (!heard.has(text) && probe.length === PROBE_BYTES && audio.includes(probe)) heard.add(text);
  }
  if (heard.size === 0 && isClick(audio, audioMs)) return '';
  return heard.size > 0 ? [...heard].join(' ') : `caller turn ${number} (${(audioMs / 1000).toFixed(1)} s)`;
}
