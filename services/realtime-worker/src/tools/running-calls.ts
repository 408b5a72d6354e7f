import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import type {Request} from '../replies/response-sequencer.ts';

import {canonical} from './canonical.ts';
import {toolTimedOut} from './tool-failure.ts';
import type {HostedTool, WaitedTool} from './tool.ts';
import {WaitingWords} from './waiting-words.ts';

/** A tool call without a final record. */
export interface OpenCall {
  readonly callId: string;
  readonly record: ToolCallRecord;
  readonly calledAt: Millis;
}

/** A tool call that begins. */
export interface NewCall extends OpenCall {
  readonly tool: WaitedTool;
  readonly args: ToolArguments;
  readonly responseId: string;
}

export interface RunningCall extends NewCall {
  readonly words: WaitingWords | undefined;
  /** It gets the result of this call, which has the same arguments. */
  readonly follows: string | undefined;
  /** Its response is complete. */
  isResponseOver: boolean;
}

/** The tool calls whose result is still to come: which of them the model, the caller or a clock waits for. */
export class RunningCalls {
  readonly #calls = new Map<string, RunningCall>();

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  get(callId: string | undefined): RunningCall | undefined {
    return callId === undefined ? undefined : this.#calls.get(callId);
  }

  /** `since`: from when on its caller waits. */
  add(call: NewCall, since: Millis, isResponseOver = false): RunningCall {
    const {tool} = call;
    const words = tool.waiting && new WaitingWords(tool.waiting, since);
    const running = {...call, words, follows: this.#twinOf(call), isResponseOver};
    this.#calls.set(call.callId, running);
    return running;
  }

  /** A call, and those that get its result too: none of them runs any more. */
  takeWithFollowers(call: RunningCall): RunningCall[] {
    return this.#take(each => each === call || each.follows === call.callId);
  }

  take(callId: string): void {
    this.#calls.delete(callId);
  }

  /** Those that stop for a caller who speaks. */
  takeStopping(): RunningCall[] {
    return this.#take(({tool}) => tool.stopsForCaller === true);
  }

  /** Those that the model's provider runs. */
  takeHosted(): RunningCall[] {
    return this.#take(({tool}) => tool.runs === 'hosted');
  }

  /** A response is complete. */
  responseEnded(responseId: string): void {
    for (const call of this.#calls.values()) if (call.responseId === responseId) call.isResponseOver = true;
  }

  /** Whether the model waits for a result; of one response, if that is given. */
  isAwaited(responseId?: string): boolean {
    const all = [...this.#calls.values()];
    return all.some(call => !call.tool.isBackground && (responseId === undefined || call.responseId === responseId));
  }

  /**
   * When the model is to be asked to tell a caller to wait. `audibleUntil`: until when they hear something. `leadMs`: how
   * long the model takes to begin.
   */
  waitingDue(audibleUntil: Millis, leadMs: Millis): Millis | undefined {
    return earliest(...[...this.#calls.values()].map(({words}) => words?.dueAt(audibleUntil, leadMs)));
  }

  /** What a caller who waits for a result is told now, if anything, and for which call. */
  waiting(
    audibleUntil: Millis,
    leadMs: Millis,
    at: Millis,
  ): {readonly call: RunningCall; readonly request: Request} | undefined {
    for (const call of this.#calls.values())
      if (call.words && at >= call.words.dueAt(audibleUntil, leadMs)) return {call, request: call.words.next(at)};
    return undefined;
  }

  /** When a call that the provider runs has taken too long. */
  get hostedDue(): Millis | undefined {
    return earliest(...this.#hosted.map(({tool, calledAt}) => calledAt + tool.timeoutMs));
  }

  /** A call that the provider runs, and that has taken too long. */
  hostedOverdue(at: Millis): {readonly callId: string; readonly outcome: ToolOutcome} | undefined {
    const late = this.#hosted.find(({tool, calledAt}) => at >= calledAt + tool.timeoutMs);
    return late && {callId: late.callId, outcome: toolTimedOut(late.record.name, late.tool.timeoutMs)};
  }

  get #hosted(): (RunningCall & {readonly tool: HostedTool})[] {
    return [...this.#calls.values()].flatMap(call => (call.tool.runs === 'hosted' ? [{...call, tool: call.tool}] : []));
  }

  /** The call that runs already, where a tool is to run once for the same arguments. */
  #twinOf({callId, tool, args}: NewCall): string | undefined {
    if (!tool.oncePerCall) return undefined;
    const wanted = canonical(args);
    const isTwin = (other: RunningCall) =>
      other.callId !== callId &&
      other.follows === undefined &&
      other.tool.name === tool.name &&
      canonical(other.args) === wanted;
    return [...this.#calls.values()].find(isTwin)?.callId;
  }

  #take(isTaken: (call: RunningCall) => boolean): RunningCall[] {
    const taken = [...this.#calls.values()].filter(isTaken);
    for (const {callId} of taken) this.#calls.delete(callId);
    return taken;
  }
}
