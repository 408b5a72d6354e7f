import {z} from 'zod';
import {drainSeconds, logLevel, port, tracesEndpoint, wholeNumber} from '@voicebridge/shared/config/config.ts';
import {captureSettings} from '@voicebridge/shared/capture/capture-settings.ts';
import {metricsSettings} from '@voicebridge/shared/config/metrics-settings.ts';
import {fleetSettings} from '@voicebridge/shared/fleet/fleet-settings.ts';
import {hasBucketKey, NO_BUCKET_KEY, RECORDINGS_ENV} from '@voicebridge/shared/recordings/recordings-url.ts';
import {redisUrls} from '@voicebridge/shared/config/server-urls.ts';
import {edgeUrl, hasProof, NO_PROOF, twilioSettings} from '@voicebridge/shared/config/twilio-settings.ts';

/** Everything that can be set on an edge. Secrets are never printed. */
export const EdgeEnv = z
  .object({
    PORT: port().default(5051).describe('where Twilio opens its sockets, and /livez and /readyz answer'),
    ...metricsSettings,
    PUBLIC_EDGE_URL: edgeUrl().describe(
      'the public origin of this edge, wss://… in production: Twilio connects to it and signs it',
    ),
    ...twilioSettings,
    ...fleetSettings,
    REDIS_URL: redisUrls().describe(
      'carries frames to the workers: redis:// or rediss://, several comma-separated for a Redis Cluster',
    ),
    MAX_CALLS: wholeNumber({min: 1, max: 100_000}).default(400).describe('how many calls this edge holds at most'),
    ...captureSettings,
    ...RECORDINGS_ENV,
    DRAIN_SECONDS: drainSeconds().describe('how long a call may stay on this edge after SIGTERM, at most'),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: logLevel(),
  })
  .refine(hasProof, NO_PROOF)
  // Only captures go there: an edge without them needs no key.
  .refine(config => config.CAPTURE === 'off' || hasBucketKey(config), NO_BUCKET_KEY);

export type EdgeConfig = Readonly<z.infer<typeof EdgeEnv>>;
