import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {EarlierCalls} from './earlier-calls.ts';
import {notApproved, notEntered, wrongArguments} from './tool-failure.ts';
import type {ToolState} from './tool-results.ts';
import type {WaitedTool} from './tool.ts';

/** What answers a tool call in place of the tool. */
export class Preconditions {
  readonly #entries: ToolState['entries'];
  readonly #earlier: EarlierCalls;

  constructor({memory, records, entries}: Pick<ToolState, 'memory' | 'records' | 'entries'>) {
    this.#entries = entries;
    this.#earlier = new EarlierCalls(memory, records);
  }

  /** Wrong arguments, an earlier result, digits that are missing, a question to the caller; undefined: the tool runs. */
  answer(tool: WaitedTool, args: ToolArguments, callId: string): ToolOutcome | undefined {
    const wrong = tool.check?.(args);
    if (wrong !== undefined) return wrongArguments(tool.name, wrong);
    const first = tool.oncePerCall ? this.#earlier.result(tool, args, callId) : undefined;
    if (first !== undefined) return {kind: 'output', output: first};
    const {missing} = this.#entries.valuesOf(tool.secrets ?? []);
    if (missing !== undefined) return notEntered(tool.name, missing);
    return tool.needsApproval ? this.approval(tool, args, callId) : undefined;
  }

  /** For a tool that needs the caller's yes: they must be asked first; undefined: they were, and have said something since. */
  approval(tool: WaitedTool, args: ToolArguments, callId: string): ToolOutcome | undefined {
    return this.#earlier.isApproved(tool, args, callId) ? undefined : notApproved(tool.name);
  }
}
