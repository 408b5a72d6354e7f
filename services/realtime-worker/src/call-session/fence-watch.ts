import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** A doubt is looked into at most this often: whoever can publish could otherwise have the directory read for each message. */
const LOOK_EVERY: Millis = 200;

export interface FenceWatchDeps {
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly callSid: CallSid;
  /** The epoch in which this worker owns the call. */
  readonly epoch: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** The directory says that another worker owns the call, or that it has ended. */
  readonly fenced: () => void;
}

/**
 * A message on the channel of a call says that it comes from a newer owner. Anybody who can publish to Redis can say so, and a
 * caller whose owner believes it is heard by nobody. So the directory is asked, which only its scripts change.
 */
export class FenceWatch {
  readonly #deps: FenceWatchDeps;
  #lookedAt: Millis = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  constructor(deps: FenceWatchDeps) {
    this.#deps = deps;
  }

  /** A message of a newer epoch came. */
  doubt(): void {
    const {clock, log} = this.#deps;
    if (this.#isLooking || clock.now() - this.#lookedAt < LOOK_EVERY) return;
    this.#isLooking = true;
    this.#lookedAt = clock.now();
    background(this.#look(), log, 'looking who owns the call');
  }

  async #look(): Promise<void> {
    const {directory, callSid, epoch, log, fenced} = this.#deps;
    try {
      const call = await directory.read(callSid);
      if (call?.state === 'live' && call.epoch <= epoch()) {
        log.warn({epoch: epoch()}, 'a message claims to come from a newer owner, and there is none: ignored');
      } else fenced();
    } finally {
      this.#isLooking = false;
    }
  }
}
