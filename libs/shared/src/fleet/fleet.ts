import {z} from 'zod';
import {ProcessId} from '../protocol/ids.ts';
import type {FleetName} from '../redis/keys.ts';
import type {Millis} from '../time.ts';

/** What a process announces of itself every second. */
export const Member = z.object({
  id: ProcessId,
  /** Active calls, including places that are only reserved. */
  calls: z.coerce.number().int().nonnegative(),
  capacity: z.coerce.number().int().nonnegative(),
  /** `draining`: it takes no new calls. */
  state: z.enum(['ready', 'draining']),
  /**
   * Why it would rather take no new calls, though it is `ready`: another member without one is asked first. Absent: nothing
   * is in the way. Processes from before it was known do not announce it.
   */
  trouble: z.string().max(40).optional(),
  /** Its public origin (`wss://…`, no slash at the end); only edges have one. */
  url: z.string().max(2_048).optional(),
  /** The newest form of a call's journal that it can read; only workers have one, and those before it was 1. */
  journalFormat: z.coerce.number().int().positive().optional(),
  /** How late its timers fire, in milliseconds. */
  lagMs: z.coerce.number().nonnegative(),
  /** Unix milliseconds. */
  startedAt: z.coerce.number(),
});
export type Member = Readonly<z.infer<typeof Member>>;

/** A member as the fleet knows it. */
export type ListedMember = Member & {
  /** How long ago it announced itself; a member that hangs is silent for more than a second. Undefined: unknown. */
  readonly silentMs?: Millis | undefined;
};

/** The members of each fleet. Use it to choose a member; `FailureDetector` decides which are dead. */
export interface Fleet {
  /** Must be repeated every second; a member is removed after three seconds without it. */
  announce(name: FleetName, member: Member): Promise<void>;
  /** The members that announced themselves in the last three seconds, fewest calls first. */
  members(name: FleetName): Promise<readonly ListedMember[]>;
  /** Removes a member. Idempotent. */
  leave(name: FleetName, id: ProcessId): Promise<void>;
}
