import type {ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Owned, Assignment} from '@voicebridge/shared/fleet/assign-call.ts';
import type {ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';

/** Where an edge asks about the owners of its calls: over Redis in life, a script in tests. No answer is a failure. */
export interface Workers {
  /** Tells the owner of a call that its stream is here. */
  introduce(call: ServedCall, streamSid: StreamSid): Promise<'yes' | 'taken' | 'unknown' | 'silent'>;
  /** Finds a worker that takes the call, which then has a higher epoch. Undefined: nobody did, or nobody could be asked. */
  pin(request: Assignment): Promise<Owned | undefined>;
  /** Whether a worker has just shown that it lives. */
  alive(worker: ProcessId): boolean;
  /** A message to a worker had no receiver. */
  noReceiver(worker: ProcessId): void;
  /** Runs once when a worker is dead or hung for certain, which is never while Redis is away. */
  whenDead(worker: ProcessId, run: () => void): Cancel;
  /** Since when Redis has answered without a break; undefined while it does not. */
  wellSince(): Millis | undefined;
  /** Since when our connections to Redis have held, however slow it answers; undefined while there is none. */
  linkedSince(): Millis | undefined;
}
