import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * The facts of the line `call ended`: all that an operator asks first about a call, so that one line answers. Made from
 * the call's record, so it is complete for a call that moved between workers. Figures that are unknown are left out.
 */
export function callEndedFacts(parts: readonly CallFinished[]): Readonly<Record<string, unknown>> {
  const summary = parts[0]?.summary;
  if (!summary) return {};
  const {tokens, frames} = summary;
  // Less than nothing where the wall clock was set back during the call.
  const lasted = summary.endedAt - summary.startedAt;
  const failovers = parts.flatMap(part => part.failovers);
  const of = (kind: string) => failovers.filter(failover => failover.kind.startsWith(kind)).length;
  const gaps = known(parts.flatMap(({turns}) => turns.map(turn => turn.platformTurnGapMs)));
  const reactions = known(parts.flatMap(({interruptions}) => interruptions.map(each => each.reactionMs)));
  const silences = known(failovers.map(({gapMs}) => gapMs));
  const facts = {
    reason: summary.endReason,
    endedBy: summary.endedBy,
    durationMs: lasted > 0 ? lasted : undefined,
    turns: summary.turns,
    interruptions: summary.bargeIns,
    falseInterruptions: summary.falseInterruptions,
    replyP50Ms: percentile(gaps, 0.5),
    replyP95Ms: percentile(gaps, 0.95),
    reactionMs: percentile(reactions, 0.5),
    firstAudioMs: rounded(summary.timeToFirstAudioMs),
    ownerChanges: of('worker-'),
    streamResumes: of('edge-'),
    modelReconnects: of('model-'),
    longestGapMs: percentile(silences, 1),
    toolCalls: summary.toolCalls,
    tokensIn: tokens.inputText + tokens.inputAudio,
    tokensOut: tokens.outputText + tokens.outputAudio,
    costUsd: summary.costUsd ?? undefined,
    lostFrames: frames.lostUp + frames.lostDown,
    malformed: frames.malformed,
    direction: summary.direction,
    assistant: summary.assistant,
    model: summary.model,
    owner: summary.worker,
    edge: summary.edge ?? undefined,
    epoch: summary.epoch,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The smallest figure that is not below this share of all; undefined where there is none. */
function percentile(figures: readonly Millis[], share: number): Millis | undefined {
  const sorted = figures.toSorted((one, other) => one - other);
  return rounded(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]);
}

function known(figures: readonly (Millis | null)[]): Millis[] {
  return figures.filter(figure => figure !== null);
}

function rounded(figure: Millis | null | undefined): Millis | undefined {
  return figure === null || figure === undefined ? undefined : Math.round(figure);
}
