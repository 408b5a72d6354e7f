import type {Millis} from '@voicebridge/shared/time.ts';
import {callerClips, readClip} from '../../simulators/audio/clips.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {CallReport, StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import {cough} from './callers.ts';
import {trueSpeech} from './speech-intervals.ts';

const BYTES_PER_MS = 8;

/** Speech of the caller, by the energy of the recording. Moments are on the phone's clock. */
export interface Utterance {
  /** The first and the last audible frame left the phone. */
  readonly onsetAt: Millis;
  readonly lastAt: Millis;
  /** All of them. */
  readonly audibleAt: readonly Millis[];
  /** Its first audible frame: 160 bytes of μ-law, as they left the phone. */
  readonly firstFrame: Buffer;
}

/** An item of the model, as the caller heard it. */
export interface HeardItem {
  readonly firstAt: Millis;
  /** Up to where in the item. */
  readonly toMs: Millis;
}

/** A clear that dropped audio. */
export interface TrueCut {
  readonly at: Millis;
  readonly unheardMs: Millis;
  /** Which item was playing, and up to where of it the caller heard it; not known before a whole millisecond of it. */
  readonly item: {readonly tag: number; readonly heardMs: Millis} | undefined;
  /** Since when the caller spoke, if that was what caused it. */
  readonly utterance: Utterance | undefined;
  /** Since when the assistant was audible without a break. */
  readonly audibleSince: Millis;
}

/** The evidence of the phone. The product cannot see it. */
export interface PhoneEvidence {
  readonly utterances: readonly Utterance[];
  readonly items: ReadonlyMap<number, HeardItem>;
  readonly cuts: readonly TrueCut[];
}

export function phoneEvidence(report: CallReport): PhoneEvidence {
  const utterances = report.spoke
    .map(({clip, startedAt, endedAt}) => {
      const audio = recording(clip);
      const audible = trueSpeech(audio);
      const audibleAt = audible.map(ms => startedAt + ms).filter(at => at < endedAt);
      const from = (audible[0] ?? 0) * BYTES_PER_MS;
      const firstFrame = audio.subarray(from, from + 20 * BYTES_PER_MS);
      return {onsetAt: audibleAt[0] ?? startedAt, lastAt: audibleAt.at(-1) ?? startedAt, audibleAt, firstFrame};
    })
    .toSorted((a, b) => a.onsetAt - b.onsetAt);
  const items = new Map<number, HeardItem>();
  for (const stream of report.streams) {
    for (const run of readTagRuns(stream.played)) {
      const known = items.get(run.item);
      const firstAt = known?.firstAt ?? audibleAt(stream, run.at);
      items.set(run.item, {firstAt, toMs: Math.max(known?.toMs ?? 0, run.toMs)});
    }
  }
  return {utterances, items, cuts: report.streams.flatMap(stream => cutsOf(stream, utterances))};
}

function cutsOf(stream: StreamReport, utterances: readonly Utterance[]): TrueCut[] {
  const runs = readTagRuns(stream.played);
  return stream.clears.flatMap(({at, discardedBytes}) => {
    const segment = stream.segments.findLast(each => each.at <= at);
    if (discardedBytes === 0 || !segment) return [];
    const run = runs.findLast(each => each.at < segment.to);
    return [
      {
        at,
        unheardMs: discardedBytes / BYTES_PER_MS,
        item: run && {tag: run.item, heardMs: run.fromMs + (segment.to - run.at) / BYTES_PER_MS},
        utterance: utterances.findLast(({onsetAt}) => onsetAt < at),
        audibleSince: segment.at,
      },
    ];
  });
}

/** When a byte of what was played was heard. */
function audibleAt({segments}: StreamReport, byte: number): Millis {
  const segment = segments.find(({from, to}) => from <= byte && byte < to);
  if (!segment) throw new Error(`byte ${byte} was never played`);
  return segment.at + (byte - segment.from) / BYTES_PER_MS;
}

function recording(name: string): Buffer {
  if (name === 'cough') return cough;
  if (Object.hasOwn(callerClips, name)) return readClip(name as keyof typeof callerClips);
  throw new Error(`no recording is called ${name}`);
}
