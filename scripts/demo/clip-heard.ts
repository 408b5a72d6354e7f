import {assistantClips, readClip} from '../../simulators/audio/clips.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

const BYTES_PER_MS = 8;
/** This many bytes of a recording are enough to find it in what a caller heard. */
const FINGERPRINT = 4_000;

/** One of the recordings that the simulated model speaks. */
export interface SpokenClip {
  readonly text: string;
  readonly audio: Buffer;
}

/** The recording whose words begin like this. */
export function clipThatBegins(text: string): SpokenClip | undefined {
  const names = Object.keys(assistantClips) as (keyof typeof assistantClips)[];
  const name = text === '' ? undefined : names.find(one => assistantClips[one].text.startsWith(text));
  return name && {text: assistantClips[name].text, audio: readClip(name)};
}

/** A stretch of a recording in what a caller heard: where it begins there, and how long it is, in bytes. */
export interface Stretch {
  readonly at: number;
  readonly bytes: number;
}

/** The last place at which the recording was heard from its first byte, as far as it was heard without a change. */
export function heardFrom(clip: Buffer, played: Buffer): Stretch | undefined {
  const at = played.lastIndexOf(clip.subarray(0, FINGERPRINT));
  return at < 0 ? undefined : {at, bytes: sameBytes(clip, played.subarray(at))};
}

/** Where in the recording the sound that the caller heard at this byte comes from. */
export function placeIn(clip: Buffer, played: Buffer, at: number): number | undefined {
  const from = clip.indexOf(played.subarray(at, at + FINGERPRINT));
  return from < 0 || played.length < at + FINGERPRINT ? undefined : from;
}

/** The words that fit into this much of a sentence's sound, by their share of the text, whole. */
export function heardPart(beginning: string, heardMs: Millis): string {
  const clip = clipThatBegins(beginning);
  if (!clip) return beginning;
  const share = (heardMs * BYTES_PER_MS) / clip.audio.length;
  const end = Math.floor(clip.text.length * Math.min(1, share));
  return end >= clip.text.length ? clip.text : clip.text.slice(0, clip.text.lastIndexOf(' ', end)).trimEnd();
}

function sameBytes(one: Buffer, other: Buffer): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length += 1;
  return length;
}
