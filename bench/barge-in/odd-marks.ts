import type {MarkKnobs} from '../../simulators/twilio/src/media/mark-returns.ts';
import type {Network} from '../../tools/harness/virtual/network.ts';
import {type Figures, figures, OURS} from './outcome.ts';
import {situations, virtualCall} from './virtual-calls.ts';

/** Unusual ways in which Twilio may return marks. */
const ODD_MARKS: Readonly<Record<string, MarkKnobs>> = {
  'as documented': {},
  'late by 0 to 300 ms': {late: {from: 0, to: 300}},
  'late by 60 ms on average': {late: {mean: 60}},
  'only each 250 ms': {bunchedMs: 250},
  'one of three': {oneOf: 3},
  'half of them lost': {lost: 0.5},
  'all lost': {lost: 1},
  'flushed at once, no clear': {flushedAfterMs: 0},
  'flushed after 400 ms, no clear': {flushedAfterMs: 400},
};

/** An error below which a listener notices nothing in the next sentence. */
const MOST_MS = 40;

export interface OddRow extends Figures {
  readonly network: Network;
  readonly marks: string;
}

/** Our rule alone, interrupted in every situation, under each kind of marks. */
export function oddMarks(
  networks: readonly Network[],
  callsEach: number,
  progress: (done: number, of: number) => void,
): OddRow[] {
  const kinds = Object.entries(ODD_MARKS);
  return networks.flatMap((network, far) =>
    kinds.map(([marks, knobs], at) => {
      progress(far * kinds.length + at + 1, networks.length * kinds.length);
      const outcomes = situations.flatMap(situation =>
        Array.from({length: callsEach}, (_, call) => virtualCall({network, situation, marks: knobs}, call + 1)),
      );
      const ours = outcomes.flatMap(each => each.outcomes).filter(({rule}) => rule === OURS);
      return {network, marks, ...figures(ours)};
    }),
  );
}

/**
 * Returns what is wrong. Where marks are of no use, only the clock is left, and two messages on a network with `jitter`
 * differ by up to twice as much.
 */
export function missedGoals(rows: readonly OddRow[]): string[] {
  return rows.flatMap(({network, marks, count, p95, refused, wrongItem}) => {
    const most = Math.max(MOST_MS, 2 * network.jitter);
    const usual = rows.find(row => row.network === network)?.count ?? 0;
    const where = `marks ${marks} at ${network.delay} ms`;
    const isWrong = refused + (most === MOST_MS ? wrongItem : 0) > 0;
    return [
      ...(count < 0.9 * usual ? [`${where}: ${usual - count} callers did not get to interrupt`] : []),
      ...(p95 > most ? [`${where}: error p95 ${p95.toFixed(0)} ms, not ${most}`] : []),
      ...(isWrong ? [`${where}: ${refused} refused, ${wrongItem} wrong items`] : []),
    ];
  });
}
