import {port, tracesEndpoint, wholeNumber} from '@voicebridge/shared/config.ts';
import {z} from 'zod';

const days = (fallback: number, about: string) =>
  wholeNumber().default(fallback).describe(`days to keep ${about}; 0: for ever`);

/** Everything that analytics reads from its environment. */
export const AnalyticsEnv = z.object({
  PORT: port().default(5053).describe('where the dashboard, the API and /livez, /readyz, /metrics are served'),
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('the address to listen on; any address but loopback needs DASHBOARD_PASSWORD'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must start with redis:// or rediss://')
    .describe('where finished calls come from; several, comma-separated: Redis Cluster'),
  QUEUE_REDIS_URL: z.string().optional().describe('another Redis for the records’ queue; REDIS_URL if not set'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional()
    .describe('PostgreSQL 14 or later; not set: an embedded database in DATA_DIR'),
  DATA_DIR: z
    .string()
    .default('.voicebridge/analytics')
    .describe('folder of the embedded database; belongs to one process'),
  RETENTION_DAYS_CALLS: days(365, 'calls and all that hangs on them'),
  RETENTION_DAYS_TURNS: days(90, 'turns, interruptions, tool calls and failovers'),
  RETENTION_DAYS_TRANSCRIPTS: days(30, 'transcripts'),
  DASHBOARD_PASSWORD: z
    .string()
    .min(12, 'must have 12 characters or more')
    .optional()
    .describe('asks for a sign-in; without it transcripts and telephone numbers are never shown'),
  NUMBER_HASH_KEY: z
    .string()
    .min(16, 'must have 16 characters or more')
    .optional()
    .describe('the same as at the webhook; lets somebody be forgotten by their telephone number'),
  OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('how much is logged'),
  DRAIN_SECONDS: wholeNumber().default(60).describe('how long the records in hand may outlive SIGTERM'),
});
export type AnalyticsEnv = z.infer<typeof AnalyticsEnv>;

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
