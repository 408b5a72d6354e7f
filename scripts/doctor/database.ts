import {messageOf} from '@voicebridge/shared/errors.ts';
import {askDatabase, type DatabaseFacts} from '../../services/analytics/src/database/ask-database.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';

const OLDEST = 14;
/** What one process of analytics may open. */
const CONNECTIONS = 16;
const SLOW_MS = 20;

/** The PostgreSQL of analytics: version, rights, connections, latency. Changes nothing. */
export async function checkDatabase({databaseUrl}: Pick<DoctorSettings, 'databaseUrl'>): Promise<Finding[]> {
  if (databaseUrl === undefined)
    return [skipped('DATABASE_URL is not set: records go into an embedded database, which is enough for a trial')];
  const host = URL.parse(databaseUrl)?.host || 'the given address';
  try {
    return findingsOf(await askDatabase(databaseUrl), host);
  } catch (thrown) {
    return [
      broken(
        `no PostgreSQL at ${host}: ${messageOf(thrown)}`,
        'Start it, or correct DATABASE_URL. Calls go on meanwhile; their records wait in Redis.',
      ),
    ];
  }
}

function findingsOf(
  {version, major, took, mayCreate, isStandby, freeConnections}: DatabaseFacts,
  host: string,
): Finding[] {
  const told = `PostgreSQL ${version} at ${host}, answers in ${took.toFixed(1)} ms`;
  if (major < OLDEST) return [broken(told, `PostgreSQL ${OLDEST} or later is needed.`)];
  if (isStandby) return [broken(`${told}: a standby, which takes no writes`, 'DATABASE_URL must lead to the primary.')];
  return [
    took < SLOW_MS ? fine(told) : warning(told, 'Put the database nearer to analytics; calls are not affected.'),
    ...(mayCreate ? [] : [broken('its user may not make tables', 'GRANT CREATE ON SCHEMA public TO <user>')]),
    ...(freeConnections < CONNECTIONS
      ? [
          warning(
            `only ${freeConnections} more connections are possible`,
            `Analytics opens up to ${CONNECTIONS}: raise max_connections.`,
          ),
        ]
      : []),
  ];
}
