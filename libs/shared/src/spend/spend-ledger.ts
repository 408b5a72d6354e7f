import type {Limit} from '../observability/metric-labels.ts';
import type {Limits, Micros, Spent} from './limits.ts';
import type {Payer} from './payer.ts';

/** A call that says nothing for so long does not count as one in progress any more: its owner died, or it never had one. */
export const LEASE_MS = 180_000;
/** So often the owner of a call says that it goes on, if no turn said it. */
export const RENEW_EVERY_MS = 60_000;

/** `near`: limits that are used to 80 % or more. */
export type Admission =
  | {readonly admitted: true; readonly near: readonly Limit[]}
  | {readonly admitted: false; readonly limit: Limit};

/** What an owner of a call has spent. */
export interface Charge {
  /** The epoch in which it became the owner: each owner has one of its own. */
  readonly owner: number;
  /** All that it has spent on the call so far, not what came last: said twice, it counts once. */
  readonly micros: Micros;
  /** The call is over: it is no longer one in progress. */
  readonly isOver: boolean;
}

/**
 * What calls have cost today, and how many there are. One ledger for the fleet, asked once when a call comes in and once in each
 * turn. Rejects when Redis does not answer; then the call goes on, and what it cost is in the next charge.
 */
export interface SpendLedger {
  /** Whether a call may begin. Asked again about the same call, it is counted once. */
  admit(payer: Payer, limits: Limits): Promise<Admission>;

  /** Adds what was spent since the last charge of this owner, and renews the call's place. */
  charge(payer: Payer, charge: Charge): Promise<Spent>;
}

/** The day of a sum, in UTC: 2026-11-29. */
export function dayOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}
