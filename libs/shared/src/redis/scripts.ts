import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import type {RedisClient} from './connect.ts';

/** The answer of a script: one of its named replies, and any values after it. */
export interface ScriptReply<Reply extends string> {
  readonly reply: Reply;
  readonly rest: readonly unknown[];
}

/** Runs a script as one atomic step; `keys` must share a hash tag. Rejects when Redis does not answer. */
export type Script<Reply extends string> = (
  redis: RedisClient,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<ScriptReply<Reply>>;

/**
 * Loads a script. `intend-1.lua` has one key; a reply of {n, …} means replies[n]. The text is read once, when the
 * process starts.
 */
export function script<const Reply extends string>(file: string, replies: readonly Reply[]): Script<Reply> {
  const text = readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');
  const sha = createHash('sha1').update(text).digest('hex');
  const count = Number(/-(\d+)\.lua$/.exec(file)?.[1]);
  return async (redis, keys, args) => {
    if (keys.length !== count) throw new Error(`${file} takes ${count} keys, not ${keys.length}`);
    const raw: unknown = await redis.evalsha(sha, count, ...keys, ...args).catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.message.startsWith('NOSCRIPT')) {
        return redis.eval(text, count, ...keys, ...args);
      }
      throw thrown;
    });
    const [index, ...rest] = Array.isArray(raw) ? (raw as readonly unknown[]) : [];
    const reply = typeof index === 'number' ? replies[index] : undefined;
    if (reply === undefined) throw new Error(`${file} answered something unknown`);
    return {reply, rest};
  };
}

/** Turns the flat list of `HGETALL` inside a script into a record. */
export function recordOf(flat: unknown): Record<string, string> {
  if (!Array.isArray(flat)) return {};
  const texts = flat.map(String);
  const record: Record<string, string> = {};
  for (let index = 0; index + 1 < texts.length; index += 2) record[texts[index] ?? ''] = texts[index + 1] ?? '';
  return record;
}
