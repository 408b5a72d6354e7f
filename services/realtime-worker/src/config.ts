import {z} from 'zod';
import {
  choice,
  dollars,
  drainSeconds,
  guardedUrl,
  host,
  logLevel,
  modelName,
  onOff,
  phrase,
  port,
  secret,
  text,
  tracesEndpoint,
  wholeNumber,
} from '@voicebridge/shared/config/config.ts';
import {RECORDINGS_ENV, hasBucketKey, NO_BUCKET_KEY} from '@voicebridge/shared/recordings/recordings-url.ts';
import {captureSettings} from '@voicebridge/shared/capture/capture-settings.ts';
import {metricsSettings} from '@voicebridge/shared/config/metrics-settings.ts';
import {fleetSettings} from '@voicebridge/shared/fleet/fleet-settings.ts';
import {MICROS_PER_USD, type SpendLimits} from '@voicebridge/shared/spend/limits.ts';
import {limitsOfDay, spendSettings} from '@voicebridge/shared/spend/spend-settings.ts';
import {redisUrls} from '@voicebridge/shared/config/server-urls.ts';
import {TRANSFER_ALLOW_MEANS, transferAllow} from '@voicebridge/shared/protocol/destinations.ts';
import {USUAL_SERVER} from '@voicebridge/assistant/resolve.ts';
import type {CallsApi} from './tools/schedule-callback.ts';
import type {ResolvedAssistant} from '@voicebridge/assistant/resolved.ts';

const PERSONA =
  'You are a warm and capable assistant on the telephone. Speak the language the caller speaks. Keep answers to two or three short sentences, never read out lists or links, and ask one question at a time. If you did not understand, say so.';
const GREETING = 'Say hello and ask how you can help.';

/** Everything that can be set on a worker. */
export const WorkerEnv = z
  .object({
    OPENAI_API_KEY: secret().describe('the model’s key, from https://platform.openai.com/api-keys'),
    OPENAI_REALTIME_URL: guardedUrl('ws')
      .default('wss://api.openai.com/v1/realtime')
      .describe('any server of the OpenAI Realtime protocol; ?model= is appended'),
    OPENAI_AUDIO: choice('pcmu', 'pcm')
      .default('pcmu')
      .describe(
        'pcmu: the telephone’s own audio; pcm: linear audio at 24 kHz, which the worker converts, for servers that know no other',
      ),
    OPENAI_MODEL: modelName().default('gpt-realtime-2.1').describe('which model answers'),
    TRANSCRIPTION_MODEL: modelName()
      .default('gpt-realtime-whisper')
      .describe(
        'transcribes what callers say, so that a call that moves to another worker keeps those words; off: no transcription',
      ),
    SYSTEM_MESSAGE: text(100_000).default(PERSONA).describe('who the assistant is and how it speaks'),
    VOICE: modelName().default('alloy').describe('the assistant’s voice'),
    GREETING: text(10_000)
      .default(GREETING)
      .describe('what the assistant is told to say first; off: it waits for the caller'),
    ASSISTANTS_DIR: z
      .string()
      .default('assistants')
      .describe('the folder with the assistant files; if there is none, SYSTEM_MESSAGE answers all calls'),
    TRANSFER_ALLOW: transferAllow().describe(TRANSFER_ALLOW_MEANS),
    CALLS_URL: guardedUrl('http')
      .optional()
      .describe('a webhook that makes calls, such as http://webhook:5050: the tool schedule_callback asks it'),
    CALLS_TOKEN: phrase(16)
      .optional()
      .describe('a token of that webhook with the scope call, as npm run api-token prints it; needed with CALLS_URL'),
    RING_URL: guardedUrl('http')
      .optional()
      .describe(
        'gets a signed POST for each new call, and answers which assistant takes it and the values of its variables',
      ),
    RING_SECRET: phrase(16).optional().describe('signs the requests to RING_URL; required with it'),
    RING_BUDGET_MS: wholeNumber({min: 50, max: 3_000})
      .default(1_500)
      .describe('how long RING_URL and `before` may take together; after that the assistant answers without them'),
    BARGE_IN: choice('immediate', 'resume')
      .default('immediate')
      .describe('immediate: any speech stops the assistant; resume: it continues after a noise without words'),
    BARGE_IN_NOISE_MS: wholeNumber({max: 10_000})
      .default(350)
      .describe('with BARGE_IN=resume: speech shorter than this is a noise'),
    BARGE_IN_MIN_SPEECH_MS: wholeNumber({max: 10_000})
      .default(0)
      .describe('how long a caller must speak before the assistant stops'),
    GREETING_PROTECTED_MS: wholeNumber({max: 60_000})
      .default(500)
      .describe('how much of the greeting cannot be interrupted, so that line noise does not stop it'),
    IDLE_PROMPT_SECONDS: wholeNumber({max: 3_600})
      .default(0)
      .describe(
        'after this much silence the assistant asks whether the caller is still there, twice at most; 0: never',
      ),
    IDLE_HANG_UP: onOff()
      .default(true)
      .describe('on: the assistant says goodbye and hangs up when both questions of IDLE_PROMPT_SECONDS go unanswered'),
    DTMF_INTERRUPTS: onOff().default(true).describe('on: a key that the caller presses stops the assistant'),
    ANSWER_WITHIN_SECONDS: wholeNumber({min: 1, max: 300})
      .default(6)
      .describe(
        'the longest that a caller waits in silence for an answer: after half of it the model is asked again, later a new session; then the call ends with MODEL_DOWN_SAY',
      ),
    TOOL_ROUNDS: wholeNumber({min: 1, max: 1_000})
      .default(8)
      .describe('how many times in a row the model may call tools before it must speak to the caller'),
    SPEND_PER_CALL_USD: dollars()
      .default(20)
      .describe('the most that one call may cost, by the price table; then it ends with LIMIT_END_SAY; 0: no limit'),
    ...spendSettings,
    MAX_OUTPUT_TOKENS: z
      .union([z.literal('inf'), wholeNumber({min: 100, max: 4_096})], 'must be a whole number from 100 to 4096, or inf')
      .default(4_096)
      .describe(
        'the most tokens in one response; a second of speech is 20 tokens. When this limit cuts an answer off, the model is asked once to continue; inf: the limit of the model',
      ),
    MAX_CALL_SECONDS: wholeNumber({max: 86_400})
      .default(3_600)
      .describe('the longest call; the assistant says goodbye then; 0: no limit'),
    NO_SPEECH_SECONDS: wholeNumber({max: 86_400})
      .default(600)
      .describe('a call in which neither side has spoken for this long is ended; 0: never'),
    UNINTERRUPTIBLE: onOff().default(false).describe('on: the assistant always finishes what it says'),
    SESSION_ROTATE_SECONDS: wholeNumber({min: 1, max: 86_400})
      .default(3_000)
      .describe('a model session older than this is replaced between two turns; OpenAI ends one after 3600'),
    TRANSCRIPTS: choice('off', 'heard', 'full')
      .default('off')
      .describe(
        'which transcripts are kept in a call’s record; heard: the assistant’s words only as far as the caller heard them',
      ),
    RECORDING: onOff()
      .default(false)
      .describe('on: calls are recorded, where RECORDINGS_URL is set; an assistant in a file may say otherwise'),
    ...RECORDINGS_ENV,
    ...captureSettings,
    HOST: host()
      .default('127.0.0.1')
      .describe('the address to listen on: only probes ask here; in a container 0.0.0.0'),
    PORT: port().default(5052).describe('/livez and /readyz'),
    ...metricsSettings,
    REDIS_URL: redisUrls().describe(
      'carries frames, ownership and records: redis:// or rediss://, several comma-separated for a Redis Cluster',
    ),
    ...fleetSettings,
    QUEUE_REDIS_URL: redisUrls().optional().describe('another Redis for the records’ queue; REDIS_URL if not set'),
    MAX_CALLS: wholeNumber({min: 1, max: 100_000}).default(200).describe('how many calls this worker holds at most'),
    DRAIN_SECONDS: drainSeconds().describe('how long a call may stay on this worker after SIGTERM, at most'),
    SHOW_TIMING_MATH: onOff()
      .default(false)
      .describe('on: logs the arithmetic of each interruption, and why there was none'),
    LOG_MODEL_DETAILS: onOff()
      .default(false)
      .describe(
        'on: logs how the model server or a tool explains an error, which may repeat what a caller said; off: its code and the length',
      ),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracesEndpoint(),
    LOG_LEVEL: logLevel(),
  })
  .refine(hasBucketKey, NO_BUCKET_KEY);

export type WorkerConfig = Readonly<z.infer<typeof WorkerEnv>>;

/** `off` in a variable that holds text. */
export function unlessOff(text: string): string {
  return text === 'off' ? '' : text;
}

/** What calls may cost. */
export function spendLimits(config: WorkerConfig): SpendLimits {
  return {call: Math.round(config.SPEND_PER_CALL_USD * MICROS_PER_USD), ...limitsOfDay(config)};
}

/** What makes calls back; undefined: nothing does. */
export function callsApiOf({CALLS_URL: url, CALLS_TOKEN: token}: WorkerConfig): CallsApi | undefined {
  return url === undefined || token === undefined ? undefined : {url, token};
}

/** The assistant that the environment describes: that of callers for whom there is no file. */
export function standardAssistant(config: WorkerConfig): ResolvedAssistant {
  return {
    name: 'default',
    model: config.OPENAI_MODEL,
    instructions: config.SYSTEM_MESSAGE,
    voice: config.VOICE,
    language: null,
    temperature: null,
    reasoningEffort: null,
    noiseReduction: null,
    turnDetection: USUAL_SERVER,
    greeting: unlessOff(config.GREETING),
    idlePromptMs: config.IDLE_PROMPT_SECONDS * 1_000,
    idleHangUp: config.IDLE_HANG_UP,
    answerWithinMs: config.ANSWER_WITHIN_SECONDS * 1_000,
    maxCallMs: config.MAX_CALL_SECONDS * 1_000,
    noSpeechMs: config.NO_SPEECH_SECONDS * 1_000,
    toolRounds: config.TOOL_ROUNDS,
    maxOutputTokens: config.MAX_OUTPUT_TOKENS,
    digitsInterrupt: config.DTMF_INTERRUPTS,
    floor: {
      mode: config.BARGE_IN,
      minSpeechMs: config.BARGE_IN_MIN_SPEECH_MS,
      noiseMs: config.BARGE_IN_NOISE_MS,
      greetingProtectedMs: config.GREETING_PROTECTED_MS,
      uninterruptible: config.UNINTERRUPTIBLE,
    },
    recording: config.RECORDING,
    transcripts: config.TRANSCRIPTS,
    voicemail: 'hang-up',
    failureSay: null,
    timeZone: 'UTC',
    after: null,
    outcome: {},
    variables: {},
  };
}
