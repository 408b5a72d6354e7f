import type {Fleet as SharedFleet} from '@voicebridge/shared/fleet/fleet.ts';
import {z} from 'zod';

/** A worker or a media edge, as it says of itself each second. */
export const Member = z.object({
  id: z.string(),
  calls: z.number().int().describe('calls in hand'),
  capacity: z.number().int(),
  state: z.enum(['ready', 'draining']),
  url: z.string().nullable(),
  lagMs: z.number().describe('how late a timer of it fired, the worst of the last second'),
});
export type Member = z.infer<typeof Member>;

export const Fleet = z.object({
  workers: z.array(Member),
  edges: z.array(Member),
});
export type Fleet = z.infer<typeof Fleet>;

/** Who is there now, in an order that does not change with their load. */
export async function readFleet(fleet: SharedFleet): Promise<Fleet> {
  const [workers, edges] = await Promise.all([fleet.members('workers'), fleet.members('edges')]);
  const told = (members: typeof workers) =>
    members
      .map(({id, calls, capacity, state, url = null, lagMs}) => ({id, calls, capacity, state, url, lagMs}))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {workers: told(workers), edges: told(edges)};
}
