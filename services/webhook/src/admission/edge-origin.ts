import {UNSIGNED} from '@voicebridge/shared/protocol/fleet-key.ts';
import type {WebhookConfig} from '../config.ts';

/** What says which edges are ours. */
export type OurEdges = Pick<WebhookConfig, 'PUBLIC_EDGE_URL'> &
  Partial<Pick<WebhookConfig, 'EDGE_ORIGINS' | 'FLEET_KEY'>>;

/**
 * Whether callers may be sent to this address: whoever can write to Redis could announce any. Where the fleet has a key,
 * an address has been checked by its signature. Otherwise it is on the host of PUBLIC_EDGE_URL or of one of EDGE_ORIGINS,
 * on any port, or below one of these hosts.
 */
export function isOurEdge(url: string, config: OurEdges): boolean {
  const {PUBLIC_EDGE_URL, EDGE_ORIGINS = [], FLEET_KEY = []} = config;
  if (FLEET_KEY.length > 0 && !FLEET_KEY.includes(UNSIGNED)) return true;
  const [host, ...ours] = [url, PUBLIC_EDGE_URL, ...EDGE_ORIGINS].map(hostOf);
  return host !== undefined && ours.some(our => our !== undefined && (host === our || host.endsWith(`.${our}`)));
}

/** The host of a WebSocket's address; all names of this machine are one. */
function hostOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (!parsed || !/^wss?:$/.test(parsed.protocol)) return undefined;
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname) ? 'localhost' : parsed.hostname;
}
