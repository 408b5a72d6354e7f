import type {Log} from '../observability/log.ts';
import type {FleetName} from '../redis/keys.ts';
import {every} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import type {Fleet, Member} from './fleet.ts';

const ANNOUNCE_EVERY: Millis = 1_000;
/** After a failure: once Redis works again, calls must find every process, not only the first that was announced. */
const RETRY_AFTER: Millis = 200;

export interface Registration extends AsyncDisposable {
  /** Announces at once, such as when draining begins. Never rejects: it is announced again every second anyway. */
  announce(): Promise<void>;
}

/**
 * Announces one process to the fleet every second until it is disposed, and more often while Redis does not take it. Resolves after the first try, even if Redis did
 * not take it.
 */
export async function registerMember(options: {
  readonly fleet: Fleet;
  readonly name: FleetName;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each announcement. */
  readonly member: () => Member;
}): Promise<Registration> {
  const {fleet, name, clock, log, member} = options;
  const {id} = member();
  let failing = false;
  let left = false;
  let cancelRetry: Cancel = () => {};
  const announce = async () => {
    cancelRetry();
    if (left) return;
    try {
      await fleet.announce(name, member());
      failing = false;
    } catch (thrown) {
      if (!failing) log.warn({err: thrown}, 'cannot announce itself');
      failing = true;
      if (!left) cancelRetry = clock.after(RETRY_AFTER, () => void announce());
    }
  };
  await announce();
  const stop = every(clock, ANNOUNCE_EVERY, () => void announce());
  return {
    announce,
    async [Symbol.asyncDispose]() {
      stop();
      cancelRetry();
      left = true;
      await fleet.leave(name, id).catch((thrown: unknown) => log.warn({err: thrown}, 'cannot say goodbye'));
    },
  };
}
