import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEvidence, longestGap} from '../../tools/harness/call-evidence.ts';
import {includesSlot} from '../../tools/local-stack/redis/cluster-topology.ts';
import {type Percentiles, percentiles} from '../load/percentiles.ts';
import type {Hit} from './hits.ts';

/** What one kind of fault cost, over all its repetitions. */
export interface Verdict {
  readonly fault: string;
  readonly calls: number;
  readonly hits: number;
  readonly lost: number;
  readonly deaf: number;
  readonly moves: number;
  readonly framesLost: number;
  readonly framesTwice: number;
  /** Assistant audio, in ms. */
  readonly replyLostMs: Millis;
  readonly replyTwiceMs: Millis;
  /** How far what a model remembers of a reply is off from what its caller heard of it, at most. */
  readonly memoryErrorMs: Millis;
  /** For how long a shard took no writes. */
  readonly outage: Percentiles;
  /** How much longer than that the model got nothing of a caller whose channels are in the shard that was hit. */
  readonly beyond: Percentiles;
  /** The longest time without a caller's frame, beyond the usual 20 ms: in calls of the other shards, and with no fault. */
  readonly elsewhere: Percentiles;
  readonly quiet: Percentiles;
}

/** A call that was hit may hear the end of it this much later. */
const AFTER: Millis = 2_500;

/** `quiet`: a time without faults, for comparison. `slotOf`: of the channels of a call. */
export function verdictOf(
  fault: string,
  evidence: readonly CallEvidence[],
  hits: readonly Hit[],
  {quiet, slotOf}: {readonly quiet: {from: Millis; until: Millis}; readonly slotOf: ReadonlyMap<string, number>},
): Verdict {
  const sum = (of: (call: CallEvidence) => number) => evidence.reduce((total, call) => total + of(call), 0);
  const isIn = (call: CallEvidence, {slots}: Hit) => includesSlot(slots, slotOf.get(call.streamSid) ?? -1);
  const gaps = (of: (call: CallEvidence, hit: Hit) => boolean, less: (hit: Hit) => Millis) =>
    hits.flatMap(hit =>
      evidence
        .filter(call => !call.isDeaf && of(call, hit))
        .map(call => Math.max(0, longestGap(call, hit.from, hit.until + AFTER) - less(hit))),
    );
  return {
    fault,
    calls: evidence.length,
    hits: hits.length,
    lost: sum(call => Number(call.isLost)),
    deaf: sum(call => Number(call.isDeaf)),
    moves: sum(call => call.moves),
    framesLost: sum(call => call.framesLost),
    framesTwice: sum(call => call.framesTwice),
    replyLostMs: sum(call => call.replyLostMs),
    replyTwiceMs: sum(call => call.replyTwiceMs),
    memoryErrorMs: Math.max(0, ...evidence.map(call => call.memoryErrorMs)),
    outage: percentiles(hits.map(hit => hit.outage)),
    beyond: percentiles(gaps(isIn, hit => hit.outage)),
    elsewhere: percentiles(
      gaps(
        (call, hit) => !isIn(call, hit),
        () => 0,
      ),
    ),
    quiet: percentiles(evidence.map(call => longestGap(call, quiet.from, quiet.until))),
  };
}

/** A Markdown table. */
export function tableOf(verdicts: readonly Verdict[]): string {
  const ms = (value: number) => (Number.isNaN(value) ? '–' : String(Math.round(value)));
  const pair = ({p50, p99}: Percentiles) => `${ms(p50)} / ${ms(p99)}`;
  const rows = verdicts.map(
    each =>
      `| ${each.fault} (${each.hits}) | ${each.lost} | ${each.deaf} | ${each.moves} | ${each.framesLost} | ${each.framesTwice} | ${each.replyLostMs} / ${each.replyTwiceMs} | ${each.memoryErrorMs} | ${pair(each.outage)} | ${pair(each.beyond)} | ${pair(each.elsewhere)} | ${pair(each.quiet)} |`,
  );
  return [
    '| fault (times) | calls lost | deaf | moves | frames lost | twice | reply lost / twice, ms | memory off by, ms | outage, ms (p50 / p99) | gap beyond it | gap on other shards | gap without a fault |',
    '| --- | --: | --: | --: | --: | --: | --- | --: | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
