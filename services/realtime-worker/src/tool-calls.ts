import type {ToolCallRecord} from '@voicebridge/shared/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from './call-effect.ts';
import {Goodbye} from './goodbye.ts';
import {type Memory, resultId} from './memory.ts';
import type {ModelEvent} from './model-adapter.ts';
import {HANG_UP} from './prompts.ts';
import type {Request} from './response-sequencer.ts';

const CALLER_SPOKE = 'The caller spoke; the call goes on.';

/** What the model does besides speaking. The one tool it has so far is the end of the call. */
export class ToolCalls {
  readonly goodbye = new Goodbye();
  readonly #memory: Memory;
  #count: number;
  #hangingUp: {readonly tool: ToolCallRecord; readonly calledAt: Millis} | undefined;

  constructor(memory: Memory, count: number) {
    this.#memory = memory;
    this.#count = count;
  }

  /** `since`: `at`, as milliseconds since the call began. `isSilenced`: the caller spoke over the reply that brings it. Returns what to do, and what to ask the model for. */
  called(
    event: Extract<ModelEvent, {type: 'toolCalled'}>,
    facts: {readonly turn: number; readonly at: Millis; readonly since: Millis; readonly isSilenced: boolean},
  ): {readonly effects: CallEffect[]; readonly request?: Request} {
    const {callId, responseId, itemId, name} = event;
    const {turn, at, since, isSilenced} = facts;
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    if (effects.length === 0) return {effects}; // a server that says it twice has it done once
    const tool = {call: this.#count, turn, name, at: since, durationMs: 0, ok: false};
    this.#count += 1;
    const isMeant = name === HANG_UP.name && !isSilenced;
    effects.push(journal({is: 'tool', tool: isMeant ? {...tool, durationMs: null} : tool}));
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, ...this.#memory.toolResult(callId, CALLER_SPOKE)]};
    if (isMeant) {
      this.#hangingUp ??= {tool, calledAt: at};
      this.goodbye.say(callId, responseId);
      return {effects};
    }
    effects.push(...this.#memory.toolResult(callId, `There is no tool named ${name}.`));
    return {effects, request: {cause: 'tool', after: [resultId(callId)]}};
  }

  /** The caller has something to say: the assistant does not hang up. */
  stay(at: Millis): CallEffect[] {
    const callId = this.goodbye.cancel();
    if (callId === undefined) return [];
    return [...this.#hangUpOver(false, at), ...this.#memory.toolResult(callId, CALLER_SPOKE)];
  }

  /** The line is closed. */
  hungUp(at: Millis): CallEffect[] {
    return this.#hangUpOver(true, at);
  }

  #hangUpOver(ok: boolean, at: Millis): CallEffect[] {
    const over = this.#hangingUp;
    this.#hangingUp = undefined;
    return over ? [journal({is: 'tool', tool: {...over.tool, durationMs: Math.round(at - over.calledAt), ok}})] : [];
  }
}
