import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Owned, Assignment} from '@voicebridge/shared/fleet/assign-call.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';

/** What an edge asks workers, and what it knows about them. A missing answer is an answer here: nothing rejects. */
export interface Workers {
  /**
   * Tells the owner of a call that the stream of the call is on this edge. `taken` and `unknown`: it does not have the
   * call. `silent`: it did not answer.
   */
  attach(call: ServedCall, streamSid: StreamSid): Promise<'yes' | 'taken' | 'unknown' | 'silent'>;
  /** Assigns a call to a worker, which raises its epoch. Undefined: no worker took it, or none could be asked. */
  assign(request: Assignment): Promise<Owned | undefined>;
  /** Whether heartbeats of a worker have been received recently. */
  alive(worker: ProcessId): boolean;
  /** A message to a worker had no receiver. */
  noReceiver(worker: ProcessId): void;
  /** Runs once when a worker is known to be dead or hung; never while Redis does not answer. */
  onDead(worker: ProcessId, run: () => void): Cancel;
  /** Since when Redis has answered without a break (monotonic clock); undefined while it does not answer. */
  wellSince(): Millis | undefined;
  /**
   * Since when our connection to the Redis that carries the heartbeats of a worker has held, however slowly it answers;
   * undefined while there is none.
   */
  linkedSince(worker: ProcessId): Millis | undefined;
}
