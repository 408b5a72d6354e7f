import {startPostgresContainer} from './postgres-container.ts';
import {privatePostgres, type PrivatePostgres} from './private-postgres.ts';

/** Where the PostgreSQL of a test run comes from: an image, a folder of programs, or nowhere. */
export type PostgresSource = {readonly image: string} | {readonly bin: string} | {readonly missing: string};

/** Starts one for a test; undefined where there is none. */
export function testPostgres(source: PostgresSource): (() => Promise<PrivatePostgres>) | undefined {
  if ('image' in source) return () => startPostgresContainer(source.image);
  return 'bin' in source ? () => privatePostgres(source.bin) : undefined;
}
