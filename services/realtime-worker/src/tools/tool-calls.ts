import type {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import {HangUp} from './hang-up.ts';
import {type ModelContext, resultId} from '../conversation/model-context.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {HANG_UP} from '../replies/prompts.ts';
import type {Request} from '../replies/response-sequencer.ts';

/** A record holds so many characters of a tool's name. */
const LONGEST_NAME = 100;
const CALLER_SPOKE = 'The caller spoke; the call goes on.';

/** What the model does besides speaking. The one tool it has so far is the end of the call. */
export class ToolCalls {
  readonly goodbye = new HangUp();
  readonly #memory: ModelContext;
  #count: number;
  readonly #calls = new Set<string>();
  /** Rounds of tools in a row without a word to the caller. */
  #rounds = 0;
  #hangingUp: {readonly tool: ToolCallRecord; readonly calledAt: Millis} | undefined;

  #lastRound: string | undefined;
  readonly #mostRounds: number;

  /** `mostRounds`: so many in a row are allowed before the model must speak. */
  constructor(memory: ModelContext, count: number, mostRounds: number) {
    this.#memory = memory;
    this.#count = count;
    this.#mostRounds = mostRounds;
  }

  /** The owner before us was hanging up with this call: the line is closed when its goodbye was heard. */
  adopt(hangingUp: string | undefined, audibleUntil: Millis): void {
    if (hangingUp !== undefined) this.goodbye.say(hangingUp, '', audibleUntil);
  }

  /** The caller heard something, or said something. */
  spoken(): void {
    this.#rounds = 0;
  }

  /** `since`: `at`, as milliseconds since the call began. `isSilenced`: the caller spoke over the reply that brings it. Returns what to do, and what to ask the model for; `loops`: it calls tools without end. */
  called(
    event: Extract<ModelEvent, {type: 'toolCalled'}>,
    facts: {
      readonly turn: number;
      readonly at: Millis;
      readonly since: Millis;
      readonly isSilenced: boolean;
      readonly audibleUntil: Millis;
    },
  ): {readonly effects: CallEffect[]; readonly request?: Request; readonly loops?: true} {
    const {callId, responseId, itemId} = event;
    const {turn, at, since, isSilenced, audibleUntil} = facts;
    // A server that says it twice has it done once.
    if (this.#calls.has(callId) || this.#memory.knows(itemId)) return {effects: []};
    this.#calls.add(callId);
    const name = event.name.slice(0, LONGEST_NAME) || 'unnamed';
    const effects = this.#memory.remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const tool = {call: this.#count, turn, name, at: since, durationMs: 0, ok: false};
    this.#count += 1;
    const isMeant = name === HANG_UP.name && !isSilenced;
    effects.push(journal({is: 'tool', tool: isMeant ? {...tool, durationMs: null} : tool}));
    // What a reply still brings after the caller spoke over it, a goodbye above all, is no longer meant.
    if (isSilenced) return {effects: [...effects, ...this.#memory.toolResult(callId, CALLER_SPOKE)]};
    if (isMeant) {
      this.#hangingUp ??= {tool, calledAt: at};
      this.goodbye.say(callId, responseId, audibleUntil);
      return {effects};
    }
    effects.push(...this.#memory.toolResult(callId, `There is no tool named ${name}.`));
    if (responseId !== this.#lastRound) this.#rounds += 1;
    this.#lastRound = responseId;
    const request = {cause: 'tool', after: [resultId(callId)]} as const;
    if (this.#rounds < this.#mostRounds) return {effects, request};
    // It was told to speak, and calls tools all the same.
    if (this.#rounds > this.#mostRounds) return {effects, loops: true};
    effects.push({
      do: 'missed',
      cause: 'tool-loop',
      step: 'ask-again',
      detail: `${this.#rounds} rounds of tools without a word`,
    });
    return {effects, request: {...request, speechOnly: true}};
  }

  /** The caller has something to say: the assistant does not hang up. */
  stay(at: Millis): CallEffect[] {
    const callId = this.goodbye.cancel();
    if (callId === undefined) return [];
    return [...this.#hangUpOver(false, at), ...this.#memory.toolResult(callId, CALLER_SPOKE)];
  }

  /** Closes the line once the goodbye was heard (`quiet`), unless the caller may be about to say something (`held`). */
  closing(quiet: boolean, held: boolean, at: Millis): CallEffect[] | undefined {
    const closing = this.goodbye.over(quiet, held, at);
    if (!closing) return undefined;
    const intent = closing.wordless ? 'apologise' : 'hang-up';
    return [...this.hungUp(at), {do: 'leave', intent, reason: closing.reason}];
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
