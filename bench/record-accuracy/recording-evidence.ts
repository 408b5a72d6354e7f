import type {Millis} from '@voicebridge/shared/time.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {Utterance} from './phone-evidence.ts';

const BYTES_PER_MS = 8;
/** Where an utterance is looked for, around where it should be. */
const WITHIN_MS = 1_500;

/** What is in a recording. Moments are in milliseconds from its beginning. */
export interface RecordingEvidence {
  /** Where an utterance begins that should begin at `near`; undefined if it is not there. */
  find(utterance: Utterance, near: Millis): Millis | undefined;
  /** The items of the model, by number. */
  readonly items: ReadonlyMap<number, {readonly at: Millis; readonly toMs: Millis}>;
}

/** Reads a stereo recording: the caller by the very bytes that left the phone, the assistant by what its audio says it is. */
export function recordingEvidence(stereo: Buffer): RecordingEvidence {
  const caller = Buffer.from(stereo.filter((_, index) => index % 2 === 0));
  const assistant = stereo.filter((_, index) => index % 2 === 1);
  const items = new Map<number, {at: Millis; toMs: Millis}>();
  for (const {item, at, toMs} of readTagRuns(assistant)) {
    const known = items.get(item);
    items.set(item, {at: known?.at ?? at / BYTES_PER_MS, toMs: Math.max(known?.toMs ?? 0, toMs)});
  }
  return {
    items,
    find({firstFrame}, near) {
      const from = Math.max(0, Math.round((near - WITHIN_MS) * BYTES_PER_MS));
      const place = caller.indexOf(firstFrame, from);
      return place < 0 || place > (near + WITHIN_MS) * BYTES_PER_MS ? undefined : place / BYTES_PER_MS;
    },
  };
}
