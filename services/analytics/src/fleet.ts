import {fleet} from '@voicebridge/shared/redis/keys.ts';
import type {RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {z} from 'zod';

/** A worker or a media edge, as it says of itself each second. */
export const Member = z.object({
  id: z.string(),
  calls: z.number().int().describe('calls in hand'),
  capacity: z.number().int(),
  state: z.string().describe('ready or draining'),
  url: z.string().nullable(),
  lagMs: z.number().nullable().describe('how late a timer of it fired, the worst of the last second'),
});
export type Member = z.infer<typeof Member>;

export const Fleet = z.object({
  workers: z.array(Member),
  edges: z.array(Member),
});
export type Fleet = z.infer<typeof Fleet>;

/** What is in Redis is text, and was perhaps written by another version. */
const Said = z.object({
  calls: z.coerce.number().int().nonnegative().catch(0),
  capacity: z.coerce.number().int().nonnegative().catch(0),
  state: z.string().catch('ready'),
  url: z.string().nullable().catch(null),
  lag: z.coerce.number().nonnegative().nullable().catch(null),
});

/** Who is there now. A member whose hash has expired is dead and left out. */
export async function readFleet(redis: RedisClient): Promise<Fleet> {
  const [workers, edges] = await Promise.all([membersOf(redis, 'workers'), membersOf(redis, 'edges')]);
  return {workers, edges};
}

async function membersOf(redis: RedisClient, name: 'workers' | 'edges'): Promise<Member[]> {
  const ids = await redis.zrange(fleet(name), '0', '-1');
  const said = await Promise.all(ids.map(id => redis.hgetall(`${fleet(name)}:${id}`)));
  return ids
    .flatMap((id, index) => {
      const fields = said[index] ?? {};
      if (Object.keys(fields).length === 0) return [];
      const {lag, ...member} = Said.parse(fields);
      return [{id, ...member, lagMs: lag}];
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
