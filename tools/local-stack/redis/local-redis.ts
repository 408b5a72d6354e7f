import {CannotStart} from '@voicebridge/shared/errors.ts';
import {
  findRedisBinary,
  startEmbeddedRedis,
  startRedisBinary,
  type PrivateRedis,
  type PrivateRedisOptions,
} from './private-redis.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {hostOf, nodesOf} from '@voicebridge/shared/redis/client.ts';

/** A running Redis, and where it came from. */
export interface ProvidedRedis {
  /** With a comma in it if it is a Cluster. */
  readonly url: string;
  /** `given`: REDIS_URL; `private`: a server from the PATH, ours alone; `embedded`: the one written in JavaScript. */
  readonly kind: 'given' | 'private' | 'embedded';
  readonly version?: string;
  /** The process id of the server, if we started it. */
  readonly pid?: number;
  /** Stops it if we started it. */
  close(): Promise<void>;
}

export interface ProvideRedisOptions extends PrivateRedisOptions {
  /** REDIS_URL as the user set it. */
  readonly url?: string | undefined;
  /** Skips the search: `private` or `embedded` (VOICEBRIDGE_REDIS). */
  readonly kind?: string | undefined;
  /** Gets one line about what was done. */
  readonly log: (line: string) => void;
}

/**
 * The Redis that the user gave; otherwise a private `redis-server` or `valkey-server` of this machine; otherwise the
 * embedded one. Throws `CannotStart` if the given one does not answer or is older than 7.
 */
export async function provideRedis(options: ProvideRedisOptions): Promise<ProvidedRedis> {
  const {url, kind, log} = options;
  if (kind !== undefined && kind !== '' && kind !== 'private' && kind !== 'embedded') {
    throw new CannotStart('VOICEBRIDGE_REDIS must be private or embedded.');
  }
  if (url && !kind) return given(url, log);
  const binary = kind === 'embedded' ? undefined : await findRedisBinary();
  if (binary) {
    const redis = await startRedisBinary(binary, options);
    log(`Redis: started ${binary.command} ${binary.version} for this run on port ${redis.port}`);
    return provided(redis, 'private', binary.version);
  }
  if (kind === 'private') {
    throw new CannotStart(
      'VOICEBRIDGE_REDIS=private needs redis-server or valkey-server, version 7 or newer, on the PATH.',
    );
  }
  const redis = await startEmbeddedRedis(options.port === undefined ? {} : {port: options.port});
  const why = kind === 'embedded' ? 'as asked' : 'no redis-server 7 on the PATH';
  log(
    `Redis: started the embedded one on port ${redis.port} (${why}). It is for trying things out, never for production`,
  );
  return provided(redis, 'embedded');
}

async function given(url: string, log: (line: string) => void): Promise<ProvidedRedis> {
  const {flavor, version, url: checked} = await checkRedis(url);
  const name = flavor === 'valkey' ? 'Valkey' : 'Redis';
  const cluster = nodesOf(checked).cluster ? ', a Cluster,' : '';
  log(`Redis: using ${name} ${version}${cluster} at ${hostOf(url)} (REDIS_URL)`);
  return {url: checked, kind: 'given', version, close: async () => {}};
}

function provided(redis: PrivateRedis, kind: 'private' | 'embedded', version?: string): ProvidedRedis {
  return {
    url: `redis://127.0.0.1:${redis.port}`,
    kind,
    ...(version === undefined ? {} : {version}),
    pid: redis.pid,
    close: () => redis.close(),
  };
}
