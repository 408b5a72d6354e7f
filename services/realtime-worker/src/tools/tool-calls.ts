import {messageOf} from '@voicebridge/shared/errors.ts';
import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, toModel} from '../events/call-effect.ts';
import type {SentAway, ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {type ModelContext, resultId} from '../conversation/model-context.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {sayExactly} from '../replies/prompts.ts';
import {RecentIds} from '../replies/recent-ids.ts';
import type {Request} from '../replies/response-sequencer.ts';
import {Absence, type OpenAbsence, type RestoredAbsence, toldOf} from './absence.ts';
import {ClosingLine, type Leave} from './closing-line.ts';
import {EarlierCalls} from './earlier-calls.ts';
import {hostedName, hostedOf} from './hosted-tool.ts';
import type {KeyEntries} from './key-entries.ts';
import {Rounds} from './rounds.ts';
import {type NewCall, type OpenCall, type RunningCall, RunningCalls} from './running-calls.ts';
import {
  badArguments,
  endingAlready,
  enteredAnew,
  notApproved,
  notEntered,
  outcomeUnknown,
  toolStopped,
  toolThrew,
  tooSoon,
  unknownTool,
  wrongArguments,
} from './tool-failure.ts';
import {type RestoredTools, ToolRecords} from './tool-records.ts';
import {OPERATOR_TRANSFER} from './transfer.ts';
import {type ImmediateTool, parseArguments, type Tool, type WaitedTool} from './tool.ts';

/** The length of a tool's name in a call record, in characters. */
const LONGEST_NAME = 100;
/** How many call ids are remembered: a server that reports a call twice does so at once. */
const REMEMBERED = 64;
const CALLER_SPOKE = 'The caller spoke; the call goes on.';
const STARTED = 'It was started. Go on with the conversation; you will be told the result when it is there.';

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
  /** How long the tool ran, if it ran here. */
  readonly ranMs?: Millis | undefined;
  /** Whether the caller spoke over a response. */
  readonly isSilenced: (responseId: string) => boolean;
}

/**
 * The tool calls of one call: which tool is run, what the model is told of it, and what the call record says. Each call
 * of the model is run once and answered once, whatever its tool does and whichever worker has the call.
 */
export class ToolCalls {
  readonly goodbye = new ClosingLine();
  /** The caller is away for a while, because a tool sent them. */
  readonly absence: Absence;
  readonly #memory: ModelContext;
  readonly #assistant: {readonly tools: readonly Tool[]};
  readonly #entries: KeyEntries;
  readonly #records: ToolRecords;
  readonly #earlier: EarlierCalls;
  readonly #rounds: Rounds;
  readonly #seen = new RecentIds(REMEMBERED);
  readonly #running = new RunningCalls();
  /** By the item of the model: the id of a call that its provider runs. One that it asked for has two items. */
  readonly #hosted = new Map<string, string>();
  /** The call that ends the phone call. */
  #leaving: OpenCall | undefined;
  #isResumed: boolean;

  /**
   * `restored`: the tool calls before this worker had the call. `entries`: what the caller enters for tools. `assistant`:
   * its tools may change; after so many rounds of them in a row the model must speak.
   */
  constructor(
    memory: ModelContext,
    assistant: {readonly tools: readonly Tool[]; readonly toolRounds: number},
    entries: KeyEntries,
    restored: (RestoredTools & RestoredAbsence) | undefined,
    at: Millis,
  ) {
    this.#memory = memory;
    this.#assistant = assistant;
    this.#entries = entries;
    this.#records = new ToolRecords(restored);
    this.#earlier = new EarlierCalls(memory, this.#records);
    this.#rounds = new Rounds(assistant.toolRounds);
    this.#isResumed = restored === undefined;
    this.absence = new Absence(restored, at);
  }

  /** Whether the model waits for a result. */
  get isRunning(): boolean {
    return this.#running.isAwaited();
  }

  /**
   * When the model is to be asked to tell a caller to wait. `audibleUntil`: until when they hear something. `leadMs`: how
   * long the model takes to begin.
   */
  waitingDue(audibleUntil: Millis, leadMs: Millis): Millis | undefined {
    return this.#running.waitingDue(audibleUntil, leadMs);
  }

  /** What a caller who waits for a result is told now, if anything. */
  waiting(audibleUntil: Millis, leadMs: Millis, at: Millis): AfterTool {
    const due = this.#running.waiting(audibleUntil, leadMs, at);
    if (!due) return {effects: []};
    return {effects: this.#records.told(due.call.callId, due.call.record), request: due.request};
  }

  /** Goes on with the end of the call, if the assistant was ending it on another worker. */
  adopt(audibleUntil: Millis): void {
    if (this.absence.current) return;
    for (const {call, isAnswered} of this.#memory.toolCalls.toReversed()) {
      const tool = this.#toolNamed(call.name);
      if (tool?.runs !== 'at-once') continue;
      const {outcome} = runAtOnce(tool, parseArguments(tool, call.arguments));
      if (outcome.kind !== 'leave' && outcome.kind !== 'away') continue;
      if (!isAnswered) this.goodbye.say(call.callId, '', audibleUntil, leaveOf(outcome));
      return;
    }
  }

  /** Goes on with what the caller was entering on another worker. `since`: the time since the call began. */
  adoptEntry(since: Millis, at: Millis): void {
    for (const {call, isAnswered} of this.#memory.toolCalls) {
      const tool = this.#toolNamed(call.name);
      const record = this.#records.of(call.callId);
      if (isAnswered || tool?.runs !== 'on-keys' || !record) continue;
      const {callId} = call;
      this.#seen.add(callId);
      const calledAt = at - Math.max(0, since - record.at);
      this.#running.add({callId, tool, args: {}, responseId: '', record, calledAt}, at, true);
      this.#entries.begin(callId, tool, at);
    }
  }

  /** Goes on with the tools that another worker began and whose result is not in the conversation. Once. */
  resume(since: Millis, at: Millis): AfterTool {
    if (this.#isResumed) return {effects: []};
    this.#isResumed = true;
    const effects: CallEffect[] = [];
    const unknown: string[] = [];
    for (const {call, isAnswered} of this.#memory.toolCalls) {
      const {callId, name} = call;
      const tool = this.#toolNamed(name) ?? hostedOf(this.#assistant.tools, name);
      const record = this.#records.of(callId);
      const isToldLater = (tool?.runs === 'later' && tool.isBackground) || tool?.runs === 'hosted';
      const isOpen = isToldLater ? record?.durationMs === null : !isAnswered;
      // An operator's transfer is over when its caller is back.
      if (this.absence.current?.callId === callId) continue;
      if (!isOpen || tool?.runs === 'at-once' || this.#running.has(callId)) continue;
      const args = tool && parseArguments(tool, call.arguments);
      const known = record ?? this.#records.next({turn: 0, name, at: since}, this.#keptOf(tool, call.arguments));
      this.#seen.add(callId);
      if (!tool || !args || tool.runs === 'hosted') {
        // What a provider ran for another session, nobody can tell.
        const outcome = tool?.runs === 'hosted' ? outcomeUnknown(name) : unknownTool(name);
        effects.push(...this.#answered({callId, record: known, calledAt: at}, outcome, at));
        unknown.push(resultId(callId));
        continue;
      }
      const calledAt = at - Math.max(0, since - known.at);
      effects.push(...this.#begin({callId, tool, args, responseId: '', record: known, calledAt}, true, at));
    }
    return unknown.length > 0 ? this.#ask(unknown, '', effects) : {effects};
  }

  /** The caller heard something, or said something. */
  spoken(): void {
    this.#rounds.spoken();
  }

  /** The model calls a tool. Idempotent, by call id and by item. */
  called(event: Extract<ModelEvent, {type: 'toolCalled'}>, called: CalledAt): AfterTool {
    const {callId, responseId, itemId} = event;
    const {turn, at, since, isSilenced, audibleUntil} = called;
    if (!this.#seen.add(callId) || this.#memory.has(itemId)) return {effects: []};
    const name = event.name.slice(0, LONGEST_NAME) || 'unnamed';
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const tool = this.#toolNamed(name);
    const record = this.#records.next({turn, name, at: since}, this.#keptOf(tool, event.arguments));
    const open: OpenCall = {callId, record, calledAt: at};
    const closed = (outcome: ToolOutcome, output?: string) => this.#answered(open, outcome, at, output);
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, ...closed(toolStopped(name), CALLER_SPOKE)]};
    const args = tool && parseArguments(tool, event.arguments);
    if (tool && tool.runs !== 'at-once' && args) {
      this.#rounds.called(responseId);
      const outcome = this.#atOnce(tool, args, callId);
      if (outcome) return this.#ask(callId, responseId, [...effects, ...closed(outcome)]);
      const more = this.#begin({...open, tool, args, responseId}, false, at);
      if (!tool.isBackground) return {effects: [...effects, ...more], waits: true};
      return this.#ask(callId, responseId, [...effects, ...more, ...this.#memory.toolResult(callId, STARTED)]);
    }
    const {outcome, warning = []} =
      tool?.runs === 'at-once' ? runAtOnce(tool, args) : {outcome: tool ? badArguments(name) : unknownTool(name)};
    effects.push(...warning);
    if (outcome.kind !== 'leave' && outcome.kind !== 'away') {
      this.#rounds.called(responseId);
      return this.#ask(callId, responseId, [...effects, ...closed(outcome)]);
    }
    // A model that takes the silence after its greeting for the end must not end the call.
    if (!this.#memory.hasCaller) {
      this.#rounds.called(responseId);
      return this.#ask(callId, responseId, [...effects, ...closed(tooSoon(name))]);
    }
    // The model must not wait for a result, nor another worker end the call for a second time.
    if (this.goodbye.said || this.absence.current) return {effects: [...effects, ...closed(endingAlready)]};
    effects.push(this.#records.began(callId, open.record));
    this.#leaving ??= open;
    const words = outcome.kind === 'away' ? outcome.say : undefined;
    if (words === undefined) {
      this.goodbye.say(callId, responseId, audibleUntil, leaveOf(outcome));
      return {effects};
    }
    this.goodbye.sayMore(callId, audibleUntil, leaveOf(outcome));
    return {effects, request: {cause: 'farewell', instructions: sayExactly(words), speechOnly: true}};
  }

  /** The model's provider runs a tool of a server, or asks whether it may. Idempotent, by item. */
  hostedCalled(event: Extract<ModelEvent, {type: 'hostedCalled'}>, {turn, at, since, isSilenced}: CalledAt): AfterTool {
    const {itemId, approvedBy = '', asks, responseId = ''} = event;
    const approved = this.#hosted.get(approvedBy);
    if (approved !== undefined) this.#hosted.set(itemId, approved);
    const callId = `mcp-${itemId.slice(-25)}`;
    if (approved !== undefined || this.#memory.has(itemId) || !this.#seen.add(callId)) return {effects: []};
    this.#hosted.set(itemId, callId);
    const name = hostedName(event.server, event.name).slice(0, LONGEST_NAME);
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const tool = hostedOf(this.#assistant.tools, name);
    const args = (tool && parseArguments(tool, event.arguments)) ?? {};
    const record = this.#records.next({turn, name, at: since}, this.#keptOf(tool, event.arguments));
    const open: OpenCall = {callId, record, calledAt: at};
    const answer = (yes: boolean, reason: {readonly reason?: string} = {}) =>
      toModel({do: 'approve', requestId: itemId, yes, ...reason});
    this.#rounds.called(responseId);
    if (asks && isSilenced)
      return {
        effects: [...effects, answer(false, {reason: CALLER_SPOKE}), ...this.#answered(open, toolStopped(name), at)],
      };
    const refused = tool ? this.#askFirst(tool, name, args, callId, asks) : unknownTool(name);
    if (refused && asks) effects.push(answer(false, {reason: wordsOf(refused)}));
    if (refused || !tool)
      return this.#ask(callId, responseId, [...effects, ...this.#answered(open, refused ?? unknownTool(name), at)]);
    if (asks) effects.push(answer(true));
    return {effects: [...effects, ...this.#begin({...open, tool, args, responseId}, false, at)], waits: true};
  }

  /** The id of a call that the model's provider runs, by its item. */
  hostedCall(itemId: string): string | undefined {
    return this.#hosted.get(itemId);
  }

  /** When a call that the provider runs has taken too long. */
  get hostedDue(): Millis | undefined {
    return this.#running.hostedDue;
  }

  /** A call that the provider runs, and that has taken too long. */
  hostedOverdue(at: Millis): {readonly callId: string; readonly outcome: ToolOutcome} | undefined {
    return this.#running.hostedOverdue(at);
  }

  /** Another session is in use: what the provider of the one before did, nobody will tell. */
  sessionOpened(at: Millis): AfterTool {
    const lost = this.#running.takeHosted();
    const effects = lost.flatMap(call => this.#answered(call, outcomeUnknown(call.record.name), at));
    return lost.length === 0
      ? {effects}
      : this.#ask(
          lost.map(({callId}) => resultId(callId)),
          '',
          effects,
        );
  }

  /** The result of a tool that ran in the background. Idempotent; a result that is not waited for is ignored. */
  finished(callId: string, outcome: ToolOutcome, {at, ranMs, audibleUntil, isSilenced}: FinishedAt): AfterTool {
    const call = this.#running.get(callId);
    if (!call) return {effects: []};
    const {responseId, isResponseOver} = call;
    if (outcome.kind === 'leave') {
      this.#running.take(callId);
      if (isSilenced(responseId)) return {effects: this.#answered(call, toolStopped(call.tool.name), at, CALLER_SPOKE)};
      this.#leaving ??= call;
      this.goodbye.say(callId, responseId, audibleUntil, outcome);
      if (isResponseOver) this.goodbye.responseEnded(responseId, audibleUntil - at, at);
      return {effects: []};
    }
    const effects: CallEffect[] = [];
    const told = this.#running.takeWithFollowers(call).map(each => {
      const answer = this.#answer(each, outcome, {at, ranMs: each === call ? ranMs : undefined});
      effects.push(...answer.effects);
      return answer.itemId;
    });
    // The goodbye is the last word: nothing may follow it.
    return this.goodbye.said ? {effects} : this.#ask(told, responseId, effects);
  }

  /** A response is complete. `unheardMs`: how much of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    this.goodbye.responseEnded(responseId, unheardMs, at);
    this.#running.responseEnded(responseId);
  }

  /** The caller has something to say: the assistant does not leave the call, and tools that stop for a caller stop. */
  stay(at: Millis): CallEffect[] {
    const effects: CallEffect[] = [];
    for (const call of this.#running.takeStopping())
      effects.push({do: 'stopTool', callId: call.callId}, ...this.#answered(call, toolStopped(call.tool.name), at));
    const callId = this.goodbye.cancel();
    if (callId === undefined) return effects;
    return [...effects, ...this.#left(false, at), ...this.#memory.toolResult(callId, CALLER_SPOKE)];
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
      const tool = this.#leaving?.record.name ?? this.#records.of(away.callId)?.name ?? '';
      return this.absence.begins({...away, tool, since}, at);
    }
    const leave = closing.wordless ? {intent: 'apologise' as const} : this.goodbye.leave;
    return [...this.hungUp(at), {do: 'leave', ...leave, reason: closing.reason}];
  }

  /** An operator sends the caller away, as if the model had called a tool for it and the caller had heard the last word. */
  sentAway(order: AwayOrder, {turn, since, at}: Pick<CalledAt, 'turn' | 'since' | 'at'>): CallEffect[] {
    const effects = this.stay(at);
    // A limit of money is reached, or the time is up: that is the last word.
    if (this.goodbye.said || this.absence.current) return effects;
    const callId = `operator-${this.absence.count}`;
    const name = OPERATOR_TRANSFER;
    const record = this.#records.next({turn, name, at: since});
    this.#leaving = {callId, record, calledAt: at};
    this.#seen.add(callId);
    return [
      ...effects,
      ...this.#memory.add({kind: 'toolCall', id: callId, callId, name, arguments: '{}'}),
      this.#records.began(callId, record),
      ...this.absence.begins({callId, order, tool: name, since}, at),
    ];
  }

  /** The caller, who was away, is back: the model is told what came of it, and speaks first. */
  returned(outcome: AwayOutcome, since: Millis, at: Millis): AfterTool {
    const over = this.absence.over(outcome, since);
    if (!over) return {effects: []};
    const ok = outcome === 'accepted' || outcome === 'sent';
    const output = toldOf(over);
    const ended = this.#answered(this.#openCall(over, since, at), {kind: ok ? 'output' : 'failed', output}, at);
    return this.#ask(over.callId, '', [...over.effects, ...ended]);
  }

  /** The call ends while the caller is away. */
  endedAway(outcome: AwayOutcome, since: Millis, at: Millis): CallEffect[] {
    const over = this.absence.over(outcome, since);
    if (!over) return [];
    const {record, calledAt} = this.#openCall(over, since, at);
    const ok = outcome === 'accepted' || outcome === 'sent';
    const ended: ToolOutcome = {kind: ok ? 'output' : 'failed', output: ''};
    return [...over.effects, ...this.#records.ended(over.callId, record, {outcome: ended, durationMs: at - calledAt})];
  }

  /** The tool call for which the caller was away, perhaps on another worker. */
  #openCall({callId, record: away}: OpenAbsence, since: Millis, at: Millis): OpenCall {
    const leaving = this.#leaving;
    this.#leaving = undefined;
    if (leaving?.callId === callId) return leaving;
    const record = this.#records.of(callId) ?? this.#records.next({turn: 0, name: away.tool, at: away.at});
    return {callId, record, calledAt: at - Math.max(0, since - record.at)};
  }

  /** The line is closed. */
  hungUp(at: Millis): CallEffect[] {
    return this.#left(true, at);
  }

  /** What answers a call without running its tool: wrong arguments, an earlier result, a question to the caller. */
  #atOnce(tool: WaitedTool, args: ToolArguments, callId: string): ToolOutcome | undefined {
    const wrong = tool.check?.(args);
    if (wrong !== undefined) return wrongArguments(tool.name, wrong);
    const first = tool.oncePerCall ? this.#earlier.result(tool, args, callId) : undefined;
    if (first !== undefined) return {kind: 'output', output: first};
    const {missing} = this.#entries.valuesOf(tool.secrets ?? []);
    if (missing !== undefined) return notEntered(tool.name, missing);
    if (tool.needsApproval && !this.#earlier.isApproved(tool, args, callId)) return notApproved(tool.name);
    return undefined;
  }

  /** What the provider is told in place of a yes. */
  #askFirst(tool: WaitedTool, name: string, args: ToolArguments, callId: string, asks: boolean) {
    return asks && !this.#earlier.isApproved({...tool, name}, args, callId) ? notApproved(name) : undefined;
  }

  #begin(call: NewCall, isAgain: boolean, at: Millis): CallEffect[] {
    const {callId, tool, args, record} = call;
    const {follows} = this.#running.add(call, isAgain ? at : call.calledAt);
    const begun = this.#records.began(callId, record);
    if (tool.runs === 'on-keys')
      return [...this.#beginsAnew(callId, at), begun, ...this.#entries.begin(callId, tool, at)];
    if (tool.runs === 'hosted') return [begun];
    if (tool.runs === 'switch') return [begun, {do: 'switchAssistant', callId, to: tool.targetOf(args) ?? ''}];
    if (follows !== undefined) return [begun];
    const {values} = this.#entries.valuesOf(tool.secrets ?? []);
    const secrets = tool.secrets === undefined || tool.secrets.length === 0 ? {} : {secrets: values};
    return [begun, {do: 'runTool', callId, name: tool.name, args, ...secrets}];
  }

  /** Only one thing is entered at a time. */
  #beginsAnew(callId: string, at: Millis): CallEffect[] {
    const before = this.#entries.callId === callId ? undefined : this.#running.get(this.#entries.callId);
    if (!before) return [];
    this.#running.take(before.callId);
    return [...this.#entries.stop(before.callId), ...this.#answered(before, enteredAnew, at)];
  }

  #answered(call: OpenCall, outcome: ToolOutcome, at: Millis, output?: string): CallEffect[] {
    return this.#answer(call, outcome, {at, output}).effects;
  }

  /** A call has its result: the record says so, and the model is told. `output`: told in place of the outcome's words. */
  #answer(
    call: OpenCall,
    outcome: ToolOutcome,
    {
      at,
      ranMs,
      output,
    }: {readonly at: Millis; readonly ranMs?: Millis | undefined; readonly output?: string | undefined},
  ): {readonly itemId: string; readonly effects: CallEffect[]} {
    const {callId, record, calledAt} = call;
    const words = output ?? wordsOf(outcome);
    const tool = this.#toolNamed(record.name) ?? hostedOf(this.#assistant.tools, record.name);
    const result = this.#keptOf(tool, words);
    const ended = this.#records.ended(callId, record, {outcome, durationMs: at - calledAt, ranMs, result});
    const isSecret = outcome.kind === 'output' && outcome.isSecret === true;
    const isKnown = [...this.#hosted.values()].includes(callId);
    // The model still waits for the provider, and learns in other words that nobody else does.
    const isNoted = isInBackground(call) || (isKnown && outcome.kind === 'failed' && outcome.as === 'late');
    if (!isNoted) {
      const told = this.#memory.toolResult(callId, words, {isSecret, isKnown});
      return {itemId: resultId(callId), effects: [...ended, ...told]};
    }
    const {id, added} = this.#memory.note(`The result of ${record.name}, which was started earlier: ${words}`);
    return {itemId: id, effects: [...ended, ...added]};
  }

  /** Asks the model to speak about results, unless the same response waits for another one: it is asked once, after all. */
  #ask(told: string | readonly string[], responseId: string, effects: CallEffect[]): AfterTool {
    if (this.#running.isAwaited(responseId)) return {effects};
    const after = typeof told === 'string' ? [resultId(told)] : told;
    const request = {cause: 'tool', after} as const;
    const {state} = this.#rounds;
    if (state === 'fine') return {effects, request};
    // It was told to speak, and calls tools all the same.
    if (state === 'endless') return {effects, loops: true};
    return {effects: [...effects, this.#rounds.missed], request: {...request, speechOnly: true}};
  }

  #left(ok: boolean, at: Millis): CallEffect[] {
    const leaving = this.#leaving;
    this.#leaving = undefined;
    if (!leaving) return [];
    const {callId, record, calledAt} = leaving;
    const outcome: ToolOutcome = ok ? {kind: 'output', output: ''} : toolStopped(record.name);
    return this.#records.ended(callId, record, {outcome, durationMs: at - calledAt});
  }

  /** Arguments or a result, where the record of the call keeps those of this tool. */
  #keptOf(tool: Tool | undefined, text: string): string | undefined {
    return (tool?.runs === 'later' || tool?.runs === 'hosted') && tool.isKept ? this.#entries.masked(text) : undefined;
  }

  #toolNamed(name: string): Tool | undefined {
    return this.#assistant.tools.find(tool => tool.name === name && tool.runs !== 'hosted');
  }
}

/** What the model is told of an outcome. */
function wordsOf(outcome: ToolOutcome): string {
  return outcome.kind === 'leave' ? '' : outcome.output;
}

function isInBackground(call: OpenCall | RunningCall): boolean {
  return 'tool' in call && call.tool.isBackground === true;
}

/** How a tool lets the caller go. */
function leaveOf(outcome: Extract<ToolOutcome, {kind: 'leave'}> | SentAway): Leave {
  if (outcome.kind === 'leave') return outcome;
  return {intent: 'transfer', reason: 'assistant.transferred', away: outcome.order};
}

/** A tool that throws must not end the call it belongs to, nor any other call of this worker. */
function runAtOnce(
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
