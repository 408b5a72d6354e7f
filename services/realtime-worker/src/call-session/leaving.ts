import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {CallJournal} from '../journal/call-journal.ts';
import type {CallDeps, OwnedCall} from './call-deps.ts';
import type {CallerStream} from './caller-stream.ts';
import type {Rescue} from './rescue.ts';
import {setIntent} from './set-intent.ts';

/** Pause before a call that no other worker would take is offered again. */
const RETRY_AFTER: Millis = 500;

export interface LeavingDeps {
  readonly call: OwnedCall;
  readonly deps: Pick<CallDeps, 'directory' | 'clock' | 'handOver'>;
  readonly log: Log;
  readonly journal: CallJournal;
  readonly stream: CallerStream;
  /** Moves the call to a worker that can use the model. */
  readonly rescue: Pick<Rescue, 'atLast'>;
  /** What a caller hears when the model cannot be used; null: what the webhook says to all. */
  readonly failureSay: string | null;
  /** The call is over for this worker. */
  readonly isOver: () => boolean;
  /** The caller is asked to wait, or is about to be. */
  readonly isHeld: () => boolean;
  readonly end: (reason: EndReason) => void;
  readonly release: (why: string) => void;
  readonly drain: () => void;
}

/** How a call leaves: to another worker, to Twilio for a while, or for good. What comes next is written before. */
export class Leaving {
  readonly #with: LeavingDeps;

  constructor(deps: LeavingDeps) {
    this.#with = deps;
  }

  async handOver(): Promise<void> {
    const {call, deps, log, journal, isOver, release, drain} = this.#with;
    await journal.written();
    const moved = await deps.handOver(call).catch((thrown: unknown) => {
      log.warn({err: thrown}, 'cannot hand the call over');
      return false;
    });
    if (moved) return release('handed over');
    // Another worker may still join: a rolling restart of the only worker.
    if (!isOver()) deps.clock.after(RETRY_AFTER, drain);
  }

  /** Closes the stream so that Twilio asks the webhook, which then answers with a request to wait. */
  async hold(ms: Millis): Promise<void> {
    const {deps, stream, isOver, isHeld} = this.#with;
    const heldUntil = `${Math.round(deps.clock.wall() + ms)}`;
    const isInVain = () => isOver() || !isHeld();
    await this.#intend('migrate', isInVain, {heldUntil});
    if (!isInVain()) stream.send({kind: 'close', why: 'migrate'});
  }

  async leave({intent, facts, reason}: Extract<CallEffect, {do: 'leave'}>): Promise<void> {
    const {stream, rescue, isOver, end, failureSay} = this.#with;
    // What refuses this worker, such as its key, need not refuse another one.
    if (reason === 'platform.model-refused' && (await rescue.atLast())) return;
    const own = intent === 'apologise' && failureSay !== null ? {failureSay} : {};
    await this.#intend(intent, isOver, {...facts, ...own});
    if (isOver()) return;
    stream.send({kind: 'close', why: intent === 'apologise' ? 'refused' : 'done'});
    end(reason);
  }

  #intend(intent: Parameters<typeof setIntent>[0], isOver: () => boolean, facts: Parameters<typeof setIntent>[3]) {
    const {call, deps, log, journal} = this.#with;
    return setIntent(intent, {callSid: call.callSid, journal, isOver}, {...deps, log}, facts);
  }
}
