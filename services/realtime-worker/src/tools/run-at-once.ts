import {messageOf} from '@voicebridge/shared/errors.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {SentAway, ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {badArguments, toolThrew} from './tool-failure.ts';
import type {ImmediateTool} from './tool.ts';

/**
 * Runs a tool that answers at once. One that throws must not end the call it belongs to, nor any other call of this worker:
 * the model is told, and operators are warned. `args`: undefined if the model wrote none that can be read.
 */
export function runAtOnce(
  tool: ImmediateTool,
  args: ToolArguments | undefined,
): {readonly outcome: ToolOutcome | SentAway; readonly warning?: CallEffect[]} {
  const {name} = tool;
  if (!args) return {outcome: badArguments(name)};
  try {
    return {outcome: tool.run(args)};
  } catch (thrown) {
    const warning: CallEffect = {do: 'warn', what: `the tool ${name} failed`, code: 'tool', detail: messageOf(thrown)};
    return {outcome: toolThrew(name), warning: [warning]};
  }
}
