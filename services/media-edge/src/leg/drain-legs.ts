import type {CallLeg} from './call-leg.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** How long to wait for a moment in which nobody speaks. */
const QUIET_WAIT_MS = 5_000;
/**
 * A call that came during the drain stays at least for so long. A balancer in front of all edges sends them here until it
 * has asked a few times whether we take any, and would send a call that we moved at once here again, twenty times a second.
 */
const LATECOMER_STAYS_MS = 10_000;
/** Calls moved a second, at least; more only if the time requires it, because the other edges get all of them at once. */
const MOVES_PER_SECOND = 20;
const STEP_MS = 50;

/**
 * Moves the calls of an edge to other edges, a few at a time: the carrier opens each stream again. A call is moved when
 * neither side speaks, and after five seconds in any case.
 *
 * While there is no other edge a call would be lost by a move, so it stays until it ends or until the last second before
 * `deadline`.
 */
export async function drainLegs(
  legs: Iterable<CallLeg> & {readonly size: number},
  {
    clock,
    deadline,
    elsewhere,
    signal,
  }: {
    readonly clock: Clock;
    /** On the monotonic clock. */
    readonly deadline: Millis;
    /** Whether another edge takes calls. */
    readonly elsewhere: () => Promise<boolean>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const patient = Math.min(QUIET_WAIT_MS, deadline - clock.now());
  const perSecond = Math.max(MOVES_PER_SECOND, (2 * legs.size) / Math.max(1, patient / 1_000));
  /** When each call may be moved. */
  const movable = new Map<CallLeg, Millis>([...legs].map(leg => [leg, -Infinity]));
  let possibleSince: Millis | undefined;
  let credit = 0;
  while (legs.size > 0 && !signal.aborted) {
    const at = clock.now();
    const late = at >= deadline - 1_000;
    for (const leg of legs) if (!movable.has(leg)) movable.set(leg, at + LATECOMER_STAYS_MS);
    if (possibleSince === undefined) {
      if (late || (await elsewhere())) possibleSince = at;
      else await sleep(clock, 250 - STEP_MS, signal);
    } else {
      credit = Math.min(perSecond, credit + (perSecond * STEP_MS) / 1_000);
      const since = possibleSince;
      const isReady = (leg: CallLeg) => {
        const from = Math.max(since, movable.get(leg) ?? at);
        return late || (at >= from && (leg.quiet(at) || at - from >= patient));
      };
      const ready = [...legs].filter(isReady).slice(0, late ? undefined : Math.floor(credit));
      credit -= ready.length;
      await Promise.all(ready.map(leg => leg.migrate(deadline)));
    }
    await sleep(clock, STEP_MS, signal);
  }
}
