import type {ProcessFleet} from './process-fleet.ts';
import {readTagRuns, type TaggedRun} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {readFrameTag} from '../../simulators/twilio/src/phone/frame-tag.ts';

/** A stretch of caller frames without a gap, by their numbers within the call; `to` is the number after the last. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The caller audio that one model session got. */
export interface AudioEvidence {
  readonly session: SessionSummary;
  /** The tags of all calls whose frames it got: more than one means that callers were mixed up. */
  readonly tags: readonly number[];
  /** In order of arrival. One stretch means: nothing lost, doubled or reordered. */
  readonly stretches: readonly Stretch[];
}

const AT_ONCE = 50;
const FRAME_BYTES = 160;
/** Padding comes in whole milliseconds. */
const STEP_BYTES = 8;

/**
 * The caller audio of every model session, in the order in which they were opened. Calls must be dialled with a tag.
 */
export async function audioEvidence(fleet: ProcessFleet): Promise<AudioEvidence[]> {
  const sessions = await fleet.sessions();
  const all: AudioEvidence[] = [];
  // In batches: there may be thousands.
  for (let first = 0; first < sessions.length; first += AT_ONCE) {
    const some = sessions.slice(first, first + AT_ONCE);
    all.push(
      ...(await Promise.all(some.map(async session => ({session, ...stretchesOf(await fleet.heardBy(session.id))})))),
    );
  }
  return all;
}

export function stretchesOf(audio: Buffer): Pick<AudioEvidence, 'tags' | 'stretches'> {
  const tags = new Set<number>();
  const stretches: {from: number; to: number}[] = [];
  for (let offset = 0; offset < audio.length;) {
    const frame = readFrameTag(audio, offset);
    if (!frame) {
      offset += STEP_BYTES;
      continue;
    }
    tags.add(frame.tag);
    const last = stretches.at(-1);
    if (last?.to === frame.frame) last.to += 1;
    else stretches.push({from: frame.frame, to: frame.frame + 1});
    offset += FRAME_BYTES;
  }
  return {tags: [...tags], stretches};
}

/** The sessions of one call, in order. */
export function sessionsOf(all: readonly AudioEvidence[], {tag}: CallReport): AudioEvidence[] {
  return all.filter(({tags}) => tag !== undefined && tags.includes(tag));
}

/** Frames that the caller sent and no model session got, apart from those after the last one that arrived. */
export function unheardFrames(sessions: readonly AudioEvidence[], report: CallReport): number[] {
  const heard = new Set(sessions.flatMap(({stretches}) => stretches.flatMap(numbersOf)));
  const last = Math.max(-1, ...heard);
  const sent = report.streams.flatMap(({sentAudio}) => stretchesOf(sentAudio).stretches.flatMap(numbersOf));
  return sent.filter(frame => frame < last && !heard.has(frame));
}

/** What the caller heard of the assistant over all streams, in order; `MODEL_TAGGED` must be on. */
export function heardRuns(report: CallReport): TaggedRun[] {
  return report.streams.flatMap(({played}) => readTagRuns(played));
}

function numbersOf({from, to}: Stretch): number[] {
  return Array.from({length: to - from}, (_, index) => from + index);
}
