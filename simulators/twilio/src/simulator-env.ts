import {onOff, port, wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';

const seconds = () =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of seconds')
    .transform(Number);

/** What a fake Twilio in a process of its own can be told. */
export const SimulatorEnv = z.object({
  WEBHOOK_URL: z
    .url()
    .describe('what the phone number is configured with, for instance http://127.0.0.1:5050/incoming-call'),
  FALLBACK_URL: z.url().optional().describe('asked when the webhook fails'),
  STATUS_CALLBACK_URL: z.url().optional().describe('told when a call has completed'),
  TWILIO_AUTH_TOKEN: z.string().describe('signs requests and upgrades'),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'must be AC and 32 hexadecimal digits')
    .optional()
    .describe('the account of the calls; a new one if not set'),
  ALLOW_WS: onOff()
    .default(false)
    .describe(
      'on: streams may be ws: elsewhere than on loopback, where a network of containers stands for the internet',
    ),
  CALLS: wholeNumber().default(1).describe('how many callers'),
  RAMP_SECONDS: seconds().default(0).describe('the time over which they call'),
  SECONDS: seconds().default(30).describe('how long each caller stays'),
  NETWORK_DELAY_MS: wholeNumber().default(0).describe('one way between Twilio and the edge'),
  NETWORK_JITTER_MS: wholeNumber().default(0).describe('around that delay'),
  REST_PORT: port().default(0).describe('the REST API on loopback'),
  INTERRUPT: onOff().default(true).describe('whether callers talk over the assistant'),
  SPEAKS_FIRST: onOff().default(false).describe('whether callers speak before anybody greets them'),
  FROM: z.string().optional().describe('who calls, instead of numbers drawn at random: +15550100001, Anonymous, sip:…'),
  IDS: z
    .enum(['twilio', 'own'], 'must be twilio or own')
    .default('twilio')
    .describe('own: identifiers as clients that are not Twilio make them up; needs TWILIO_VALIDATE=off'),
  RECORD_DIR: z.string().optional().describe('a folder for a WAV file and a JSON report of each call'),
  SEED: wholeNumber().optional().describe('repeats the jitter of an earlier run'),
});

export type SimulatorEnv = z.infer<typeof SimulatorEnv>;
