import {z} from 'zod';
import {onOff, port, tracesEndpoint, urlOf, wholeNumber} from '@voicebridge/shared/config.ts';

/** Everything that can be set on an edge. Secrets are never printed, by `loadConfig` or anybody else. */
export const EdgeEnv = z
  .object({
    PORT: port().default(5051).describe('where Twilio opens its sockets, and /livez, /readyz and /metrics answer'),
    PUBLIC_EDGE_URL: urlOf('ws', 'wss').describe(
      'the public origin of this very edge, wss://… in production: Twilio is told to connect to it, and signs it',
    ),
    TWILIO_AUTH_TOKEN: z
      .string()
      .transform(text =>
        text
          .split(',')
          .map(token => token.trim())
          .filter(token => token !== ''),
      )
      .default([])
      .describe('checks the signature of every socket; several, comma-separated, while you rotate them'),
    TWILIO_VALIDATE: onOff()
      .default(true)
      .describe('on or off; off takes sockets that nobody signed, for trying things out on your own machine'),
    REDIS_URL: z
      .string()
      .describe('carries frames to the workers: redis:// or rediss://, several comma-separated for a Redis Cluster'),
    MAX_CALLS: wholeNumber().default(400).describe('how many calls this edge holds at most'),
    DRAIN_SECONDS: wholeNumber().default(60).describe('how long a call may stay on this edge after SIGTERM, at most'),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('how much this process logs'),
  })
  .refine(env => !env.TWILIO_VALIDATE || env.TWILIO_AUTH_TOKEN.length > 0, {
    path: ['TWILIO_AUTH_TOKEN'],
    message: 'is not set; without it only TWILIO_VALIDATE=off can take sockets',
    // Said together with everything else that is wrong.
    when: ({value}) => isRecord(value) && Array.isArray(value['TWILIO_AUTH_TOKEN']),
  });

export type EdgeConfig = Readonly<z.infer<typeof EdgeEnv>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
