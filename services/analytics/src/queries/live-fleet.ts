import type {Fleet as SharedFleet} from '@voicebridge/shared/fleet/fleet.ts';
import {z} from 'zod';

/** A worker or a media edge, from its own report of each second. */
export const Member = z.object({
  id: z.string(),
  calls: z.number().int().describe('active calls'),
  capacity: z.number().int(),
  state: z.enum(['ready', 'draining']),
  url: z.string().nullable(),
  lagMs: z.number().describe('event loop lag, the worst of the last second'),
});
export type Member = z.infer<typeof Member>;

export const Fleet = z.object({
  workers: z.array(Member),
  edges: z.array(Member),
});
export type Fleet = z.infer<typeof Fleet>;

/** The workers and edges that are running, ordered by id. */
export async function readFleet(fleet: SharedFleet): Promise<Fleet> {
  const [workers, edges] = await Promise.all([fleet.members('workers'), fleet.members('edges')]);
  const shown = (members: typeof workers) =>
    members
      .map(({id, calls, capacity, state, url = null, lagMs}) => ({id, calls, capacity, state, url, lagMs}))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {workers: shown(workers), edges: shown(edges)};
}
