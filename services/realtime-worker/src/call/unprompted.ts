import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {CallLimits, type LimitReached} from './call-limits.ts';
import type {Ending} from '../tools/closing-line.ts';
import {IdlePrompt} from './idle-prompt.ts';
import {askToRepeat, askWhetherThere, farewell} from '../replies/prompts.ts';
import type {Request} from '../replies/response-sequencer.ts';
import {UnheardCaller} from './unheard-caller.ts';

/** Something the assistant says without being spoken to. `ends`: the call is over when that was heard. */
export interface Prompt {
  readonly request: Request;
  readonly ends?: Ending;
}

/**
 * What the assistant says without being spoken to: what the caller may have said unheard,
 * whether they are still there, and that the call ends.
 */
export class Unprompted {
  readonly #assistant: Pick<Assistant, 'instructions'>;
  readonly #idle: IdlePrompt;
  readonly #unheard: UnheardCaller;
  readonly #limits: CallLimits;

  /** `startedAt`: when the call began, on the clock of `at`. */
  constructor(assistant: Assistant, startedAt: Millis, at: Millis) {
    this.#assistant = assistant;
    this.#idle = new IdlePrompt(assistant.idlePromptMs, assistant.idleHangUp);
    this.#unheard = new UnheardCaller(assistant.answerWithinMs);
    this.#limits = new CallLimits(assistant, startedAt, at);
  }

  get deadline(): Millis | undefined {
    return earliest(this.#idle.deadline, this.#unheard.deadline, this.#limits.deadline);
  }

  /** The caller speaks or presses a key. */
  callerActed(at: Millis): void {
    this.#idle.callerActed();
    this.#unheard.callerActed();
    this.#limits.lifted(at);
  }

  /** For a while nobody could hear the caller. */
  callerCutOff(): void {
    this.#unheard.wasCutOff();
  }

  /** The assistant is audible until then. */
  assistantSpeaks(until: Millis): void {
    this.#limits.spoken(until);
  }

  /** Whether both sides are silent now, and neither is about to speak. */
  isQuiet(quiet: boolean, at: Millis): void {
    this.#idle.isQuiet(quiet, at);
    this.#unheard.isQuiet(quiet, at);
  }

  due(at: Millis): Prompt | undefined {
    const limit = this.#limits.reached(at);
    if (limit !== undefined) return this.#farewell(limit, limit === 'platform.max-duration');
    if (this.#unheard.due(at))
      return {request: {cause: 'idle', instructions: askToRepeat(this.#assistant.instructions)}};
    const idle = this.#idle.due(at);
    if (idle === 'hang-up') return this.#farewell('platform.idle-timeout', false);
    if (idle === undefined) return undefined;
    return {request: {cause: 'idle', instructions: askWhetherThere(this.#assistant.instructions)}};
  }

  #farewell(reason: LimitReached | 'platform.idle-timeout', isFinal: boolean): Prompt {
    const request = {cause: 'farewell', instructions: farewell(this.#assistant.instructions, reason)} as const;
    return {request, ends: {reason, isFinal}};
  }
}
