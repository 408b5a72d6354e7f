import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import {
  drainSeconds,
  host,
  logLevel,
  phrase,
  port,
  text,
  tracesEndpoint,
  wholeNumber,
} from '@voicebridge/shared/config/config.ts';
import {postgresUrl, redisUrls} from '@voicebridge/shared/config/server-urls.ts';
import {z} from 'zod';

const days = (fallback: number, about: string) =>
  wholeNumber({max: 36_500}).default(fallback).describe(`days to keep ${about}; 0: for ever`);

/** Everything that analytics reads from its environment. */
export const AnalyticsEnv = z
  .object({
    PORT: port()
      .refine(value => !BLOCKED_PORTS.has(value), 'is one that browsers refuse to open: take another')
      .default(5053)
      .describe('where the dashboard, the API and /livez, /readyz, /metrics are served'),
    HOST: host()
      .default('127.0.0.1')
      .describe('the address to listen on; any address but loopback needs DASHBOARD_PASSWORD'),
    REDIS_URL: redisUrls().describe('where finished calls come from; several, comma-separated: Redis Cluster'),
    QUEUE_REDIS_URL: redisUrls().optional().describe('another Redis for the records’ queue; REDIS_URL if not set'),
    DATABASE_URL: postgresUrl()
      .optional()
      .describe('PostgreSQL 14 or later; not set: an embedded database in DATA_DIR'),
    DATA_DIR: text(4_000)
      .default('.voicebridge/analytics')
      .describe('folder of the embedded database; belongs to one process'),
    RETENTION_DAYS_CALLS: days(365, 'calls and all that hangs on them'),
    RETENTION_DAYS_TURNS: days(90, 'turns, interruptions, tool calls and failovers'),
    RETENTION_DAYS_TRANSCRIPTS: days(30, 'transcripts'),
    DASHBOARD_PASSWORD: phrase(12)
      .optional()
      .describe('asks for a sign-in; without it transcripts and telephone numbers are never shown'),
    NUMBER_HASH_KEY: phrase(16)
      .optional()
      .describe('the same as at the webhook; lets somebody be forgotten by their telephone number'),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: logLevel(),
    DRAIN_SECONDS: drainSeconds().describe('how long the records in hand may outlive SIGTERM'),
  })
  .refine(({HOST, DASHBOARD_PASSWORD}) => isLoopback(HOST) || DASHBOARD_PASSWORD !== undefined, {
    path: ['DASHBOARD_PASSWORD'],
    message: 'is not set, and HOST lets other machines in: set it, or leave HOST out',
    when: () => true,
  });
export type AnalyticsEnv = z.infer<typeof AnalyticsEnv>;
