import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';

/** One attempt to run a tool. */
export interface ToolAttempt {
  /** Who makes it. A question whose answer was lost is asked again with the same name. */
  readonly attempt: string;
  /** Unix milliseconds. */
  readonly wall: number;
}

/**
 * What is known of a call of a tool. `begun`: by this attempt, the first; `running`: by another one, since `sinceWall`.
 */
export type ToolState =
  | {readonly state: 'begun'}
  | {readonly state: 'running'; readonly sinceWall: number}
  | {readonly state: 'finished'; readonly outcome: ToolOutcome};

/**
 * Which tools of which calls have begun, and their results: shared by all workers, so that a call which moves runs none
 * twice. The first attempt counts, and the first result.
 */
export interface ToolLedger {
  begin(callSid: CallSid, callId: string, attempt: ToolAttempt): Promise<ToolState>;
  /** The result of a call, if it has one. */
  result(callSid: CallSid, callId: string): Promise<ToolOutcome | undefined>;
  /** Writes a result. Resolves with the one that counts. */
  finish(callSid: CallSid, callId: string, outcome: ToolOutcome): Promise<ToolOutcome>;
  /** The call is over. */
  forget(callSid: CallSid): Promise<void>;
}

/** A ledger of one process: nothing survives it. */
export class MemoryToolLedger implements ToolLedger {
  readonly #begun = new Map<string, ToolAttempt>();
  readonly #results = new Map<string, ToolOutcome>();

  async begin(callSid: CallSid, callId: string, attempt: ToolAttempt): Promise<ToolState> {
    const key = `${callSid}:${callId}`;
    const outcome = this.#results.get(key);
    if (outcome) return {state: 'finished', outcome};
    const first = this.#begun.get(key) ?? attempt;
    this.#begun.set(key, first);
    return first.attempt === attempt.attempt ? {state: 'begun'} : {state: 'running', sinceWall: first.wall};
  }

  async result(callSid: CallSid, callId: string): Promise<ToolOutcome | undefined> {
    return this.#results.get(`${callSid}:${callId}`);
  }

  async finish(callSid: CallSid, callId: string, outcome: ToolOutcome): Promise<ToolOutcome> {
    const key = `${callSid}:${callId}`;
    const first = this.#results.get(key) ?? outcome;
    this.#results.set(key, first);
    return first;
  }

  async forget(callSid: CallSid): Promise<void> {
    for (const map of [this.#begun, this.#results])
      for (const key of map.keys()) if (key.startsWith(`${callSid}:`)) map.delete(key);
  }
}

/** How long a successor waits for a result that a lost worker may still have written. */
export const LOST_RESULT_WITHIN: Millis = 1_500;
