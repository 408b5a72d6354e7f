import pg from 'pg';
import {setTimeout as sleep} from 'node:timers/promises';
import {startContainer} from '../../../../tools/local-stack/containers.ts';
import {freePort} from '../../../../tools/local-stack/redis/private-redis.ts';
import type {PrivatePostgres} from './private-postgres.ts';

const PASSWORD = 'of-a-test';

/** A PostgreSQL in a container, which may be killed and started again on the same port. */
export async function startPostgresContainer(image: string): Promise<PrivatePostgres> {
  const port = await freePort();
  const url = `postgres://analytics:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const container = await startContainer(image, {
    ports: [{container: 5432, host: port}],
    environment: {POSTGRES_USER: 'analytics', POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'postgres'},
  });
  return {
    ...container,
    url,
    version: `PostgreSQL ${await versionOf(url)} of ${image}`,
    async start() {
      await container.start();
      await versionOf(url);
    },
  };
}

/** What the server says its version is, as soon as it says anything; an open port is not yet a server that is ready. */
async function versionOf(url: string): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({connectionString: url, connectionTimeoutMillis: 5_000});
    client.on('error', () => {});
    try {
      await client.connect();
      const {rows} = await client.query<{server_version: string}>('SHOW server_version');
      return rows[0]?.server_version ?? '';
    } catch (thrown) {
      if (tries === 300) throw thrown;
      await sleep(100);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
