import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {NewCall} from './running-calls.ts';
import {enteredAnew} from './tool-failure.ts';
import type {ToolResults, ToolState} from './tool-results.ts';

/**
 * A tool begins whose result comes later: whatever runs it is told, and its result is waited for. `since`: from when on its
 * caller waits.
 */
export function beginTool(
  call: NewCall,
  state: ToolState,
  results: ToolResults,
  since: Millis,
  at: Millis,
): CallEffect[] {
  const {records, running, entries} = state;
  const {callId, tool, args, record} = call;
  const {follows} = running.add(call, since);
  const begun = records.began(callId, record);
  switch (tool.runs) {
    case 'on-keys':
      return [...anew(callId, state, results, at), begun, ...entries.begin(callId, tool, at)];
    case 'hosted':
      return [begun];
    case 'switch':
      return [begun, {do: 'switchAssistant', callId, to: tool.targetOf(args) ?? ''}];
    case 'later': {
      // It gets the result of the call that runs already.
      if (follows !== undefined) return [begun];
      const names = tool.secrets ?? [];
      const secrets = names.length === 0 ? {} : {secrets: entries.valuesOf(names).values};
      return [begun, {do: 'runTool', callId, name: tool.name, args, ...secrets}];
    }
    default:
      return unreachable(tool);
  }
}

/** Only one thing is entered at a time: what was asked for before is given up. */
function anew(callId: string, {entries, running}: ToolState, results: ToolResults, at: Millis): CallEffect[] {
  const before = entries.callId === callId ? undefined : running.get(entries.callId);
  if (!before) return [];
  running.take(before.callId);
  return [...entries.stop(before.callId), ...results.answered(before, enteredAnew, at)];
}
