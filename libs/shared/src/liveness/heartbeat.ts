import {z} from 'zod';
import type {MediaBus} from '../bus/media-bus.ts';
import {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS, beatsOfAll, fleetPresence, workerBeat} from '../redis/keys.ts';
import {every, everyWhile} from '../ticker.ts';
import type {Clock, Millis} from '../time.ts';

/** One heartbeat of a worker. */
export const Beat = z.object({
  id: ProcessId,
  calls: z.number().int().nonnegative(),
  state: z.enum(['ready', 'draining']),
});
export type Beat = Readonly<z.infer<typeof Beat>>;

/** How often a worker on which nobody depends sends a heartbeat, and learns whether anybody listens. */
const IDLE_MS: Millis = 500;
/** A channel that had a listener lately has one, even if Redis does not count it just now. */
const LISTENED: Millis = 10_000;

export interface Heartbeat extends AsyncDisposable {
  /** Somebody is about to depend on this worker: heartbeats come at their full pace from now on. */
  quicken(): void;
}

/**
 * Sends the heartbeats of a worker, every `BEAT_MS` while it has calls or is listened to, and subscribes to its presence
 * channel, which tells a dead process from one that has lost a connection. Heartbeats come from the event loop that
 * carries the calls, on purpose: a process that is too busy to send them is too busy for calls. A heartbeat that cannot be
 * sent is dropped.
 */
export async function startHeartbeat(options: {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly beat: () => Beat;
}): Promise<Heartbeat> {
  const {bus, clock, beat} = options;
  const {id} = beat();
  const heard = () => pace();
  const [own, ofAll] = [listenedTo(workerBeat(id), bus, clock, heard), listenedTo(beatsOfAll, bus, clock, heard)];
  let quickUntil: Millis = Number.NEGATIVE_INFINITY;
  let isQuick = false;
  const message = () => Buffer.from(JSON.stringify(beat()));
  const often = everyWhile(clock, BEAT_MS, () => {
    own.send(message());
    if (ofAll.isHeard()) ofAll.send(message());
  });
  const pace = () => {
    isQuick = beat().calls > 0 || own.isHeard() || ofAll.isHeard() || clock.now() < quickUntil;
    often(isQuick);
  };
  const hangUp = await bus.holdPresence(fleetPresence('workers', id));
  const stop = every(clock, IDLE_MS, () => {
    ofAll.send(message());
    if (!isQuick) own.send(message());
    pace();
  });
  return {
    quicken() {
      quickUntil = clock.now() + LISTENED;
      if (!isQuick) own.send(message());
      pace();
    },
    async [Symbol.asyncDispose]() {
      stop();
      often(false);
      await hangUp();
    },
  };
}

/** A channel, and whether anybody has listened to it lately. `heard`: called when somebody begins to. */
function listenedTo(channel: string, bus: MediaBus, clock: Clock, heard: () => void) {
  let heardAt: Millis | undefined;
  const isHeard = () => heardAt !== undefined && clock.now() - heardAt < LISTENED;
  return {
    isHeard,
    send(message: Buffer): void {
      bus.publish(channel, message).then(
        receivers => {
          if (receivers === 0) return;
          const isNew = !isHeard();
          heardAt = clock.now();
          if (isNew) heard();
        },
        () => {},
      );
    },
  };
}
