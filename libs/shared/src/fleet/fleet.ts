import {z} from 'zod';
import {ProcessId} from '../protocol/ids.ts';
import type {FleetName} from '../redis/keys.ts';

/** What one process says of itself, once a second. */
export const Member = z.object({
  id: ProcessId,
  /** Calls in hand, those that are only reserved included. */
  calls: z.coerce.number().int().nonnegative(),
  capacity: z.coerce.number().int().nonnegative(),
  /** `draining`: give it nothing new. */
  state: z.enum(['ready', 'draining']),
  /** Where callers reach it (`wss://…`), without a last slash; only edges have one. */
  url: z.string().optional(),
  /** How late its timers fire, in milliseconds. */
  lagMs: z.coerce.number().nonnegative(),
  /** Unix milliseconds. */
  startedAt: z.coerce.number(),
});
export type Member = Readonly<z.infer<typeof Member>>;

/** Who exists. For choosing whom to ask, not for judging who died: that is `FailureDetector`. */
export interface Fleet {
  /** Must be repeated each second; a member that is silent for three is gone. */
  announce(name: FleetName, member: Member): Promise<void>;
  /** Everybody who spoke within the last three seconds, least calls first. */
  members(name: FleetName): Promise<readonly Member[]>;
  /** Goodbye. Leaving twice is leaving once. */
  leave(name: FleetName, id: ProcessId): Promise<void>;
}
