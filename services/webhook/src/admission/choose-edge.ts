import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, Member} from '@voicebridge/shared/fleet/fleet.ts';
import {leastLoaded, loadOf} from '@voicebridge/shared/fleet/least-loaded.ts';
import type {Peers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import type {WebhookConfig} from '../config.ts';

export interface ChooseEdgeDeps {
  readonly config: Pick<WebhookConfig, 'PUBLIC_EDGE_URL'>;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly edges: Pick<Peers, 'verdict'>;
  readonly random: () => number;
}

/**
 * Chooses the edge for a caller's stream and gives its public origin: the least loaded of a random few, never one that
 * drains, and not the one where the stream of `lost` was, unless there is no other. PUBLIC_EDGE_URL if no edge has
 * announced an origin; `full` if all that have are full.
 */
export async function chooseEdge(
  {config, fleet, edges, random}: ChooseEdgeDeps,
  lost?: CallEntry,
): Promise<{readonly url: string} | 'full'> {
  const members = await fleet.members('edges');
  const ready = members.filter(({state, url}) => state === 'ready' && url !== undefined);
  if (ready.length === 0) return {url: config.PUBLIC_EDGE_URL};
  const roomy = ready.filter(edge => loadOf(edge) < 1);
  if (roomy.length === 0) return 'full';
  const wasThere = ({id, url}: Member) => lost?.stream?.edge === id || lost?.facts['edgeUrl'] === url;
  const living = preferably(roomy, edge => edges.verdict(edge.id) !== 'dead');
  const edge = leastLoaded(
    preferably(living, edge => !wasThere(edge)),
    random,
  );
  return {url: edge?.url ?? config.PUBLIC_EDGE_URL};
}

/** The members that fit; all of them if none does. */
function preferably(members: readonly Member[], fits: (member: Member) => boolean): readonly Member[] {
  const fitting = members.filter(fits);
  return fitting.length > 0 ? fitting : members;
}
