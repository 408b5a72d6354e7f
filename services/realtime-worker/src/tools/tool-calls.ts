import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {RecentIds} from '../replies/recent-ids.ts';
import type {Absence, RestoredAbsence} from './absence.ts';
import {beginTool} from './begin-tool.ts';
import {type CalledAt, CALLER_SPOKE, recordedName} from './called-at.ts';
import type {ClosingLine} from './closing-line.ts';
import {Departure} from './departure.ts';
import {HostedToolCalls} from './hosted-tool-calls.ts';
import type {KeyEntries} from './key-entries.ts';
import {Preconditions} from './preconditions.ts';
import {Rounds} from './rounds.ts';
import {runAtOnce} from './run-at-once.ts';
import {type OpenCall, RunningCalls} from './running-calls.ts';
import {TakenOverTools} from './taken-over-tools.ts';
import {badArguments, endingAlready, toolStopped, tooSoon, unknownTool} from './tool-failure.ts';
import {type RestoredTools, ToolRecords} from './tool-records.ts';
import {type AfterTool, toolNamed, ToolResults, type ToolState} from './tool-results.ts';
import {parseArguments, type Tool, type WaitedTool} from './tool.ts';

/** How many call ids are remembered: a server that reports a call twice does so at once. */
const REMEMBERED = 64;
const STARTED = 'It was started. Go on with the conversation; you will be told the result when it is there.';

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
 * The tool calls of one call: which tool is run, what the model is told about it, and what the call record says. Each call
 * of the model is run once and answered once, whatever its tool does and whichever worker has the call.
 *
 *   called ──┬── cannot run, or is answered already ───────────────> ToolResults: answered
 *            ├── lets the caller go ─> Departure ──────────────────> answered when they are back, or never
 *            └── runs ─> beginTool ──finished / stopped / overdue──> answered
 */
export class ToolCalls {
  /** The tools that the model's provider runs. */
  readonly hosted: HostedToolCalls;
  /** What another worker had begun. */
  readonly takenOver: TakenOverTools;
  readonly #state: ToolState;
  readonly #results: ToolResults;
  readonly #departure: Departure;
  readonly #preconditions: Preconditions;

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
    const state = (this.#state = {
      memory,
      assistant,
      entries,
      records: new ToolRecords(restored),
      running: new RunningCalls(),
      rounds: new Rounds(assistant.toolRounds),
      seen: new RecentIds(REMEMBERED),
      hostedItems: new Map<string, string>(),
    });
    this.#results = new ToolResults(state);
    this.#departure = new Departure(state, this.#results, restored, at);
    this.#preconditions = new Preconditions(state);
    this.hosted = new HostedToolCalls(state, this.#results, this.#preconditions);
    this.takenOver = new TakenOverTools(state, this.#results, this.#departure, restored === undefined);
  }

  get goodbye(): ClosingLine {
    return this.#departure.goodbye;
  }

  /** The caller is away for a while, because a tool sent them. */
  get absence(): Absence {
    return this.#departure.absence;
  }

  /** Whether the model waits for a result. */
  get isRunning(): boolean {
    return this.#state.running.isAwaited();
  }

  /**
   * When the model is to be asked to tell a caller to wait. `audibleUntil`: until when they hear something. `leadMs`: how
   * long the model takes to begin.
   */
  waitingDue(audibleUntil: Millis, leadMs: Millis): Millis | undefined {
    return this.#state.running.waitingDue(audibleUntil, leadMs);
  }

  /** What a caller who waits for a result is told now, if anything. */
  waiting(audibleUntil: Millis, leadMs: Millis, at: Millis): AfterTool {
    const due = this.#state.running.waiting(audibleUntil, leadMs, at);
    if (!due) return {effects: []};
    return {effects: this.#state.records.told(due.call.callId, due.call.record), request: due.request};
  }

  /** The caller heard something, or said something. */
  spoken(): void {
    this.#state.rounds.spoken();
  }

  /** The model calls a tool. Idempotent, by call id and by item. */
  called(event: Extract<ModelEvent, {type: 'toolCalled'}>, called: CalledAt): AfterTool {
    const {memory, assistant, records, rounds, seen} = this.#state;
    const {callId, responseId, itemId} = event;
    const {turn, at, since, isSilenced, audibleUntil} = called;
    if (!seen.add(callId) || memory.has(itemId)) return {effects: []};
    const name = recordedName(event.name);
    const effects = memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const tool = toolNamed(assistant.tools, name);
    const record = records.next({turn, name, at: since}, this.#results.kept(tool, event.arguments));
    const open: OpenCall = {callId, record, calledAt: at};
    const closed = (outcome: ToolOutcome, output?: string) => this.#results.answered(open, outcome, at, output);
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, ...closed(toolStopped(name), CALLER_SPOKE)]};
    const args = tool && parseArguments(tool, event.arguments);
    if (tool && tool.runs !== 'at-once' && args) {
      const after = this.#begin(open, tool, args, responseId);
      return {...after, effects: [...effects, ...after.effects]};
    }
    const {outcome, warning = []} =
      tool?.runs === 'at-once' ? runAtOnce(tool, args) : {outcome: tool ? badArguments(name) : unknownTool(name)};
    effects.push(...warning);
    const isLeaving = outcome.kind === 'leave' || outcome.kind === 'away';
    // A model that takes the silence after its greeting for the end must not end the call.
    const answer = !isLeaving ? outcome : memory.hasCaller ? undefined : tooSoon(name);
    if (answer) {
      rounds.called(responseId);
      return this.#results.ask(callId, responseId, [...effects, ...closed(answer)]);
    }
    // The model must not wait for a result, nor another worker end the call for a second time.
    if (!isLeaving || this.#departure.isUnderWay) return {effects: [...effects, ...closed(endingAlready)]};
    const after = this.#departure.begins(open, outcome, responseId, audibleUntil);
    return {...after, effects: [...effects, ...after.effects]};
  }

  /** The result of a tool that ran in the background. Idempotent; a result that is not waited for is ignored. */
  finished(callId: string, outcome: ToolOutcome, when: FinishedAt): AfterTool {
    const {running} = this.#state;
    const {at, ranMs, audibleUntil, isSilenced} = when;
    const call = running.get(callId);
    if (!call) return {effects: []};
    const {responseId} = call;
    if (outcome.kind === 'leave') {
      const isStopped = isSilenced(responseId);
      const [stop, words] = isStopped ? [toolStopped(call.tool.name), CALLER_SPOKE] : [endingAlready];
      const effects = running.takeWithFollowers(call).flatMap(each => {
        const isLeaving = each === call && !isStopped;
        if (isLeaving) return this.#departure.resulted(call, outcome, {at, audibleUntil});
        return this.#results.answered(each, stop, at, words);
      });
      return {effects};
    }
    const effects: CallEffect[] = [];
    const told = running.takeWithFollowers(call).map(each => {
      const answer = this.#results.answer(each, outcome, {at, ranMs: each === call ? ranMs : undefined});
      effects.push(...answer.effects);
      return answer.itemId;
    });
    // The goodbye is the last word: nothing may follow it.
    return this.goodbye.said ? {effects} : this.#results.ask(told, responseId, effects);
  }

  /** A response is complete. `unheardMs`: how much of what was said is still to be played. */
  responseEnded(responseId: string, unheardMs: Millis, at: Millis): void {
    this.goodbye.responseEnded(responseId, unheardMs, at);
    this.#state.running.responseEnded(responseId);
  }

  /** The caller has something to say: the assistant does not leave the call, and tools that stop for a caller stop. */
  stay(at: Millis): CallEffect[] {
    const effects: CallEffect[] = [];
    for (const call of this.#state.running.takeStopping()) {
      const stopped = this.#results.answered(call, toolStopped(call.tool.name), at);
      effects.push({do: 'stopTool', callId: call.callId}, ...stopped);
    }
    return [...effects, ...this.#departure.cancel(at)];
  }

  /** As `Departure.closing`. */
  closing(quiet: boolean, held: boolean, since: Millis, at: Millis): CallEffect[] | undefined {
    return this.#departure.closing(quiet, held, since, at);
  }

  /** An operator sends the caller away, as if the model had called a tool for it and the caller had heard the last word. */
  sentAway(order: AwayOrder, when: Pick<CalledAt, 'turn' | 'since' | 'at'>): CallEffect[] {
    return [...this.stay(when.at), ...this.#departure.ordered(order, when)];
  }

  /** As `Departure.returned`. */
  returned(outcome: AwayOutcome, since: Millis, at: Millis): AfterTool {
    return this.#departure.returned(outcome, since, at);
  }

  /** As `Departure.endedAway`. */
  endedAway(outcome: AwayOutcome, since: Millis, at: Millis): CallEffect[] {
    return this.#departure.endedAway(outcome, since, at);
  }

  /** A tool whose result comes later: it begins, or something answers for it. */
  #begin(open: OpenCall, tool: WaitedTool, args: ToolArguments, responseId: string): AfterTool {
    const {memory, rounds} = this.#state;
    const {callId, calledAt: at} = open;
    rounds.called(responseId);
    const answer = this.#preconditions.answer(tool, args, callId);
    if (answer) return this.#results.ask(callId, responseId, this.#results.answered(open, answer, at));
    const effects = beginTool({...open, tool, args, responseId}, this.#state, this.#results, at, at);
    if (!tool.isBackground) return {effects, waits: true};
    return this.#results.ask(callId, responseId, [...effects, ...memory.toolResult(callId, STARTED)]);
  }
}
