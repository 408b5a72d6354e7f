import type {MediaBus, Unsubscribe} from '../bus/media-bus.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {PLACES, workerInbox} from '../redis/keys.ts';

/** Channels that say the same on several shards of a Cluster, of which some may be away. */
export interface OpenPlaces {
  /** Those that are subscribed. */
  readonly channels: ReadonlySet<string>;
  close(): Promise<void>;
}

/** The channels of one kind, in all places. */
export function inAllPlaces(channelAt: (place: number) => string): string[] {
  return Array.from({length: PLACES}, (_, place) => channelAt(place));
}

/** Subscribes to all of them. Resolves when the first is subscribed; the others follow. Rejects if none can be. */
export async function openPlaces(
  bus: Pick<MediaBus, 'subscribe'>,
  channels: readonly string[],
  hear: (channel: string, message: Buffer) => void,
): Promise<OpenPlaces> {
  const open = new Map<string, Unsubscribe>();
  let isOver = false;
  const opening = channels.map(async channel => {
    const unsubscribe = await bus.subscribe(channel, message => hear(channel, message));
    if (isOver) await unsubscribe();
    else open.set(channel, unsubscribe);
  });
  await Promise.any(opening).catch(({errors}: AggregateError) => Promise.reject(errors[0]));
  return {
    get channels() {
      return new Set(open.keys());
    },
    async close() {
      isOver = true;
      await Promise.all([...open.values()].map(unsubscribe => unsubscribe()));
    },
  };
}

/**
 * The inboxes of a worker, in the order in which they are tried: those on shards that answer, then the first of all, the
 * only one of a worker of an older version. `isWell`: whether one of them is on a shard that answers.
 */
export function inboxesOf(
  worker: ProcessId,
  bus: Pick<MediaBus, 'wellSince'>,
): {readonly inboxes: readonly string[]; readonly isWell: boolean} {
  const well = inAllPlaces(place => workerInbox(worker, place)).filter(inbox => bus.wellSince(inbox) !== undefined);
  return {inboxes: [...new Set([...well, workerInbox(worker)])], isWell: well.length > 0};
}
