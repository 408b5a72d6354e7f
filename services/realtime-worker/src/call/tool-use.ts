import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {TurnLog} from '../journal/turn-log.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import type {Replies} from '../replies/replies.ts';
import type {AfterTool, ToolCalls} from '../tools/tool-calls.ts';
import type {FloorControl} from './floor-control.ts';

interface ToolUseDeps {
  readonly calls: ToolCalls;
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

  /** The result of a tool that ran in the background. */
  finished({callId, outcome, ranMs}: Extract<CallEvent, {type: 'toolFinished'}>, at: Millis): CallEffect[] {
    const {calls, floor} = this.#deps;
    const isSilenced = (responseId: string) => floor.isSilenced(responseId);
    return this.#then(
      calls.finished(callId, outcome, {at, ranMs, audibleUntil: this.#audibleUntil(at), isSilenced}),
      at,
    );
  }

  /** Goes on with the tools that another worker began. */
  resume(at: Millis): CallEffect[] {
    const {calls, since} = this.#deps;
    return this.#then(calls.resume(since(at), at), at);
  }

  /** When a caller who waits for a result is to be told so. */
  get deadline(): Millis | undefined {
    const {calls, floor} = this.#deps;
    return this.#isSilent ? calls.waitingDue(floor.audibleUntil) : undefined;
  }

  time(at: Millis): CallEffect[] {
    const {calls, floor} = this.#deps;
    return this.#isSilent ? this.#then(calls.waiting(floor.audibleUntil, at), at) : [];
  }

  /** Nobody speaks, and nothing is about to be said. */
  get #isSilent(): boolean {
    const {calls, floor, replies} = this.#deps;
    return floor.streamOpen && !floor.callerSpeaks && !replies.busy && !calls.goodbye.said;
  }

  #then({effects, request, loops}: AfterTool, at: Millis): CallEffect[] {
    const {replies} = this.#deps;
    if (loops) return [...effects, ...replies.giveUp('tool-loop')];
    return request ? [...effects, ...replies.want(request, at)] : effects;
  }

  #audibleUntil(at: Millis): Millis {
    return Math.max(at, this.#deps.floor.audibleUntil);
  }
}
