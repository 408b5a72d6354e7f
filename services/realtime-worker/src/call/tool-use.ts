import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {TurnLog} from '../journal/turn-log.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import type {Replies} from '../replies/replies.ts';
import type {Entered, KeyEntries} from '../tools/key-entries.ts';
import type {ToolCalls} from '../tools/tool-calls.ts';
import type {AfterTool} from '../tools/tool-results.ts';
import type {FloorControl} from './floor-control.ts';

interface ToolUseDeps {
  readonly calls: ToolCalls;
  readonly entries: KeyEntries;
  readonly floor: FloorControl;
  readonly replies: Replies;
  readonly turns: TurnLog;
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly since: (at: Millis) => Millis;
}

/** Tool calls as a part of the dialogue: what the caller heard of the reply that calls, and what is asked of the model then. */
export class ToolUse {
  readonly #deps: ToolUseDeps;

  constructor(deps: ToolUseDeps) {
    this.#deps = deps;
  }

  /** The model calls a tool. */
  called(event: Extract<ModelEvent, {type: 'toolCalled'}>, at: Millis): CallEffect[] {
    const {calls, floor, replies, turns, since} = this.#deps;
    const {responseId} = event;
    const isSilenced = floor.isSilenced(responseId);
    if (!isSilenced) replies.called(responseId);
    const audibleUntil = this.#audibleUntil(at);
    return this.#then(calls.called(event, {turn: turns.turn, at, since: since(at), isSilenced, audibleUntil}), at);
  }

  /** An operator sends the caller away. */
  sentAway(order: AwayOrder, at: Millis): CallEffect[] {
    const {calls, turns, since} = this.#deps;
    return calls.sentAway(order, {turn: turns.turn, since: since(at), at});
  }

  /** The result of a tool that ran in the background. */
  finished(
    {callId, outcome, ranMs}: Omit<Extract<CallEvent, {type: 'toolFinished'}>, 'type'>,
    at: Millis,
  ): CallEffect[] {
    const {calls, floor} = this.#deps;
    const isSilenced = (responseId: string) => floor.isSilenced(responseId);
    return this.#then(
      calls.finished(callId, outcome, {at, ranMs, audibleUntil: this.#audibleUntil(at), isSilenced}),
      at,
    );
  }

  /** The model's provider runs a tool of a server, or asks whether it may. */
  hostedCalled(event: Extract<ModelEvent, {type: 'hostedCalled'}>, at: Millis): CallEffect[] {
    const {calls, floor, replies, turns, since} = this.#deps;
    const {responseId} = event;
    const isSilenced = responseId !== undefined && floor.isSilenced(responseId);
    if (responseId !== undefined && !isSilenced) replies.called(responseId);
    const audibleUntil = this.#audibleUntil(at);
    return this.#then(
      calls.hosted.called(event, {turn: turns.turn, at, since: since(at), isSilenced, audibleUntil}),
      at,
    );
  }

  /** A tool that the model's provider ran has a result. */
  hostedEnded({itemId, ok, output}: Extract<ModelEvent, {type: 'hostedEnded'}>, at: Millis): CallEffect[] {
    const callId = this.#deps.calls.hosted.callOf(itemId);
    return callId === undefined ? [] : this.finished({callId, outcome: {kind: ok ? 'output' : 'failed', output}}, at);
  }

  /** Another session is in use, which knows nothing of what the one before had begun. */
  sessionOpened(at: Millis): CallEffect[] {
    return this.#then(this.#deps.calls.hosted.sessionOpened(at), at);
  }

  /** Goes on with the tools that another worker began. */
  resume(at: Millis): CallEffect[] {
    const {calls, since} = this.#deps;
    return this.#then(calls.takenOver.resume(since(at), at), at);
  }

  /** The caller, who was away, is back. */
  returned(outcome: AwayOutcome, at: Millis): CallEffect[] {
    const {calls, since} = this.#deps;
    return this.#then(calls.returned(outcome, since(at), at), at);
  }

  /** When a caller who waits for a result is to be told so, has entered all that they will, or an absence is given up. */
  get deadline(): Millis | undefined {
    const {calls, entries, floor, replies} = this.#deps;
    const deadline = earliest(calls.absence.deadline, calls.hosted.due);
    if (!this.#isSilent) return deadline;
    const {audibleUntil} = floor;
    const waiting = calls.waitingDue(audibleUntil, replies.pace.firstSoundMs);
    return earliest(deadline, waiting, entries.dueAt(audibleUntil));
  }

  time(at: Millis): CallEffect[] {
    const {calls, entries, floor, replies} = this.#deps;
    const overdue = calls.absence.overdue(at);
    if (overdue !== undefined) return this.returned(overdue, at);
    const late = calls.hosted.overdue(at);
    if (late) return this.finished(late, at);
    if (!this.#isSilent) return [];
    const {audibleUntil} = floor;
    const over = entries.due(audibleUntil, at);
    const waits = this.#then(calls.waiting(audibleUntil, replies.pace.firstSoundMs, at), at);
    return [...waits, ...(over ? this.#entered(over, at) : [])];
  }

  /** The caller pressed a key; undefined: no tool waits for keys. */
  pressed(key: string, at: Millis): CallEffect[] | undefined {
    const {entries} = this.#deps;
    return entries.isOpen ? this.#entered(entries.pressed(key, at), at) : undefined;
  }

  #entered(step: CallEffect[] | Entered, at: Millis): CallEffect[] {
    if (Array.isArray(step)) return step;
    const {callId, outcome, effects} = step;
    return [...effects, ...this.finished({callId, outcome}, at)];
  }

  /** Nobody speaks, and nothing is about to be said. */
  get #isSilent(): boolean {
    const {calls, floor, replies} = this.#deps;
    return floor.streamOpen && !floor.callerSpeaks && !replies.busy && !calls.goodbye.said && !calls.absence.current;
  }

  #then({effects, request, waits, loops}: AfterTool, at: Millis): CallEffect[] {
    const {calls, replies, turns} = this.#deps;
    turns.toolsRun(calls.isRunning, at);
    if (waits) replies.withdraw('tool');
    if (loops) return [...effects, ...replies.giveUp('tool-loop')];
    return request ? [...effects, ...replies.want(request, at)] : effects;
  }

  #audibleUntil(at: Millis): Millis {
    return Math.max(at, this.#deps.floor.audibleUntil);
  }
}
