import type {ModelContext} from '../conversation/model-context.ts';
import type {ToolArguments} from '../events/tool-outcome.ts';
import {canonical} from './canonical.ts';
import type {ToolRecords} from './tool-records.ts';
import {parseArguments, type WaitedTool} from './tool.ts';

/** What the conversation says of earlier calls of the same tool with the same arguments. */
export class EarlierCalls {
  readonly #memory: ModelContext;
  readonly #records: ToolRecords;

  constructor(memory: ModelContext, records: ToolRecords) {
    this.#memory = memory;
    this.#records = records;
  }

  /** The first result that was a success. */
  result(tool: WaitedTool, args: ToolArguments, callId: string): string | undefined {
    return this.#alike(tool, args, callId).find(({call}) => this.#records.succeeded(call.callId))?.output;
  }

  /** Whether the model was told to ask the caller, who has said something since. */
  isApproved(tool: WaitedTool, args: ToolArguments, callId: string): boolean {
    return this.#alike(tool, args, callId).some(({isAnswered, callerSince}) => isAnswered && callerSince);
  }

  #alike(tool: WaitedTool, args: ToolArguments, callId: string) {
    const wanted = canonical(args);
    return this.#memory.toolCalls.filter(({call}) => {
      if (call.name !== tool.name || call.callId === callId) return false;
      const other = parseArguments(tool, call.arguments);
      return other !== undefined && canonical(other) === wanted;
    });
  }
}
