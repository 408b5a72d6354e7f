import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {CallDetail} from '../queries/call-shapes.ts';
import {CALL_FINISHED} from './deliveries.ts';
import {tidyNumbers} from '../queries/tidy-number.ts';

/** What has to be read of a call for its body besides its facts. */
export function partsFor(include: HookTarget['include']) {
  return new Set(
    include.flatMap(what => (what === 'tools' ? 'toolCalls' : what === 'notes' || what === 'numbers' ? [] : what)),
  );
}

/** The body of the webhook about a finished call, as JSON. `include`: what it holds besides its facts and its outcome. */
export function callBody(detail: CallDetail, include: HookTarget['include']): string {
  const {call, transcript, toolCalls, turns, notes, disclosure, answeredBy} = detail;
  const has = (what: HookTarget['include'][number]) => include.includes(what);
  const data = {
    callSid: call.callSid,
    direction: call.direction,
    via: call.via,
    startedAt: call.startedAt,
    endedAt: call.endedAt,
    durationMs: call.durationMs,
    assistant: call.assistant,
    assistantVersion: call.assistantVersion,
    endReason: call.endReason,
    endedBy: call.endedBy,
    disclosure,
    answeredBy,
    turns: call.turns,
    interruptions: call.bargeIns,
    costUsd: call.costUsd,
    outcome: call.outcome,
    outcomeFilled: call.outcomeFilled,
    recording: detail.recording && {path: `/api/calls/${call.callSid}/recording.wav`, fromMs: detail.recording.fromMs},
    ...(has('notes') ? {notes} : {}),
    ...(has('numbers')
      ? {
          caller: {number: detail.callerNumber, lastTwo: call.callerLastTwo, hash: call.callerHash},
          callee: {number: detail.calleeNumber, lastTwo: call.calleeLastTwo, hash: call.calleeHash},
        }
      : {}),
    ...(has('transcript') ? {transcript: transcript.map(({role, atMs, text, cut}) => ({role, atMs, text, cut}))} : {}),
    ...(has('tools')
      ? {
          toolCalls: toolCalls.map(({name, atMs, durationMs, outcome, arguments: args, result}) => ({
            name,
            atMs,
            durationMs,
            outcome,
            arguments: args,
            result,
          })),
        }
      : {}),
    ...(has('turns') ? {turnFigures: turns} : {}),
  };
  return JSON.stringify({type: CALL_FINISHED, timestamp: call.endedAt, data}, tidyNumbers);
}
