import type {Given} from '@voicebridge/shared/config/given.ts';
import type {z} from 'zod';
import {AnalyticsEnv} from '../../services/analytics/src/config.ts';
import type {TextModel} from '../../services/analytics/src/outcomes/ask-model.ts';
import {EdgeEnv} from '../../services/media-edge/src/config.ts';
import {WorkerEnv, type WorkerConfig} from '../../services/realtime-worker/src/config.ts';
import {WebhookEnv} from '../../services/webhook/src/config.ts';
import {StartEnv} from '../start/start-env.ts';

/** What the checks need of the settings. A value that is wrong counts as not set here: it is reported once, separately. */
export interface DoctorSettings {
  readonly redisUrl: string | undefined;
  readonly queueRedisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Of the webhook and of the edges; undefined if Twilio cannot reach this system. */
  readonly webhookUrl: string | undefined;
  readonly edgeUrl: string | undefined;
  /** Twilio's tokens, the valid one among them. */
  readonly tokens: readonly string[];
  readonly accountSid: string | undefined;
  readonly number: string | undefined;
  readonly twilioApi: string;
  /** The folder with the files of assistants. */
  readonly assistants: string;
  /** Whether workers know a webhook that makes calls, and whether ours has somebody to call. */
  readonly callsOut: {readonly isKnown: boolean; readonly isAllowed: boolean};
  /** Where callers may be sent whom a variable or the model sends on. */
  readonly transferAllow: readonly string[];
  /** Undefined without a key. */
  readonly worker: WorkerConfig | undefined;
  /** Undefined: no model fills in outcomes. */
  readonly outcomeModel: TextModel | undefined;
  /** Calls of one edge and of one worker. */
  readonly maxCalls: {readonly edge: number; readonly worker: number};
}

export function doctorSettings({values}: Given): DoctorSettings {
  const read = <Field extends z.ZodType>(field: Field, name: string): z.infer<Field> | undefined =>
    field.safeParse(values[name]).data;
  const {shape: webhook} = WebhookEnv;
  const {shape: analytics} = AnalyticsEnv;
  const outcomeUrl = read(analytics.OUTCOME_MODEL_URL, 'OUTCOME_MODEL_URL');
  const outcomeName = read(analytics.OUTCOME_MODEL, 'OUTCOME_MODEL');
  const webhookUrl = read(webhook.PUBLIC_WEBHOOK_URL, 'PUBLIC_WEBHOOK_URL');
  const edgeUrl = read(EdgeEnv.shape.PUBLIC_EDGE_URL, 'PUBLIC_EDGE_URL');
  const redisUrl = values['VOICEBRIDGE_REDIS'] ? undefined : read(WorkerEnv.shape.REDIS_URL, 'REDIS_URL');
  return {
    redisUrl,
    queueRedisUrl: read(WorkerEnv.shape.QUEUE_REDIS_URL, 'QUEUE_REDIS_URL'),
    databaseUrl: read(AnalyticsEnv.shape.DATABASE_URL, 'DATABASE_URL'),
    dataDir: read(AnalyticsEnv.shape.DATA_DIR, 'DATA_DIR') ?? '.',
    webhookUrl,
    // One public address: the edges are behind it too.
    edgeUrl: edgeUrl ?? webhookUrl?.replace(/^http/, 'ws'),
    tokens: read(webhook.TWILIO_AUTH_TOKEN, 'TWILIO_AUTH_TOKEN') ?? [],
    accountSid: read(webhook.TWILIO_ACCOUNT_SID, 'TWILIO_ACCOUNT_SID'),
    number: read(StartEnv.shape.TWILIO_NUMBER, 'TWILIO_NUMBER'),
    twilioApi: read(StartEnv.shape.TWILIO_API_URL, 'TWILIO_API_URL') ?? 'https://api.twilio.com',
    assistants: read(WorkerEnv.shape.ASSISTANTS_DIR, 'ASSISTANTS_DIR') ?? 'assistants',
    callsOut: {
      isKnown:
        read(WorkerEnv.shape.CALLS_URL, 'CALLS_URL') !== undefined &&
        read(WorkerEnv.shape.CALLS_TOKEN, 'CALLS_TOKEN') !== undefined,
      isAllowed: (read(webhook.CALL_ALLOW, 'CALL_ALLOW') ?? []).length > 0,
    },
    transferAllow: read(webhook.TRANSFER_ALLOW, 'TRANSFER_ALLOW') ?? [],
    worker: WorkerEnv.safeParse({
      ...values,
      REDIS_URL: redisUrl ?? 'redis://127.0.0.1',
      PORT: undefined,
      HOST: undefined,
    }).data,
    outcomeModel:
      outcomeUrl === undefined || outcomeName === undefined
        ? undefined
        : {url: outcomeUrl, model: outcomeName, key: read(analytics.OUTCOME_MODEL_KEY, 'OUTCOME_MODEL_KEY')},
    maxCalls: {
      edge: read(EdgeEnv.shape.MAX_CALLS, 'MAX_CALLS') ?? 0,
      worker: read(WorkerEnv.shape.MAX_CALLS, 'MAX_CALLS') ?? 0,
    },
  };
}
