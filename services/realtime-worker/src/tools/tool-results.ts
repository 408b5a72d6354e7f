import type {Millis} from '@voicebridge/shared/time.ts';
import {type ModelContext, resultId} from '../conversation/model-context.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {Request} from '../replies/response-sequencer.ts';
import type {RecentIds} from '../replies/recent-ids.ts';
import {hostedOf} from './hosted-tool.ts';
import type {KeyEntries} from './key-entries.ts';
import {lateResult} from './late-result.ts';
import type {Rounds} from './rounds.ts';
import type {OpenCall, RunningCall, RunningCalls} from './running-calls.ts';
import type {ToolRecords} from './tool-records.ts';
import type {Tool} from './tool.ts';

/** What follows from a tool call or its result. */
export interface AfterTool {
  readonly effects: CallEffect[];
  /** What to ask the model for. */
  readonly request?: Request;
  /** Its result is waited for: what the same response has been told is not spoken of before. */
  readonly waits?: true;
  /** The model calls tools without end and never speaks: the call cannot go on. */
  readonly loops?: true;
}

/** What is known of the tool calls of one call. Each part that acts on them knows it. */
export interface ToolState {
  readonly memory: ModelContext;
  /** Its tools may change. */
  readonly assistant: {readonly tools: readonly Tool[]};
  readonly entries: KeyEntries;
  readonly records: ToolRecords;
  readonly running: RunningCalls;
  readonly rounds: Rounds;
  /** The calls that were seen, by call id: a server that reports a call twice does so at once. */
  readonly seen: RecentIds;
  /** By the item of the model: the id of a call that its provider runs. One that it asked for has two items. */
  readonly hostedItems: Map<string, string>;
}

/** How the result of a tool call becomes known: the record of the call has it, the model is told, and asked to speak of it. */
export class ToolResults {
  readonly #state: ToolState;

  constructor(state: ToolState) {
    this.#state = state;
  }

  /** The effects of `answer`, for a tool that did not run here. `output`: told in place of the outcome's words. */
  answered(call: OpenCall, outcome: ToolOutcome, at: Millis, output?: string): CallEffect[] {
    return this.answer(call, outcome, {at, output}).effects;
  }

  /**
   * A call has its result: the record says so, and the model is told. `ranMs`: how long the tool ran, if it ran here.
   * `output`: told in place of the outcome's words. Returns the item by which the model knows it, too.
   */
  answer(
    call: OpenCall,
    outcome: ToolOutcome,
    how: {readonly at: Millis; readonly ranMs?: Millis | undefined; readonly output?: string | undefined},
  ): {readonly itemId: string; readonly effects: CallEffect[]} {
    const {memory, records, hostedItems, entries, assistant} = this.#state;
    const {callId, record, calledAt} = call;
    const {at, ranMs, output} = how;
    const all = output ?? wordsOf(outcome);
    const result = this.kept(this.#toolOf(record.name), all);
    const ended = records.ended(callId, record, {outcome, durationMs: at - calledAt, ranMs, result});
    const isSecret = outcome.kind === 'output' && outcome.isSecret === true;
    // A server may repeat what a tool was given past the model.
    const words = isSecret ? all : entries.forModel(all, assistant.tools);
    const isKnown = [...hostedItems.values()].includes(callId);
    // The model still waits for the provider, and learns in other words that nobody else does.
    const isNoted = isInBackground(call) || (isKnown && outcome.kind === 'failed' && outcome.as === 'late');
    if (!isNoted) {
      const told = memory.toolResult(callId, words, {isSecret, isKnown});
      return {itemId: resultId(callId), effects: [...ended, ...told]};
    }
    const {id, added} = memory.note(lateResult(record.name, words));
    return {itemId: id, effects: [...ended, ...added]};
  }

  /**
   * Asks the model to speak about results, unless the same response waits for another one: it is asked once, after all.
   * `told`: a call that has its result, or the items by which the model knows several.
   */
  ask(told: string | readonly string[], responseId: string, effects: CallEffect[]): AfterTool {
    const {running, rounds} = this.#state;
    if (running.isAwaited(responseId)) return {effects};
    const after = typeof told === 'string' ? [resultId(told)] : told;
    const request = {cause: 'tool', after} as const;
    const {state} = rounds;
    if (state === 'fine') return {effects, request};
    // It was told to speak, and calls tools all the same.
    if (state === 'endless') return {effects, loops: true};
    return {effects: [...effects, rounds.missed], request: {...request, speechOnly: true}};
  }

  /** Arguments or a result, where the record of the call keeps those of this tool. */
  kept(tool: Tool | undefined, text: string): string | undefined {
    const isKept = (tool?.runs === 'later' || tool?.runs === 'hosted') && tool.isKept;
    return isKept ? this.#state.entries.masked(text) : undefined;
  }

  #toolOf(name: string): Tool | undefined {
    const {tools} = this.#state.assistant;
    return toolNamed(tools, name) ?? hostedOf(tools, name);
  }
}

/** What the model is told of an outcome. */
export function wordsOf(outcome: ToolOutcome): string {
  return outcome.kind === 'leave' ? '' : outcome.output;
}

/** A tool that the model calls by its own name; those of a hosted server have names that only the provider knows. */
export function toolNamed(tools: readonly Tool[], name: string): Tool | undefined {
  return tools.find(tool => tool.name === name && tool.runs !== 'hosted');
}

function isInBackground(call: OpenCall | RunningCall): boolean {
  return 'tool' in call && call.tool.isBackground === true;
}
