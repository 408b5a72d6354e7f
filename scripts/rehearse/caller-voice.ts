import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {callerClips, readClip, type ClipName} from '../../simulators/audio/clips.ts';
import type {CallerTurn} from '../../simulators/openai/src/state/caller-words.ts';

/** A sentence of the caller and how it sounds: μ-law, 8 bytes per millisecond. */
export interface Utterance {
  readonly text: string;
  readonly audio: Buffer;
  /** People can understand it. */
  readonly isRecorded: boolean;
}

const BYTES_PER_MS = 8;
const MS_PER_WORD = 350;
const SHORTEST_MS = 800;
/** Speech without a pause that would end a turn. */
const VOICE: ClipName = 'caller-book-table';
/** A sentence is known by this much of it, looked for so often. */
const PROBE_BYTES = 64;
const PROBE_EVERY_MS = 100;

/**
 * How a caller says something. A sentence of the bundled recordings sounds like itself. Any other one sounds like speech of
 * that length whose words are nobody's; its lowest bits are like no other sentence's.
 */
export function utteranceOf(text: string): Utterance {
  const recorded = Object.entries(callerClips).find(([name, clip]) => name === text || clip.text === text);
  if (recorded)
    return {text: recorded[1].text, audio: readClip(recorded[0] as keyof typeof callerClips), isRecorded: true};
  const speech = readClip(VOICE);
  const ms = Math.max(SHORTEST_MS, text.split(/\s+/).length * MS_PER_WORD);
  const random = seededRandom(seedOf(text));
  const audio = Buffer.alloc(ms * BYTES_PER_MS);
  for (let at = 0; at < audio.length; at += 1) {
    audio[at] = ((speech[at % speech.length] ?? 0) & 0xfe) | random.whole(0, 1);
  }
  return {text, audio, isRecorded: false};
}

/** Tells the scripted model what it heard: the sentences of which a part is in the turn, in the order of their sound. */
export function recognise(utterances: readonly Utterance[], {audio}: Pick<CallerTurn, 'audio'>): string {
  const heard = utterances.flatMap(({text, audio: own}) => {
    for (let from = 0; from + PROBE_BYTES <= own.length; from += PROBE_EVERY_MS * BYTES_PER_MS) {
      const at = audio.indexOf(own.subarray(from, from + PROBE_BYTES));
      if (at >= 0) return [{text, at}];
    }
    return [];
  });
  return [...new Set(heard.toSorted((a, b) => a.at - b.at).map(({text}) => text))].join(' ');
}

function seedOf(text: string): number {
  let seed = 7;
  for (const letter of text) seed = (Math.imul(seed, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return seed;
}
