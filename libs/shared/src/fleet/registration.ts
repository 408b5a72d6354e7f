import type {Log} from '../observability/log.ts';
import type {FleetName} from '../redis/keys.ts';
import {every, type Clock, type Millis} from '../time.ts';
import type {Fleet, Member} from './fleet.ts';

const ANNOUNCE_EVERY: Millis = 1_000;

export interface Presence extends AsyncDisposable {
  /** Says it again at once, such as when draining begins. Never rejects: the next second says it again. */
  announce(): Promise<void>;
}

/** Keeps one process in the fleet for as long as it lives. Resolves when it has been announced, or could not be. */
export async function registerMember(options: {
  readonly fleet: Fleet;
  readonly name: FleetName;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked each time. */
  readonly member: () => Member;
}): Promise<Presence> {
  const {fleet, name, clock, log, member} = options;
  const {id} = member();
  let failing = false;
  let left = false;
  const announce = async () => {
    if (left) return;
    try {
      await fleet.announce(name, member());
      failing = false;
    } catch (thrown) {
      if (!failing) log.warn({err: thrown}, 'cannot announce itself');
      failing = true;
    }
  };
  await announce();
  const stop = every(clock, ANNOUNCE_EVERY, () => void announce());
  return {
    announce,
    async [Symbol.asyncDispose]() {
      stop();
      left = true;
      await fleet.leave(name, id).catch((thrown: unknown) => log.warn({err: thrown}, 'cannot say goodbye'));
    },
  };
}
