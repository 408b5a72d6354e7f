import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from './call-report.ts';
import {BYTES_PER_MS} from '../phone/play-queue.ts';

/** Breaks shorter than this belong to one stretch of hearing. */
const SAME_STRETCH_MS = 60;

/** What the caller felt, computed from the truth. All lengths in milliseconds, all seen from the caller's phone. */
export interface CallMetrics {
  /** From the start of the stream to the first audible word of the assistant. */
  readonly firstAudioMs?: Millis;
  /** From the caller's last speech frame to the first audible byte after it; one for each answered utterance. */
  readonly answerMs: readonly Millis[];
  /** Utterances that began while the assistant was audible. */
  readonly interruptions: readonly {
    readonly clip: string;
    /** From the first speech frame to silence. */
    readonly silentAfterMs: Millis;
    /** From the first speech frame to the first `clear` after it, if there was one. */
    readonly clearAfterMs?: Millis;
  }[];
}

/** Derives the numbers of one call. */
export function callMetrics(report: CallReport): CallMetrics {
  const stretches = audibleStretches(report);
  const clears = report.streams.flatMap(stream => stream.clears.map(({at}) => at)).toSorted((a, b) => a - b);
  const interruptions = report.spoke.flatMap(({clip, startedAt}) => {
    const over = stretches.find(({from, to}) => from <= startedAt && startedAt < to);
    if (!over) return [];
    const clearedAt = clears.find(at => at >= startedAt);
    const cleared = clearedAt === undefined ? {} : {clearAfterMs: clearedAt - startedAt};
    return [{clip, silentAfterMs: over.to - startedAt, ...cleared}];
  });
  const answerMs = report.spoke.flatMap(({endedAt}, index) => {
    const before = report.spoke[index + 1]?.startedAt ?? Infinity;
    const answer = stretches.find(({from}) => from >= endedAt && from < before);
    return answer ? [answer.from - endedAt] : [];
  });
  const {firstAudioMs} = report;
  return {...(firstAudioMs === undefined ? {} : {firstAudioMs}), answerMs, interruptions};
}

function audibleStretches({streams}: CallReport): {from: Millis; to: Millis}[] {
  const heard = streams
    .flatMap(stream => stream.segments.map(({at, from, to}) => ({from: at, to: at + (to - from) / BYTES_PER_MS})))
    .toSorted((a, b) => a.from - b.from);
  const stretches: {from: Millis; to: Millis}[] = [];
  for (const {from, to} of heard) {
    const last = stretches.at(-1);
    if (last && from - last.to < SAME_STRETCH_MS) last.to = Math.max(last.to, to);
    else stretches.push({from, to});
  }
  return stretches;
}
