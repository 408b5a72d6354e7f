import {assistantTools} from '../tools/assistant-tools.ts';
import type {BackgroundTool, ImmediateTool, Tool, ToolJob} from '../tools/tool.ts';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';

const city = {
  type: 'object',
  properties: {city: {type: 'string'}},
  required: ['city'],
  additionalProperties: false,
} as const;

/** A tool that answers at once. */
export const openingHours: ImmediateTool = {
  name: 'opening_hours',
  description: 'When a shop is open.',
  parameters: city,
  runs: 'at-once',
  run: args => ({kind: 'output', output: `${String(args['city'])}: 9 to 5`}),
};

/** A tool whose results a test gives by hand. */
export class ScriptedLookUp implements BackgroundTool {
  readonly name = 'look_up';
  readonly description = 'Looks up an order.';
  readonly parameters = city;
  readonly runs = 'later';
  readonly timeoutMs = 8_000;
  readonly jobs: {args: ToolArguments; job: ToolJob; result: PromiseWithResolvers<ToolOutcome>}[] = [];

  async run(args: ToolArguments, job: ToolJob): Promise<ToolOutcome> {
    const result = Promise.withResolvers<ToolOutcome>();
    this.jobs.push({args, job, result});
    return await result.promise;
  }
}

/** Today's tools, one that answers at once and one that answers later. */
export const toolsWith = (lookUp: Tool): readonly Tool[] => [...assistantTools, openingHours, lookUp];
