import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {type ModelContext, resultId} from '../conversation/model-context.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {RecentIds} from '../replies/recent-ids.ts';
import type {Request} from '../replies/response-sequencer.ts';
import {ClosingLine} from './closing-line.ts';
import {badArguments, toolThrew, unknownTool} from './tool-failure.ts';
import {type ImmediateTool, parseArguments, type Tool} from './tool.ts';

/** The length of a tool's name in a call record, in characters. */
const LONGEST_NAME = 100;
/** How many call ids are remembered: a server that reports a call twice does so at once. */
const REMEMBERED = 64;
const ENDING = 'The call is ending already.';
const CALLER_SPOKE = 'The caller spoke; the call goes on.';

/** What follows from a tool call or its result. */
export interface AfterTool {
  readonly effects: CallEffect[];
  /** What to ask the model for. */
  readonly request?: Request;
  /** The model calls tools without end and never speaks: the call cannot go on. */
  readonly loops?: true;
}

/** The moment of a tool call. */
export interface CalledAt {
  readonly turn: number;
  readonly at: Millis;
  /** `at`, in milliseconds since the call began. */
  readonly since: Millis;
  /** The caller spoke over the reply that brings the tool call. */
  readonly isSilenced: boolean;
  /** When the caller will have heard what was said so far. */
  readonly audibleUntil: Millis;
}

/** The moment of a result. */
export interface FinishedAt {
  readonly at: Millis;
  readonly audibleUntil: Millis;
  /** Whether the caller spoke over a response. */
  readonly isSilenced: (responseId: string) => boolean;
}

/** A tool call without a final record. */
interface OpenCall {
  readonly record: ToolCallRecord;
  readonly calledAt: Millis;
}

interface RunningCall extends OpenCall {
  readonly responseId: string;
  /** Its response is complete. */
  isResponseOver: boolean;
}

/**
 * The tool calls of one call: which tool is run, what the model is told of it, and what the call record says. Each call
 * of the model is run once and answered once, whatever its tool does.
 */
export class ToolCalls {
  readonly goodbye = new ClosingLine();
  readonly #memory: ModelContext;
  readonly #tools: readonly Tool[];
  #count: number;
  readonly #seen = new RecentIds(REMEMBERED);
  /** By call id: the calls whose result is still to come. */
  readonly #running = new Map<string, RunningCall>();
  /** The call that ends the phone call. */
  #leaving: OpenCall | undefined;
  /** Rounds of tools in a row without a word to the caller. A round is one response with tool calls. */
  #rounds = 0;
  #lastRound: string | undefined;
  readonly #mostRounds: number;

  /** `count`: tool calls before this worker had the call. `mostRounds`: after so many in a row the model must speak. */
  constructor(memory: ModelContext, count: number, mostRounds: number, tools: readonly Tool[]) {
    this.#memory = memory;
    this.#count = count;
    this.#mostRounds = mostRounds;
    this.#tools = tools;
  }

  /** Whether the model waits for a result. */
  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /**
   * Whether the model waited for a result when another worker had the call, and the caller has said nothing since. That
   * result never comes: the model must be asked again.
   */
  get hasLostResult(): boolean {
    const last = this.#memory.toolCalls.at(-1);
    return last?.waits === true && this.#toolNamed(last.call.name)?.runs === 'later';
  }

  /** Goes on with the end of the call, if the assistant was ending it on another worker. */
  adopt(audibleUntil: Millis): void {
    for (const {call, isAnswered} of this.#memory.toolCalls.toReversed()) {
      const tool = this.#toolNamed(call.name);
      if (tool?.runs !== 'at-once') continue;
      const {outcome} = runAtOnce(tool, parseArguments(tool, call.arguments));
      if (outcome.kind !== 'leave') continue;
      if (!isAnswered) this.goodbye.say(call.callId, '', audibleUntil, outcome);
      return;
    }
  }

  /** The caller heard something, or said something. */
  spoken(): void {
    this.#rounds = 0;
  }

  /** The model calls a tool. Idempotent, by call id and by item. */
  called(event: Extract<ModelEvent, {type: 'toolCalled'}>, called: CalledAt): AfterTool {
    const {callId, responseId, itemId} = event;
    const {turn, at, since, isSilenced, audibleUntil} = called;
    if (!this.#seen.add(callId) || this.#memory.has(itemId)) return {effects: []};
    const name = event.name.slice(0, LONGEST_NAME) || 'unnamed';
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const record = {call: this.#count, turn, name, at: since, durationMs: 0, ok: false};
    this.#count += 1;
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, noted(record), ...this.#memory.toolResult(callId, CALLER_SPOKE)]};
    const tool = this.#toolNamed(name);
    const args = tool && parseArguments(tool, event.arguments);
    if (tool?.runs === 'later' && args) {
      this.#running.set(callId, {record, calledAt: at, responseId, isResponseOver: false});
      this.#countRound(responseId);
      return {effects: [...effects, noted({...record, durationMs: null}), {do: 'runTool', callId, name, args}]};
    }
    const {outcome, warning = []} =
      tool?.runs === 'at-once' ? runAtOnce(tool, args) : {outcome: tool ? badArguments(name) : unknownTool(name)};
    effects.push(...warning);
    if (outcome.kind === 'leave') {
      // The model must not wait for a result, nor another worker end the call for a second time.
      if (this.goodbye.said) return {effects: [...effects, noted(record), ...this.#memory.toolResult(callId, ENDING)]};
      effects.push(noted({...record, durationMs: null}));
      this.#leaving ??= {record, calledAt: at};
      this.goodbye.say(callId, responseId, audibleUntil, outcome);
      return {effects};
    }
    effects.push(noted({...record, ok: outcome.kind === 'output'}), ...this.#memory.toolResult(callId, outcome.output));
    this.#countRound(responseId);
    return this.#ask(callId, responseId, effects);
  }

  /** The result of a tool that ran in the background. Idempotent; a result that is not waited for is ignored. */
  finished(callId: string, outcome: ToolOutcome, {at, audibleUntil, isSilenced}: FinishedAt): AfterTool {
    const call = this.#running.get(callId);
    if (!call) return {effects: []};
    this.#running.delete(callId);
    const {record, calledAt, responseId, isResponseOver} = call;
    const durationMs = Math.round(at - calledAt);
    if (outcome.kind === 'leave') {
      if (isSilenced(responseId))
        return {effects: [noted({...record, durationMs}), ...this.#memory.toolResult(callId, CALLER_SPOKE)]};
      this.#leaving ??= {record, calledAt};
      this.goodbye.say(callId, responseId, audibleUntil, outcome);
      if (isResponseOver) this.goodbye.responseEnded(responseId, audibleUntil - at, at);
      return {effects: []};
    }
    const effects = [noted({...record, durationMs, ok: outcome.kind === 'output'})];
    effects.push(...this.#memory.toolResult(callId, outcome.output));
    // The goodbye is the last word: nothing may follow it.
    return this.goodbye.said ? {effects} : this.#ask(callId, responseId, effects);
  }

  /** A response is complete. `unheardMs`: how much of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    this.goodbye.responseEnded(responseId, unheardMs, at);
    for (const call of this.#running.values()) if (call.responseId === responseId) call.isResponseOver = true;
  }

  /** The caller has something to say: the assistant does not leave the call. */
  stay(at: Millis): CallEffect[] {
    const callId = this.goodbye.cancel();
    if (callId === undefined) return [];
    return [...this.#left(false, at), ...this.#memory.toolResult(callId, CALLER_SPOKE)];
  }

  /** Closes the line once the goodbye was heard (`quiet`), unless the caller may be about to say something (`held`). */
  closing(quiet: boolean, held: boolean, at: Millis): CallEffect[] | undefined {
    const closing = this.goodbye.over(quiet, held, at);
    if (!closing) return undefined;
    const leave = closing.wordless ? {intent: 'apologise' as const} : this.goodbye.leave;
    return [...this.hungUp(at), {do: 'leave', ...leave, reason: closing.reason}];
  }

  /** The line is closed. */
  hungUp(at: Millis): CallEffect[] {
    return this.#left(true, at);
  }

  /** Asks the model to speak about a result, unless the same response waits for another one: it is asked once, after all. */
  #ask(callId: string, responseId: string, effects: CallEffect[]): AfterTool {
    if ([...this.#running.values()].some(call => call.responseId === responseId)) return {effects};
    const request = {cause: 'tool', after: [resultId(callId)]} as const;
    if (this.#rounds < this.#mostRounds) return {effects, request};
    // It was told to speak, and calls tools all the same.
    if (this.#rounds > this.#mostRounds) return {effects, loops: true};
    effects.push({
      do: 'missed',
      cause: 'tool-loop',
      step: 'ask-again',
      note: `${this.#rounds} rounds of tools without a word`,
      detail: '',
    });
    return {effects, request: {...request, speechOnly: true}};
  }

  #countRound(responseId: string): void {
    if (responseId !== this.#lastRound) this.#rounds += 1;
    this.#lastRound = responseId;
  }

  #left(ok: boolean, at: Millis): CallEffect[] {
    const leaving = this.#leaving;
    this.#leaving = undefined;
    return leaving ? [noted({...leaving.record, durationMs: Math.round(at - leaving.calledAt), ok})] : [];
  }

  #toolNamed(name: string): Tool | undefined {
    return this.#tools.find(tool => tool.name === name);
  }
}

function noted(tool: ToolCallRecord): CallEffect {
  return journal({is: 'tool', tool});
}

/** A tool that throws must not end the call it belongs to, nor any other call of this worker. */
function runAtOnce(
  tool: ImmediateTool,
  args: ToolArguments | undefined,
): {readonly outcome: ToolOutcome; readonly warning?: CallEffect[]} {
  const {name} = tool;
  if (!args) return {outcome: badArguments(name)};
  try {
    return {outcome: tool.run(args)};
  } catch (thrown) {
    const warning: CallEffect = {do: 'warn', what: `the tool ${name} failed`, code: 'tool', detail: messageOf(thrown)};
    return {outcome: toolThrew(name), warning: [warning]};
  }
}
