import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {SentAway, ToolOutcome} from '../events/tool-outcome.ts';
import {sayExactly} from '../replies/prompts.ts';
import {Absence, type OpenAbsence, type RestoredAbsence, toldOf} from './absence.ts';
import {type CalledAt, CALLER_SPOKE} from './called-at.ts';
import {ClosingLine, type Leave} from './closing-line.ts';
import type {OpenCall} from './running-calls.ts';
import {endingAlready, toolStopped} from './tool-failure.ts';
import type {AfterTool, ToolResults, ToolState} from './tool-results.ts';
import {OPERATOR_TRANSFER} from './transfer.ts';

/** A tool lets the caller go: for good, or for a while. */
export type LeavingOutcome = Extract<ToolOutcome, {kind: 'leave'}> | SentAway;

/**
 * The tool call by which the assistant lets the caller go: from the call of the model until the line is closed, or until
 * the caller, who was away, is back. Its result is what became of the caller.
 */
export class Departure {
  readonly goodbye = new ClosingLine();
  /** The caller is away for a while, because a tool sent them. */
  readonly absence: Absence;
  readonly #state: ToolState;
  readonly #results: ToolResults;
  /** The tool call; undefined: there is none, or another worker has begun it. */
  #call: OpenCall | undefined;

  constructor(state: ToolState, results: ToolResults, restored: RestoredAbsence | undefined, at: Millis) {
    this.#state = state;
    this.#results = results;
    this.absence = new Absence(restored, at);
  }

  /** Whether the caller is about to go, or is away. */
  get isUnderWay(): boolean {
    return this.goodbye.said || this.absence.current !== undefined;
  }

  /** A tool that answers at once lets the caller go, in a response: they hear its last word first. */
  begins(call: OpenCall, outcome: LeavingOutcome, responseId: string, audibleUntil: Millis): AfterTool {
    const effects = [this.#state.records.began(call.callId, call.record)];
    this.#call ??= call;
    const words = outcome.kind === 'away' ? outcome.say : undefined;
    if (words === undefined) {
      this.goodbye.say(call.callId, responseId, audibleUntil, leaveOf(outcome));
      return {effects};
    }
    this.goodbye.sayMore(call.callId, audibleUntil, leaveOf(outcome));
    return {effects, request: {cause: 'farewell', instructions: sayExactly(words), speechOnly: true}};
  }

  /** The same for a tool whose result came later, unless another one lets the caller go. `isResponseOver`: the response that called it is complete. */
  resulted(
    call: OpenCall & {readonly responseId: string; readonly isResponseOver: boolean},
    outcome: Extract<ToolOutcome, {kind: 'leave'}>,
    {at, audibleUntil}: {readonly at: Millis; readonly audibleUntil: Millis},
  ): CallEffect[] {
    const {callId, responseId, isResponseOver} = call;
    if (this.#call) return this.#results.answered(call, endingAlready, at);
    this.#call = call;
    this.goodbye.say(callId, responseId, audibleUntil, outcome);
    if (isResponseOver) this.goodbye.responseEnded(responseId, audibleUntil - at, at);
    return [];
  }

  /** Goes on with a tool call that another worker began. */
  adopt(callId: string, outcome: LeavingOutcome, audibleUntil: Millis): void {
    this.goodbye.say(callId, '', audibleUntil, leaveOf(outcome));
  }

  /** The caller has something to say before the line is closed: they stay, unless the end is final. */
  cancel(at: Millis): CallEffect[] {
    const callId = this.goodbye.cancel();
    if (callId === undefined) return [];
    return [...this.#ended(false, at), ...this.#state.memory.toolResult(callId, CALLER_SPOKE)];
  }

  /**
   * Closes the line once the goodbye was heard (`quiet`), unless the caller may be about to say something (`held`).
   * `since`: milliseconds since the call began.
   */
  closing(quiet: boolean, held: boolean, since: Millis, at: Millis): CallEffect[] | undefined {
    const closing = this.goodbye.over(quiet, held, at);
    if (!closing) return undefined;
    const {away} = this.goodbye;
    if (away) {
      this.goodbye.wentAway();
      const tool = this.#call?.record.name ?? this.#state.records.of(away.callId)?.name ?? '';
      return this.absence.begins({...away, tool, since}, at);
    }
    const leave = closing.wordless ? {intent: 'apologise' as const} : this.goodbye.leave;
    return [...this.#ended(true, at), {do: 'leave', ...leave, reason: closing.reason}];
  }

  /** An operator sends the caller away, as if the model had called a tool for it and the caller had heard the last word. */
  ordered(order: AwayOrder, {turn, since, at}: Pick<CalledAt, 'turn' | 'since' | 'at'>): CallEffect[] {
    const {memory, records, seen} = this.#state;
    // A limit of money is reached, or the time is up: that is the last word.
    if (this.isUnderWay) return [];
    const callId = `operator-${this.absence.count}`;
    const name = OPERATOR_TRANSFER;
    const record = records.next({turn, name, at: since});
    this.#call = {callId, record, calledAt: at};
    seen.add(callId);
    return [
      ...memory.add({kind: 'toolCall', id: callId, callId, name, arguments: '{}'}),
      records.began(callId, record),
      ...this.absence.begins({callId, order, tool: name, since}, at),
    ];
  }

  /** The caller, who was away, is back: the model is told the outcome, and speaks first. */
  returned(outcome: AwayOutcome, since: Millis, at: Millis): AfterTool {
    const over = this.absence.over(outcome, since);
    if (!over) return {effects: []};
    const told: ToolOutcome = {kind: isDone(outcome) ? 'output' : 'failed', output: toldOf(over)};
    const ended = this.#results.answered(this.#callOf(over, since, at), told, at);
    return this.#results.ask(over.callId, '', [...over.effects, ...ended]);
  }

  /** The call ends while the caller is away. */
  endedAway(outcome: AwayOutcome, since: Millis, at: Millis): CallEffect[] {
    const over = this.absence.over(outcome, since);
    if (!over) return [];
    const {record, calledAt} = this.#callOf(over, since, at);
    const ended: ToolOutcome = {kind: isDone(outcome) ? 'output' : 'failed', output: ''};
    const {records} = this.#state;
    return [...over.effects, ...records.ended(over.callId, record, {outcome: ended, durationMs: at - calledAt})];
  }

  /** The tool call for which the caller was away, perhaps on another worker. */
  #callOf({callId, record: away}: OpenAbsence, since: Millis, at: Millis): OpenCall {
    const {records} = this.#state;
    const call = this.#call;
    this.#call = undefined;
    if (call?.callId === callId) return call;
    const record = records.of(callId) ?? records.next({turn: 0, name: away.tool, at: away.at});
    return {callId, record, calledAt: at - Math.max(0, since - record.at)};
  }

  /** The line is closed, or (`ok` is false) stays open. */
  #ended(ok: boolean, at: Millis): CallEffect[] {
    const call = this.#call;
    this.#call = undefined;
    if (!call) return [];
    const {callId, record, calledAt} = call;
    const outcome: ToolOutcome = ok ? {kind: 'output', output: ''} : toolStopped(record.name);
    return this.#state.records.ended(callId, record, {outcome, durationMs: at - calledAt});
  }
}

/** Whether an absence came to what it was for. */
function isDone(outcome: AwayOutcome): boolean {
  return outcome === 'accepted' || outcome === 'sent';
}

/** How a tool lets the caller go. */
function leaveOf(outcome: LeavingOutcome): Leave {
  if (outcome.kind === 'leave') return outcome;
  return {intent: 'transfer', reason: 'assistant.transferred', away: outcome.order};
}
