import type {Millis} from '@voicebridge/shared/time.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';

/** What the model is told of a tool call that came to nothing. Error messages of other systems are not for callers. */
const failed = (output: string): ToolOutcome => ({kind: 'failed', output});

export const unknownTool = (name: string): ToolOutcome => failed(`There is no tool named ${name}.`);

export const badArguments = (name: string): ToolOutcome =>
  failed(`The arguments of ${name} must be one JSON object. Call it again with such arguments.`);

export const toolThrew = (name: string): ToolOutcome =>
  failed(`The tool ${name} failed. Tell the caller that this did not work.`);

export const toolTimedOut = (name: string, afterMs: Millis): ToolOutcome =>
  failed(
    `The tool ${name} gave no result within ${afterMs / 1_000} seconds. Tell the caller that this did not work in time.`,
  );
