import {isIP} from 'node:net';
import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import {
  drainSeconds,
  guardedUrl,
  host,
  logLevel,
  modelName,
  onOff,
  phrase,
  port,
  secret,
  secrets,
  text,
  tracesEndpoint,
  urlOf,
  wholeNumber,
} from '@voicebridge/shared/config/config.ts';
import {captureSettings} from '@voicebridge/shared/capture/capture-settings.ts';
import {fleetSettings} from '@voicebridge/shared/fleet/fleet-settings.ts';
import {metricsSettings} from '@voicebridge/shared/config/metrics-settings.ts';
import {postgresUrl, redisUrls} from '@voicebridge/shared/config/server-urls.ts';
import {hasBucketKey, NO_BUCKET_KEY, RECORDINGS_ENV} from '@voicebridge/shared/recordings/recordings-url.ts';
import {z} from 'zod';
import {endpointOf} from './outcomes/text-model.ts';
import {apiTokens} from '@voicebridge/shared/config/api-tokens.ts';

const days = (fallback: number, about: string) =>
  wholeNumber({max: 36_500}).default(fallback).describe(`days to keep ${about}; 0: for ever`);

const listOf = (isRight: (text: string) => boolean, message: string) =>
  z
    .string()
    .transform(text => text.split(',').flatMap(one => one.trim().toLowerCase() || []))
    .refine(all => all.every(isRight), message);

const hostNames = () =>
  listOf(name => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name), 'must be names such as dashboard.example.com');

const networks = () =>
  listOf(network => {
    const [address = '', bits] = network.split('/', 2);
    const most = {0: -1, 4: 32, 6: 128}[isIP(address)] ?? -1;
    return most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
  }, 'must be addresses or networks such as 10.0.0.0/8');

/** Everything that analytics reads from its environment. */
export const AnalyticsEnv = z
  .object({
    PORT: port()
      .refine(value => !BLOCKED_PORTS.has(value), 'is one that browsers refuse to open: take another')
      .default(5053)
      .describe('where the dashboard, the API and /livez, /readyz are served'),
    ...metricsSettings,
    HOST: host()
      .default('127.0.0.1')
      .describe('the address to listen on; any address but loopback needs DASHBOARD_PASSWORD'),
    REDIS_URL: redisUrls().describe('the queue of finished calls; several, comma-separated: Redis Cluster'),
    QUEUE_REDIS_URL: redisUrls().optional().describe('another Redis for the records’ queue; REDIS_URL if not set'),
    ...fleetSettings,
    DATABASE_URL: postgresUrl()
      .optional()
      .describe('PostgreSQL 14 or later; not set: an embedded database in DATA_DIR'),
    DATA_DIR: text(4_000)
      .default('.voicebridge/analytics')
      .describe('folder of the embedded database; belongs to one process'),
    RETENTION_DAYS_CALLS: days(365, 'calls and all that hangs on them'),
    RETENTION_DAYS_TURNS: days(90, 'turns, interruptions, tool calls and failovers'),
    RETENTION_DAYS_TRANSCRIPTS: days(30, 'transcripts'),
    RETENTION_DAYS_RECORDINGS: days(30, 'recordings'),
    ...RECORDINGS_ENV,
    CAPTURE_DAYS: captureSettings.CAPTURE_DAYS,
    EXPORT_HOUR: wholeNumber({max: 23})
      .optional()
      .describe(
        'the hour of the day (UTC) at which the calls of the day before are exported to RECORDINGS_URL; not set: they are not',
      ),
    DASHBOARD_PASSWORD: phrase(12)
      .optional()
      .describe('the password of the dashboard; without one, transcripts and telephone numbers are never shown'),
    API_TOKENS: apiTokens()
      .default([])
      .describe('what programs may do, each with a token of its own: npm run api-token prints an entry'),
    DASHBOARD_HOSTS: hostNames()
      .default([])
      .describe('the host names of the dashboard, comma-separated, besides localhost and IP addresses'),
    TRUSTED_PROXIES: networks()
      .default([])
      .describe('addresses or networks of proxies, comma-separated, whose X-Forwarded-For header is trusted'),
    AFTER_URL: guardedUrl('http')
      .optional()
      .describe('gets a signed webhook for each finished call, unless its assistant names another address'),
    AFTER_SECRET: phrase(16)
      .optional()
      .describe('signs the webhooks to AFTER_URL; required with it: whsec_ and a key in base64, or a text'),
    OUTCOME_MODEL_URL: guardedUrl('http')
      .refine(
        value => endpointOf(value) !== undefined,
        'must end in /chat/completions or /responses: which of the two decides what is asked',
      )
      .optional()
      .describe(
        'a text model that gets the transcript of a call and fills in the fields of the outcome that the assistant left empty; not set: no model is asked',
      ),
    OUTCOME_MODEL: modelName().optional().describe('the name of that model; needed with OUTCOME_MODEL_URL'),
    OUTCOME_MODEL_KEY: secret().optional().describe('the key of that model; a server of your own may need none'),
    NUMBER_HASH_KEY: phrase(16)
      .optional()
      .describe('the same as at the webhook; needed to erase somebody’s data by their telephone number'),
    BROWSER_PHONE: onOff()
      .default(false)
      .describe('on: /phone.html is a telephone, whose calls cost as much as any others; npm run talk turns it on'),
    PUBLIC_WEBHOOK_URL: urlOf('http', 'https')
      .optional()
      .describe('the webhook that the phone in the browser calls; needed with BROWSER_PHONE'),
    TWILIO_AUTH_TOKEN: secrets()
      .default([])
      .describe(
        'signs the calls of the phone in the browser; needed with BROWSER_PHONE unless the webhook takes unsigned ones',
      ),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: logLevel(),
    DRAIN_SECONDS: drainSeconds().describe('how long storing the last records may take after SIGTERM, at most'),
  })
  .refine(({HOST, DASHBOARD_PASSWORD}) => isLoopback(HOST) || DASHBOARD_PASSWORD !== undefined, {
    path: ['DASHBOARD_PASSWORD'],
    message: 'is not set, and HOST lets other machines in: set it, or leave HOST out',
    when: () => true,
  })
  .refine(hasBucketKey, NO_BUCKET_KEY)
  .refine(({EXPORT_HOUR, RECORDINGS_URL}) => EXPORT_HOUR === undefined || RECORDINGS_URL !== undefined, {
    path: ['EXPORT_HOUR'],
    message: 'must have RECORDINGS_URL beside it: that is where calls are exported to',
    when: ({issues}) => issues.length === 0,
  })
  .refine(({AFTER_URL, AFTER_SECRET}) => AFTER_URL === undefined || AFTER_SECRET !== undefined, {
    path: ['AFTER_URL'],
    message: 'must have AFTER_SECRET beside it: nobody could tell that what it is told comes from here',
    // What follows from a mistake is none of its own.
    when: ({issues}) => issues.length === 0,
  })
  .refine(({OUTCOME_MODEL_URL, OUTCOME_MODEL}) => OUTCOME_MODEL_URL === undefined || OUTCOME_MODEL !== undefined, {
    path: ['OUTCOME_MODEL_URL'],
    message: 'must have OUTCOME_MODEL beside it: the name of the model to ask',
    when: ({issues}) => issues.length === 0,
  })
  .refine(({BROWSER_PHONE, PUBLIC_WEBHOOK_URL}) => !BROWSER_PHONE || PUBLIC_WEBHOOK_URL !== undefined, {
    path: ['BROWSER_PHONE'],
    message: 'must have PUBLIC_WEBHOOK_URL beside it',
    when: ({issues}) => issues.length === 0,
  });
export type AnalyticsEnv = z.infer<typeof AnalyticsEnv>;
