import type {Millis} from '@voicebridge/shared/time.ts';
import {heardRuns} from '../../tools/harness/audio-evidence.ts';
import type {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';

/** A reply that the caller did not let end: how much they heard of it, and what the model remembers. */
export interface Interrupted {
  readonly callSid: string;
  readonly item: string;
  readonly heardMs: Millis;
  readonly rememberedMs: Millis;
  /** What they heard more than once, and what they never heard before the last of what they heard. */
  readonly twiceMs: Millis;
  readonly skippedMs: Millis;
  /** When the worker said so, in Unix milliseconds; undefined: it never did. */
  readonly at: number | undefined;
  /** What it said. */
  readonly line: string;
  /** How late the phone itself was just before, because it got no processor: no real phone is. */
  readonly phoneLateMs: Millis;
}

const CUT = /(\S+) at (\d+) of \d+ ms/g;
/** An item that was heard to within this much of its end is not truncated. */
const IGNORED_REST: Millis = 100;
/** So long before a truncation a phone that is late matters. */
const JUST_BEFORE: Millis = 1_500;

/**
 * The replies of which callers did not hear the end, without those that the end of the call cut. `workers`: all that there
 * ever were, with SHOW_TIMING_MATH.
 */
export async function interruptedReplies(
  fleet: ProcessFleet,
  workers: readonly RunningProcess[],
  reports: readonly CallReport[],
): Promise<Interrupted[]> {
  const items = (await fleet.sessions()).flatMap(session => session.items);
  const byTag = new Map(items.flatMap(item => (item.tag === null ? [] : [[item.tag, item] as const])));
  const cuts = cutsIn(workers);
  return reports.flatMap(report => {
    const heard = new Map<number, {blocks: Set<number>; twiceMs: Millis; until: Millis}>();
    for (const {item, fromMs, toMs} of heardRuns(report)) {
      const so = heard.get(item) ?? {blocks: new Set(), twiceMs: 0, until: 0};
      for (let ms = fromMs; ms < toMs; ms += 1) {
        if (so.blocks.has(ms)) so.twiceMs += 1;
        so.blocks.add(ms);
      }
      so.until = Math.max(so.until, toMs);
      heard.set(item, so);
    }
    return [...heard].slice(0, -1).flatMap(([tag, {blocks, twiceMs, until}]): Interrupted[] => {
      const item = byTag.get(tag);
      const cut = item && cuts.get(item.id);
      if (!item || (!cut && item.generatedMs - blocks.size <= IGNORED_REST)) return [];
      return [
        {
          callSid: report.callSid,
          item: item.id,
          heardMs: blocks.size,
          rememberedMs: cut?.ms ?? item.generatedMs,
          twiceMs,
          skippedMs: until - blocks.size,
          at: cut?.at,
          line: cut?.line ?? 'not truncated',
          phoneLateMs: cut ? phoneLate(report, cut.at - report.clockOrigin) : 0,
        },
      ];
    });
  });
}

/** By how much the marks came back late that were due just before `until`. */
function phoneLate({streams}: CallReport, until: Millis): Millis {
  const marks = streams
    .flatMap(stream => stream.marks)
    .filter(({echoedAt}) => Math.abs(echoedAt - until) < JUST_BEFORE);
  return Math.max(0, ...marks.map(({echoedAt, idealAt}) => echoedAt - idealAt));
}

/** The last truncation of each item. */
function cutsIn(workers: readonly RunningProcess[]) {
  const lines = workers.flatMap(worker =>
    worker.lines.flatMap(({json}) => {
      const math = json?.['msg'] === 'timing' ? json['math'] : undefined;
      return typeof math === 'string' ? [{at: Date.parse(String(json?.['time'])), math}] : [];
    }),
  );
  const cuts = new Map<string, {ms: Millis; at: number; line: string}>();
  for (const {at, math} of lines.toSorted((a, b) => a.at - b.at)) {
    for (const [, item = '', ms] of math.matchAll(CUT)) cuts.set(item, {ms: Number(ms), at, line: math});
  }
  return cuts;
}
