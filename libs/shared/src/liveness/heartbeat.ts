import {z} from 'zod';
import type {MediaBus} from '../bus/media-bus.ts';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS, fleetBeat, fleetPresence, type FleetName} from '../redis/keys.ts';
import {every, type Clock} from '../time.ts';

/** One sign of life. */
export const Beat = z.object({
  id: ProcessId,
  calls: z.number().int().nonnegative(),
  state: z.enum(['ready', 'draining']),
});
export type Beat = Readonly<z.infer<typeof Beat>>;

/**
 * Says each `BEAT_MS` that this process lives. It is sent from the same event loop that carries the calls, on purpose:
 * a process that is too busy to beat is too busy to talk. A beat that cannot be sent is simply missing. And holds a
 * presence channel, so that others can tell at once a process that is gone from one that has lost a connection.
 */
export async function startHeartbeat(options: {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly name: FleetName;
  readonly beat: () => Beat;
}): Promise<AsyncDisposable> {
  const {bus, clock, name, beat} = options;
  const send = () => {
    bus.publish(fleetBeat(name), Buffer.from(JSON.stringify(beat()))).catch(() => {});
  };
  const hangUp = await bus.holdPresence(fleetPresence(name, beat().id));
  send();
  const stop = every(clock, BEAT_MS, send);
  return {
    async [Symbol.asyncDispose]() {
      stop();
      await hangUp();
    },
  };
}
