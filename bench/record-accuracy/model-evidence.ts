import type {Millis} from '@voicebridge/shared/time.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';

/** One answer of the model. Moments are on the wall clock, in milliseconds. */
export interface TrueResponse {
  readonly id: string;
  readonly startedAt: Millis;
  readonly firstDeltaAt: Millis | undefined;
  /**
   * The turn of the caller that made the model answer, if there was one: what the model reported about it, and when.
   */
  readonly turn: {readonly stoppedAt: Millis; readonly endMs: Millis} | undefined;
  /** Tags of its spoken items, in order, and how much of them was made. */
  readonly tags: readonly number[];
  readonly generatedMs: Millis;
  /** When its session was closed; never, if it is still open. */
  readonly sessionEndedAt: Millis;
  /** The platform cancelled it. */
  readonly takenBack: boolean;
}

export interface ModelEvidence {
  readonly responses: readonly TrueResponse[];
  readonly toolCalls: number;
  readonly sessions: number;
}

/** What the model did in all sessions of one call. `deadAt`: when its connection was lost, on the wall clock. */
export function modelEvidence(sessions: readonly SessionSummary[]): ModelEvidence {
  const responses = sessions.flatMap(session => {
    const {clockOrigin, items, speech, closedAt} = session;
    const wall = (at: Millis) => at + clockOrigin;
    return session.responses.map((response): TrueResponse => {
      const spoken = items.filter(({id, generatedMs}) => generatedMs > 0 && response.items.includes(id));
      const turn = speech.findLast(({stoppedAt}) => stoppedAt !== undefined && stoppedAt <= response.startedAt);
      return {
        id: response.id,
        startedAt: wall(response.startedAt),
        firstDeltaAt: response.firstAudioAt === undefined ? undefined : wall(response.firstAudioAt),
        turn: turn && {stoppedAt: wall(turn.stoppedAt ?? 0), endMs: turn.audioEndMs ?? 0},
        tags: spoken.flatMap(({tag}) => (tag === null ? [] : [tag])),
        generatedMs: spoken.reduce((sum, each) => sum + each.generatedMs, 0),
        sessionEndedAt: closedAt === null ? Number.POSITIVE_INFINITY : wall(closedAt),
        takenBack: response.reason === 'client_cancelled',
      };
    });
  });
  const calls = new Set(
    sessions.flatMap(({items}) => items.filter(({type}) => type === 'function_call').map(({id}) => id)),
  );
  return {
    responses: responses.toSorted((a, b) => a.startedAt - b.startedAt),
    toolCalls: calls.size,
    sessions: sessions.length,
  };
}
