import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {AWAY_FIGURES} from '@voicebridge/shared/cdr/away-figures.ts';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {Viewer} from '../auth/viewer.ts';
import {rowOf} from '../database/figure-columns.ts';
import {Call, type CallDetail} from '../queries/call-shapes.ts';
import {callRows} from './call-rows.ts';

/** What stands for the reason of an end that has not come. */
export const IN_PROGRESS = 'in progress';

/**
 * A call in progress as the API answers a finished one, from its record as if it ended now. Words and numbers are for who
 * may see them, as there. Undefined: the record has no part.
 */
export function callSoFar(
  parts: readonly CallFinished[],
  {who, may}: Pick<Viewer, 'who' | 'may'>,
  wall: number,
): CallDetail | undefined {
  const [first] = parts;
  if (!first) return undefined;
  const {summary} = first;
  const shown = may.has('words');
  const toolCalls = parts.flatMap(part => part.toolCalls.map(tool => rowOf(TOOL_CALL_FIGURES, tool)));
  const failovers = parts.flatMap(part => part.failovers.map(each => rowOf(FAILOVER_FIGURES, each)));
  const transcript = parts.flatMap(part => part.transcript.map(({at, ...line}) => ({...line, atMs: at})));
  const isKept =
    transcript.length > 0 ||
    Object.keys(summary.notes).length > 0 ||
    toolCalls.some(tool => tool.arguments !== null || tool.result !== null);
  const {startedAt} = summary;
  return {
    call: Call.parse({
      ...callRows(first).call,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(wall).toISOString(),
      recordedAt: new Date(wall).toISOString(),
      durationMs: Math.max(0, wall - startedAt),
      endReason: IN_PROGRESS,
      endedBy: '',
      failovers: failovers.length,
      hungUpWaitingMs: null,
      outcome: summary.outcome,
      outcomeFilled: [],
      tags: [],
      whole: true,
    }),
    callerNumber: shown ? summary.caller.number : null,
    calleeNumber: shown ? summary.callee.number : null,
    remarks: [],
    notes: shown ? summary.notes : {},
    assistants: summary.assistants,
    turns: parts.flatMap(part => part.turns.map(turn => rowOf(TURN_FIGURES, turn))),
    interruptions: parts.flatMap(part => part.interruptions.map(each => rowOf(INTERRUPTION_FIGURES, each))),
    toolCalls: shown ? toolCalls : toolCalls.map(tool => ({...tool, arguments: null, result: null})),
    failovers,
    aways: summary.aways.map(away => rowOf(AWAY_FIGURES, away)),
    disclosure: summary.disclosure,
    answeredBy: summary.answeredBy,
    transcript: shown ? transcript : [],
    recording: null,
    missing: [],
    transcriptState: !isKept ? 'not-kept' : shown ? 'shown' : who === null ? 'no-password' : 'sign-in',
  };
}
