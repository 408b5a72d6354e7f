import type {RedisClient} from '@voicebridge/shared/redis/client.ts';
import {ASSISTANT_TTL_S, assistantVersion} from '@voicebridge/shared/redis/keys.ts';
import type {VersionStore} from './version-store.ts';

/** Versions of assistants in Redis, which all workers share. */
export class RedisVersionStore implements VersionStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async put(hash: string, text: string): Promise<void> {
    await this.#redis.set(assistantVersion(hash), text, 'EX', ASSISTANT_TTL_S);
  }

  async get(hash: string): Promise<string | undefined> {
    return (await this.#redis.get(assistantVersion(hash))) ?? undefined;
  }
}
