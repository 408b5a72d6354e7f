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

  constructor(memory: Memory, count: number) {
    this.#memory = memory;
    this.#count = count;
  }

  /** `isSilenced`: the caller spoke over the reply that brings it. Returns what to do, and what to ask the model for. */
  called(
    event: Extract<ModelEvent, {type: 'toolCalled'}>,
    facts: {readonly turn: number; readonly at: Millis; readonly isSilenced: boolean},
  ): {readonly effects: CallEffect[]; readonly request?: Request} {
    const {callId, responseId, itemId, name} = event;
    const {turn, at, isSilenced} = facts;
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    if (effects.length === 0) return {effects}; // a server that says it twice has it done once
    const ok = name === HANG_UP.name;
    effects.push(journal({is: 'tool', tool: {call: this.#count, turn, name, at, durationMs: 0, ok}}));
    this.#count += 1;
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, ...this.#memory.toolResult(callId, CALLER_SPOKE)]};
    if (ok) {
      this.goodbye.say(callId, responseId);
      return {effects};
    }
    effects.push(...this.#memory.toolResult(callId, `There is no tool named ${name}.`));
    return {effects, request: {cause: 'tool', after: [resultId(callId)]}};
  }

  /** The caller has something to say: the assistant does not hang up. */
  stay(): CallEffect[] {
    const callId = this.goodbye.cancel();
    return callId === undefined ? [] : this.#memory.toolResult(callId, CALLER_SPOKE);
  }
}
