import {messageOf} from '@voicebridge/shared/errors.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {type CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {OperatorAsk} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {OperatorSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {type ActiveCalls, readActiveCalls} from './active-calls.ts';
import {BadQuestion} from './bad-question.ts';
import type {Fleet} from './live-fleet.ts';

/** A worker looks once a second, and tells what it has a moment later. */
const PATIENCE: Millis = 3_000;
const LOOK_EVERY: Millis = 200;

export interface CallsInProgressDeps {
  readonly desk: OperatorSide;
  readonly readFleet: () => Promise<Fleet>;
  readonly clock: Clock;
}

/** The calls in progress, asked of the workers that have them. Throws `BadQuestion` for whoever asked. */
export class CallsInProgress {
  readonly #deps: CallsInProgressDeps;

  constructor(deps: CallsInProgressDeps) {
    this.#deps = deps;
  }

  async all(): Promise<ActiveCalls> {
    const {desk, readFleet} = this.#deps;
    try {
      const {workers} = await readFleet();
      return await readActiveCalls(desk, withCalls(workers));
    } catch (thrown) {
      throw new BadQuestion(
        {error: `Redis is unavailable: ${messageOf(thrown)}`, cure: 'try again in a few seconds'},
        503,
      );
    }
  }

  /** One of them, with its worker. Waits for as long as a worker may take to tell it. */
  async find(callSid: CallSid): Promise<ActiveCalls['calls'][number]> {
    const call = await this.#patiently(async () => {
      const {calls, silent} = await this.all();
      const found = calls.find(one => one.callSid === callSid);
      // Once all have told, waiting brings nothing.
      return found ?? (silent.length === 0 ? null : undefined);
    });
    if (call) return call;
    throw new BadQuestion(
      {error: 'no worker has this call', field: 'callSid', cure: 'it has ended, or is just being taken over'},
      404,
    );
  }

  /** One of them with its record as if it ended now; undefined: its worker does not tell it. */
  async record(
    callSid: CallSid,
  ): Promise<(ActiveCalls['calls'][number] & {readonly parts: readonly CallFinished[]}) | undefined> {
    const {desk} = this.#deps;
    const call = await this.find(callSid);
    const id = ProcessId.parse(call.worker);
    await desk.ask(id, {ask: 'watch', callSid});
    const parts = await this.#patiently(() => desk.recordOf(id, callSid));
    return parts && {...call, parts};
  }

  /** Where the caller of a call may be transferred to: destinations and patterns. */
  async destinations({
    callSid,
    worker,
  }: Pick<ActiveCalls['calls'][number], 'callSid' | 'worker'>): Promise<readonly string[]> {
    const calls = await this.#deps.desk.callsOf(ProcessId.parse(worker));
    return calls?.find(one => one.callSid === callSid)?.transferTo ?? [];
  }

  /** Asks the worker of a call for something. */
  async ask(worker: string, ask: OperatorAsk): Promise<void> {
    await this.#deps.desk.ask(ProcessId.parse(worker), ask);
  }

  /** Asks until it is answered, for as long as a worker may take to look. */
  async #patiently<Found>(ask: () => Promise<Found | undefined>): Promise<Found | undefined> {
    const {clock} = this.#deps;
    const until = clock.now() + PATIENCE;
    for (;;) {
      const found = await ask();
      if (found !== undefined || clock.now() >= until) return found;
      await sleep(clock, LOOK_EVERY);
    }
  }
}

/** The workers that have calls: the others have nothing to tell. */
export const withCalls = (workers: Fleet['workers']): ProcessId[] =>
  workers.flatMap(({id, calls}) => (calls > 0 ? (ProcessId.safeParse(id).data ?? []) : []));
