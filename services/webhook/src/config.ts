import {z} from 'zod';
import {apiTokens} from '@voicebridge/shared/config/api-tokens.ts';
import {
  choice,
  drainSeconds,
  guardedUrl,
  logLevel,
  phrase,
  port,
  text,
  tracesEndpoint,
  urlOf,
  wholeNumber,
} from '@voicebridge/shared/config/config.ts';
import {metricsSettings} from '@voicebridge/shared/config/metrics-settings.ts';
import {fleetSettings} from '@voicebridge/shared/fleet/fleet-settings.ts';
import {spendSettings} from '@voicebridge/shared/spend/spend-settings.ts';
import {redisUrls} from '@voicebridge/shared/config/server-urls.ts';
import {readQuietHours} from './calls-out/quiet-hours.ts';
import {callAllow, isDialable, TRANSFER_ALLOW_MEANS, transferAllow} from '@voicebridge/shared/protocol/destinations.ts';
import {edgeUrl, hasProof, NO_PROOF, twilioSettings} from '@voicebridge/shared/config/twilio-settings.ts';

/** Checks a rule between variables even if another variable is wrong, so that all problems are named at once. */
const when = () => true;

/** The routes that Twilio asks, below the public origin. */
const ROUTES = /\/(incoming-call|after-stream|whisper|waiting|music|call-status|person-status|stream-status)$/;

/** Everything that can be set on a webhook. Secrets are never printed. */
export const WebhookEnv = z
  .object({
    PORT: port().default(5050).describe('where Twilio asks what to do, and /livez and /readyz answer'),
    ...metricsSettings,
    PUBLIC_WEBHOOK_URL: guardedUrl('http')
      .refine(url => !ROUTES.test(url), 'must not end in /incoming-call or another path of ours: it is added')
      .describe(
        'the public origin of this service, https://… in production: what you pasted into Twilio, without /incoming-call',
      ),
    PUBLIC_EDGE_URL: edgeUrl().describe(
      'where Twilio connects to, wss://… in production, as long as no edge has announced a public origin of its own',
    ),
    EDGE_ORIGINS: z
      .string()
      .transform(text => text.split(',').flatMap(one => one.trim() || []))
      .pipe(z.array(edgeUrl()))
      .default([])
      .describe(
        'the public origins of edges, comma-separated, if they are not on the host of PUBLIC_EDGE_URL or below it; not needed with FLEET_KEY, which tells our edges from others',
      ),
    ...twilioSettings,
    TWILIO_ACCOUNT_SID: z
      .string()
      .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits')
      .optional()
      .describe('the account that owns the calls; required for everything that uses Twilio’s REST API'),
    ...fleetSettings,
    REDIS_URL: redisUrls().describe(
      'the directory of processes and calls: redis:// or rediss://, several comma-separated for a Cluster',
    ),
    WELCOME_SAY: text(4_000)
      .optional()
      .describe('spoken by Twilio before the assistant can hear; it delays the assistant, so leave it out if you can'),
    OVERLOAD: choice('say', 'hold', 'dial', 'redirect')
      .default('say')
      .describe(
        'what callers get when all workers are full: a sentence (say), a queue (hold), another number (dial) or other TwiML (redirect)',
      ),
    OVERLOAD_SAY: text(4_000)
      .default('All our lines are busy at the moment. Please call again in a few minutes.')
      .describe('the sentence for OVERLOAD=say, and at the start of OVERLOAD=hold'),
    OVERLOAD_TARGET: text(2_000)
      .optional()
      .describe(
        'for OVERLOAD=dial a number in E.164 form, sip:… or client:…; for OVERLOAD=redirect a URL that answers TwiML',
      ),
    OVERLOAD_HOLD_SECONDS: wholeNumber({min: 1, max: 60})
      .default(5)
      .describe('with OVERLOAD=hold: how many seconds between two attempts'),
    CALLS_PER_CALLER: wholeNumber({max: 100_000})
      .default(20)
      .describe(
        'how many concurrent calls may come from one number; the telephone system of a company may have only one; 0: no limit',
      ),
    CALLS_WITHHELD: wholeNumber({max: 100_000})
      .default(100)
      .describe(
        'how many concurrent calls may come from callers who withhold their number, all of them together; 0: no limit',
      ),
    CALLS_PER_NUMBER: wholeNumber({max: 100_000})
      .default(0)
      .describe('how many concurrent calls one of your numbers takes; 0: no limit'),
    ...spendSettings,
    LIMIT_SAY: text(4_000)
      .default('I am sorry, we cannot take your call at the moment. Please call again later.')
      .describe('what Twilio says to a caller whose call is refused because a limit is reached'),
    LIMIT_END_SAY: text(4_000)
      .default('I am sorry, this call has reached its limit and ends now. Goodbye.')
      .describe('what Twilio says to a caller whose call ends because a spending limit (SPEND_…) is reached'),
    NUMBERS: choice('hashed', 'full')
      .default('hashed')
      .describe('what a record keeps of telephone numbers: a keyed hash and the last two digits, or the number too'),
    NUMBER_HASH_KEY: phrase(16)
      .optional()
      .describe('the secret key for the hashes of telephone numbers; not set: no hash'),
    MAX_ATTEMPTS: wholeNumber({max: 100})
      .default(3)
      .describe(
        'how many times in a row the stream of a call is reopened after an unexpected disconnect, once a second and for at least 8 s; the counter resets when a stream has lasted a minute',
      ),
    DRAIN_SECONDS: drainSeconds().describe('how long a request in progress may take after SIGTERM, at most'),
    MODEL_BUSY_SAY: text(200)
      .default('One moment, please. I will be right back with you.')
      .describe('what Twilio says while the model is rate-limited for longer than a few seconds'),
    MODEL_DOWN_SAY: text(4_000)
      .default('I am sorry, the assistant cannot speak at the moment. Please call again later.')
      .describe(
        'what Twilio says when the model refuses the key, the quota is used up, or the model cannot be reached',
      ),
    MODEL_DOWN_TARGET: text(2_000)
      .optional()
      .describe('where the caller is sent after that sentence: a number in E.164 form, sip:… or client:…'),
    TRANSFER_ALLOW: transferAllow().describe(TRANSFER_ALLOW_MEANS),
    API_TOKENS: apiTokens()
      .default([])
      .describe(
        'which programs may have calls made, each with a token of the scope call: npm run api-token prints an entry',
      ),
    CALL_ALLOW: callAllow().describe(
      'which numbers programs may call, comma-separated: +4722334455, +47* for all numbers that begin so; not set: nobody',
    ),
    CALL_FROM: z
      .string()
      .transform(text => text.split(',').flatMap(one => one.trim() || []))
      .refine(all => all.every(one => /^\+[1-9]\d{6,14}$/.test(one)), 'must be numbers such as +4722334455')
      .default([])
      .describe('your numbers that calls are made from, comma-separated; the first is used if none is asked for'),
    CALLS_OUT_PER_SECOND: z
      .string()
      .regex(/^\d{1,3}(\.\d{1,2})?$/, 'must be a number from 0.01 to 100')
      .transform(Number)
      .refine(value => value >= 0.01 && value <= 100, 'must be a number from 0.01 to 100')
      .default(1)
      .describe('how many outbound calls all webhooks together start per second: what Twilio allows your account'),
    CALLS_OUT_AT_ONCE: wholeNumber({min: 1, max: 100_000})
      .default(10)
      .describe('how many outbound calls may ring or be in progress at the same time'),
    QUIET_HOURS: z
      .string()
      .transform((text, context) => {
        if (text === 'off') return null;
        const hours = readQuietHours(text);
        if (hours) return hours;
        context.addIssue('must be off, or hours such as 20:00-08:00');
        return z.NEVER;
      })
      .prefault('20:00-08:00')
      .describe('when nobody is called, in the time zone of the person who would be called; off: at any time'),
    WEBHOOK_RETRIES: wholeNumber({max: 5})
      .default(2)
      .describe(
        'how often Twilio asks again after any failure of a webhook, at the addresses that we give it; 0: only if it cannot connect, and once',
      ),
    TWILIO_API_URL: guardedUrl('http')
      .default('https://api.twilio.com')
      .describe('Twilio’s REST API, which makes calls'),
    QUEUE_REDIS_URL: redisUrls()
      .optional()
      .describe('another Redis for the queue of outbound calls; REDIS_URL if not set'),
    TRANSFER_MAX_SECONDS: wholeNumber({min: 1, max: 86_400})
      .default(3_600)
      .describe('the longest conversation after a transfer; then Twilio ends it'),
    HOLD_MUSIC_URL: urlOf('http', 'https')
      .default('http://com.twilio.music.classical.s3.amazonaws.com/BusyStrings.mp3')
      .describe('what a caller hears while a person is called for a warm transfer: a public MP3 or WAV, repeated'),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: logLevel(),
  })
  .refine(hasProof, NO_PROOF)
  .refine(
    env =>
      (env.CALL_ALLOW ?? []).length === 0 ||
      (env.TWILIO_ACCOUNT_SID !== undefined &&
        (env.CALL_FROM ?? []).length > 0 &&
        (env.TWILIO_AUTH_TOKEN ?? []).length > 0),
    {
      when,
      path: ['CALL_ALLOW'],
      message: 'must have TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and CALL_FROM beside it: they make the calls',
    },
  )
  .refine(env => env.OVERLOAD !== 'dial' || isDialable(env.OVERLOAD_TARGET ?? ''), {
    when,
    path: ['OVERLOAD_TARGET'],
    message: 'must be a number such as +15550100, sip:… or client:… for OVERLOAD=dial',
  })
  .refine(env => env.MODEL_DOWN_TARGET === undefined || isDialable(env.MODEL_DOWN_TARGET), {
    when,
    path: ['MODEL_DOWN_TARGET'],
    message: 'must be a number such as +15550100, sip:… or client:…',
  })
  .refine(env => env.OVERLOAD !== 'redirect' || /^https?:\/\/\S+$/.test(env.OVERLOAD_TARGET ?? ''), {
    when,
    path: ['OVERLOAD_TARGET'],
    message: 'must be an http:// or https:// URL for OVERLOAD=redirect',
  });

export type WebhookConfig = Readonly<z.infer<typeof WebhookEnv>>;
