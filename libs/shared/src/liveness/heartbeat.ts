import {z} from 'zod';
import type {MediaBus} from '../bus/media-bus.ts';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS, fleetBeat, fleetPresence, type FleetName} from '../redis/keys.ts';
import {every} from '../ticker.ts';
import type {Clock} from '../time.ts';

/** One heartbeat. */
export const Beat = z.object({
  id: ProcessId,
  calls: z.number().int().nonnegative(),
  state: z.enum(['ready', 'draining']),
});
export type Beat = Readonly<z.infer<typeof Beat>>;

/**
 * Sends a heartbeat every `BEAT_MS` and subscribes to the presence channel of this process, which tells a dead process
 * from one that has lost a connection. Heartbeats come from the event loop that carries the calls, on purpose: a
 * process that is too busy to send them is too busy for calls. A heartbeat that cannot be sent is dropped.
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
