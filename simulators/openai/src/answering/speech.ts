import type {Millis} from '@voicebridge/shared/time.ts';
import {type ClipName, clips, readClip} from '../../../audio/clips.ts';
import {energyOf} from '../audio/audio-format.ts';
import type {Part} from './model-script.ts';
import {taggedAudio} from '../audio/tagged-audio.ts';

/** What one spoken part sounds like: words, and 8 kHz μ-law. */
export interface Speech {
  readonly text: string;
  readonly mulaw: Buffer;
  /** The number in the audio if it is tagged. */
  readonly tag: number | undefined;
}

/** μ-law silence. */
const SILENCE = 0xff;
/** Between two words it is quiet for at least 20 ms; so far from the estimated place a pause is looked for: 200 ms. */
const [QUIET_BYTES, NEAR_BYTES] = [160, 1_600];

/** Recorded, tagged or silent audio for a part. `nextTag` is asked only when a number is needed. */
export function speechOf(
  part: Extract<Part, {say: unknown} | {silence: Millis}>,
  tagged: boolean,
  nextTag: () => number,
): Speech {
  if ('silence' in part) return {text: '', mulaw: Buffer.alloc(Math.round(part.silence) * 8, SILENCE), tag: undefined};
  if (typeof part.say !== 'string') return taggedSpeech(part.say.text, part.say.audioMs, nextTag());
  const {text, mulaw: recorded} = restOf(part.say, 'after' in part ? part.after : undefined);
  return tagged ? taggedSpeech(text, recorded.length / 8, nextTag()) : {text, mulaw: recorded, tag: undefined};
}

/** A recording from the place on where these first words of it end. Where that is, is estimated by their share of the text. */
function restOf(name: ClipName, first = ''): Omit<Speech, 'tag'> {
  const {text} = clips[name];
  const recorded = readClip(name);
  if (first === '' || !text.startsWith(first)) return {text, mulaw: recorded};
  const from = quietestNear(recorded, Math.round((recorded.length * first.length) / text.length));
  return {text: text.slice(first.length).trimStart(), mulaw: recorded.subarray(from)};
}

/** Words end where it is quiet. */
function quietestNear(audio: Buffer, around: number): number {
  let [best, least] = [around, Infinity];
  for (let from = around - NEAR_BYTES; from <= around + NEAR_BYTES; from += QUIET_BYTES) {
    if (from < 0 || from + QUIET_BYTES > audio.length) continue;
    const energy = energyOf(audio, from, from + QUIET_BYTES, {type: 'audio/pcmu'});
    if (energy < least) [best, least] = [from, energy];
  }
  return best;
}

function taggedSpeech(text: string, audioMs: Millis, tag: number): Speech {
  return {text, mulaw: taggedAudio(tag, audioMs), tag};
}

/** Cuts speech in two at the middle word, so that one answer becomes two items. */
export function halves({text, mulaw}: Speech, tagged: boolean, nextTag: () => number): [Speech, Speech] {
  const words = text.split(' ');
  const middle = Math.ceil(words.length / 2);
  const cut = Math.floor(mulaw.length / 16) * 8;
  const parts = [
    {text: words.slice(0, middle).join(' '), mulaw: mulaw.subarray(0, cut)},
    {text: words.slice(middle).join(' '), mulaw: mulaw.subarray(cut)},
  ] as const;
  const spoken = ({text, mulaw}: {text: string; mulaw: Buffer}): Speech =>
    tagged ? taggedSpeech(text, mulaw.length / 8, nextTag()) : {text, mulaw, tag: undefined};
  return [spoken(parts[0]), spoken(parts[1])];
}
