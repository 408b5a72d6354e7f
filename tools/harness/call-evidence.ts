import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {type AudioEvidence, audioEvidence, heardRuns, sessionsOf, unheardFrames} from './audio-evidence.ts';
import type {ProcessFleet} from './process-fleet.ts';

/** A time in which the model got nothing of a caller, in monotonic milliseconds of this process. */
export interface Pause {
  readonly from: Millis;
  readonly until: Millis;
}

/** What a fault did to one call, by what its phone played and what its model sessions got. */
export interface CallEvidence {
  readonly callSid: string;
  /** Of its first stream. */
  readonly streamSid: string;
  /** It was not the caller who ended it. */
  readonly isLost: boolean;
  /** The model got nothing of the caller's last second. */
  readonly isDeaf: boolean;
  /** Model sessions and streams beyond the first: the call had another owner or another edge. */
  readonly moves: number;
  /** Caller frames that no model session got, and such that came more than once; without a deaf call's last ones. */
  readonly framesLost: number;
  readonly framesTwice: number;
  /** Assistant audio that the caller should have heard and did not, or heard again; of all replies but the last. */
  readonly replyLostMs: Millis;
  readonly replyTwiceMs: Millis;
  /** How far what the model remembers of a reply is off from what the caller heard of it, at most; of the same replies. */
  readonly memoryErrorMs: Millis;
  readonly pauses: readonly Pause[];
}

const DEAF_AFTER_FRAMES = 50;

/** The calls must be dialled with a tag and the model must speak tagged audio. */
export async function callEvidence(fleet: ProcessFleet, reports: readonly CallReport[]): Promise<CallEvidence[]> {
  const all = await audioEvidence(fleet);
  return reports.map(report => {
    const sessions = sessionsOf(all, report);
    const sent = report.streams.reduce((sum, {sentFrames}) => sum + sentFrames, 0);
    const heard = framesOf(sessions);
    const distinct = new Set(heard);
    const last = Math.max(-1, ...distinct);
    return {
      callSid: report.callSid,
      streamSid: report.streams[0]?.streamSid ?? '',
      isLost: report.endedBy !== 'caller',
      isDeaf: sent - 1 - last > DEAF_AFTER_FRAMES,
      moves: Math.max(0, sessions.length - 1) + Math.max(0, report.streams.length - 1),
      framesLost: unheardFrames(sessions, report).length,
      framesTwice: heard.length - distinct.size,
      ...replies(sessions, report),
      pauses: pausesOf(sessions),
    };
  });
}

function framesOf(sessions: readonly AudioEvidence[]): number[] {
  return sessions.flatMap(({stretches}) =>
    stretches.flatMap(({from, to}) => Array.from({length: to - from}, (_, index) => from + index)),
  );
}

function replies(
  sessions: readonly AudioEvidence[],
  report: CallReport,
): Pick<CallEvidence, 'replyLostMs' | 'replyTwiceMs' | 'memoryErrorMs'> {
  const runs = heardRuns(report);
  const lastItem = runs.at(-1)?.item;
  const items = new Map(sessions.flatMap(({session}) => session.items.map(item => [item.tag, item] as const)));
  let [replyLostMs, replyTwiceMs, memoryErrorMs] = [0, 0, 0];
  for (const tag of new Set(runs.map(({item}) => item))) {
    const own = runs.filter(({item}) => item === tag);
    const played = own.reduce((sum, {fromMs, toMs}) => sum + toMs - fromMs, 0);
    const distinct = new Set(
      own.flatMap(({fromMs, toMs}) => Array.from({length: toMs - fromMs}, (_, n) => fromMs + n)),
    );
    replyTwiceMs += played - distinct.size;
    const item = items.get(tag);
    // The last reply is cut by hanging up, and one that the caller interrupted is cut on purpose.
    if (tag === lastItem || !item) continue;
    memoryErrorMs = Math.max(memoryErrorMs, Math.abs(Math.floor(item.rememberedMs) - distinct.size));
    if (item.truncatedAtMs !== null) continue;
    replyLostMs += Math.max(0, Math.floor(item.generatedMs) - distinct.size);
  }
  return {replyLostMs, replyTwiceMs, memoryErrorMs};
}

function pausesOf(sessions: readonly AudioEvidence[]): Pause[] {
  const here = ({session}: AudioEvidence, at: Millis) => at + session.clockOrigin - performance.timeOrigin;
  const within = sessions.flatMap(each =>
    each.session.heard.pauses.map(({from, until}) => ({from: here(each, from), until: here(each, until)})),
  );
  const between = sessions.slice(1).flatMap((next, index) => {
    const before = sessions[index];
    const [from, until] = [before?.session.heard.lastAt ?? null, next.session.heard.firstAt];
    if (!before || from === null || until === null) return [];
    return [{from: here(before, from), until: here(next, until)}];
  });
  return [...within, ...between].toSorted((a, b) => a.from - b.from);
}

/** A caller's frame comes each 20 ms: what a pause is longer than that. */
const CADENCE: Millis = 20;

/** The longest time beyond the usual for which the model got nothing of this caller, if it touches this time; else 0. */
export function longestGap({pauses}: CallEvidence, from: Millis, until: Millis): Millis {
  return Math.max(
    0,
    ...pauses
      .filter(pause => pause.until > from && pause.from < until)
      .map(pause => pause.until - pause.from - CADENCE),
  );
}
