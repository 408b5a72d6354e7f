import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, ListedMember} from '@voicebridge/shared/fleet/fleet.ts';
import {leastLoaded, loadOf, wellOrAll} from '@voicebridge/shared/fleet/least-loaded.ts';
import {fleetPresence} from '@voicebridge/shared/redis/keys.ts';
import {within} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {isOurEdge, type OurEdges} from './edge-origin.ts';

export interface ChooseEdgeDeps {
  readonly config: OurEdges;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly bus: Pick<MediaBus, 'publish' | 'wellSince'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** An edge is not used because its origin is not one of ours. May be called often for the same one. */
  readonly strange?: ((edge: ListedMember) => void) | undefined;
}

/** An edge that has not announced itself for so long may hang: it does so every second. */
const SILENT_MS: Millis = 1_600;
/** A caller does not wait for more questions than these. */
const MOST_ASKED = 5;
/** Nor for an answer that does not come: the shard of a Cluster that knows may be away. */
const ANSWER_WITHIN: Millis = 150;

/**
 * Chooses the edge for a caller's stream and gives its public origin: the least loaded of a random few, never one that
 * drains, one in trouble only if all are, and not the one where the stream of `lost` was, nor one that is gone or silent, unless there is no other.
 * PUBLIC_EDGE_URL if no edge has announced an origin that is ours; `full` if all that have are full.
 */
export async function chooseEdge(
  {config, fleet, bus, clock, random, strange}: ChooseEdgeDeps,
  lost?: CallEntry,
): Promise<{readonly url: string} | 'full'> {
  const members = await fleet.members('edges');
  const ready = members.filter(edge => {
    if (edge.state !== 'ready' || edge.url === undefined) return false;
    const isOurs = isOurEdge(edge.url, config);
    if (!isOurs) strange?.(edge);
    return isOurs;
  });
  if (ready.length === 0) return {url: config.PUBLIC_EDGE_URL};
  const roomy = wellOrAll(ready.filter(edge => loadOf(edge) < 1));
  if (roomy.length === 0) return 'full';
  const wasThere = ({id, url}: ListedMember) => lost?.stream?.edge === id || lost?.facts['edgeUrl'] === url;
  const isSilent = ({silentMs}: ListedMember) => (silentMs ?? 0) >= SILENT_MS;
  /** The best first. */
  const order: ListedMember[] = [];
  for (const doubts of [0, 1, 2]) {
    let alike = roomy.filter(edge => Number(wasThere(edge)) + Number(isSilent(edge)) === doubts);
    for (let next = leastLoaded(alike, random); next; next = leastLoaded(alike, random)) {
      const {id} = next;
      order.push(next);
      alike = alike.filter(edge => edge.id !== id);
    }
  }
  for (const edge of order.slice(0, MOST_ASKED))
    if (edge.url && (await isThere(edge, {bus, clock}))) return {url: edge.url};
  return {url: order[0]?.url ?? config.PUBLIC_EDGE_URL};
}

/** Whether a process listens to its presence channel, or Redis cannot say. */
async function isThere({id}: ListedMember, {bus, clock}: Pick<ChooseEdgeDeps, 'bus' | 'clock'>): Promise<boolean> {
  const presence = fleetPresence('edges', id);
  if (bus.wellSince(presence) === undefined) return true;
  const asked = bus.publish(presence, Buffer.alloc(0));
  return (await within(clock, ANSWER_WITHIN, asked).catch(() => 1)) > 0;
}
