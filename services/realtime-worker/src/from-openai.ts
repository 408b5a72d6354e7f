import type {Tokens} from '@voicebridge/shared/call-record.ts';
import {z} from 'zod';
import type {LostCause, ModelEvent} from './model-adapter.ts';
import {CONFIGURE, PREFIX_PADDING_MS, SILENCE_MS} from './to-openai.ts';

const error = z.object({
  type: z.string().nullish(),
  code: z.string().nullish(),
  message: z.string().default(''),
  event_id: z.string().nullish(),
});
/** Tokens. What is no count is none: money is estimated, a response ends. */
const count = z.number().nonnegative().transform(Math.round).catch(0);
const kinds = z.object({text_tokens: count, audio_tokens: count}).partial().nullish().catch(undefined);
const usage = z.object({
  input_token_details: z
    .object({text_tokens: count, audio_tokens: count, cached_tokens: count, cached_tokens_details: kinds})
    .partial()
    .nullish()
    .catch(undefined),
  output_token_details: kinds,
});
const format = z.object({type: z.string()}).nullish();
const input = z.object({format}).nullish();
const itemId = z.string();

/**
 * The server events we react to (OpenAI Realtime, GA). Everything else is skipped: the service adds events and fields
 * every month. Some servers of the same protocol send `status_details` as text.
 */
const schemas = {
  'session.created': z.object({}),
  'session.updated': z.object({
    session: z.object({audio: z.object({input, output: input}).nullish()}),
  }),
  error: z.object({error}),
  'input_audio_buffer.speech_started': z.object({item_id: itemId, audio_start_ms: z.number()}),
  'input_audio_buffer.speech_stopped': z.object({item_id: itemId, audio_end_ms: z.number()}),
  'input_audio_buffer.committed': z.object({item_id: itemId}),
  'conversation.item.added': z.object({item: z.object({id: itemId})}),
  'conversation.item.input_audio_transcription.completed': z.object({item_id: itemId, transcript: z.string()}),
  'response.created': z.object({
    response: z.object({id: z.string(), metadata: z.record(z.string(), z.unknown()).nullish()}),
  }),
  'response.output_audio.done': z.object({item_id: itemId}),
  'response.output_audio_transcript.delta': z.object({response_id: z.string(), item_id: itemId, delta: z.string()}),
  'response.output_audio_transcript.done': z.object({response_id: z.string(), item_id: itemId, transcript: z.string()}),
  'response.function_call_arguments.done': z.object({
    response_id: z.string(),
    item_id: itemId,
    call_id: z.string(),
    name: z.string().optional(),
    arguments: z.string(),
  }),
  'response.output_item.done': z.object({
    response_id: z.string(),
    item: z.object({
      id: itemId,
      type: z.string(),
      call_id: z.string().optional(),
      name: z.string().optional(),
      arguments: z.string().optional(),
    }),
  }),
  'response.done': z.object({
    response: z.object({
      id: z.string(),
      status: z.string(),
      status_details: z
        .union([z.string(), z.object({reason: z.string().nullish(), error: error.partial().nullish()})])
        .nullish(),
      usage: usage.nullish().catch(undefined),
    }),
  }),
};
type Known = typeof schemas;
type EventOf<Type extends keyof Known> = {readonly type: Type} & z.infer<Known[Type]>;
export type FromOpenAI = {[Type in keyof Known]: EventOf<Type>}[keyof Known] | OutputAudioDelta;

/** By far the most frequent and the largest: checked by hand. */
interface OutputAudioDelta {
  readonly type: 'response.output_audio.delta';
  readonly response_id: string;
  readonly item_id: string;
  readonly delta: string;
}

export type ReadOpenAI =
  | {readonly ok: true; readonly event: FromOpenAI | undefined}
  | {readonly ok: false; readonly reason: 'notJson' | 'unexpectedShape'; readonly detail: string};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A frame from the model's socket. `event` is undefined for an event we have no use for. */
export function readOpenAI(text: string): ReadOpenAI {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return {ok: false, reason: 'notJson', detail: `${text.length} characters`};
  }
  if (!isEvent(raw)) return {ok: false, reason: 'unexpectedShape', detail: 'no type'};
  if (raw.type === 'response.output_audio.delta') return readDelta(raw);
  if (!isKnown(raw.type)) return {ok: true, event: undefined};
  const result = schemas[raw.type].safeParse(raw);
  // The schema says what it is, but TypeScript cannot follow a type from a name to its schema.
  // oxlint-disable-next-line no-unsafe-type-assertion
  if (result.success) return {ok: true, event: {type: raw.type, ...result.data} as FromOpenAI};
  const issue = result.error.issues[0];
  return {ok: false, reason: 'unexpectedShape', detail: `${raw.type} ${issue?.path.join('.')}: ${issue?.message}`};
}

type AnyEvent = {readonly type: string} & Readonly<Record<string, unknown>>;

function isEvent(raw: unknown): raw is AnyEvent {
  return typeof raw === 'object' && raw !== null && 'type' in raw && typeof raw.type === 'string';
}

function isKnown(type: string): type is keyof Known {
  return Object.hasOwn(schemas, type);
}

function readDelta({response_id, item_id, delta}: AnyEvent): ReadOpenAI {
  const fine = typeof response_id === 'string' && typeof item_id === 'string' && typeof delta === 'string';
  if (!fine || delta.length % 4 !== 0 || !BASE64.test(delta)) {
    return {ok: false, reason: 'unexpectedShape', detail: 'response.output_audio.delta'};
  }
  return {ok: true, event: {type: 'response.output_audio.delta', response_id, item_id, delta}};
}

/** Codes after which another session would end the same way. */
const FATAL: Readonly<Record<string, LostCause>> = {
  insufficient_quota: 'quota',
  billing_hard_limit_reached: 'quota',
  account_deactivated: 'refused',
  invalid_api_key: 'refused',
  model_not_found: 'refused',
  beta_api_shape_disabled: 'misconfigured',
};

/** What an event means to a call. Several for a failure that also ends the session. */
export function modelEvents(event: FromOpenAI): ModelEvent[] {
  switch (event.type) {
    case 'session.created':
      return [];
    case 'session.updated': {
      const {audio} = event.session;
      const wrong = [audio?.input?.format?.type, audio?.output?.format?.type].find(
        type => type !== undefined && type !== 'audio/pcmu',
      );
      if (wrong === undefined) return [{type: 'ready'}];
      return [{type: 'lost', cause: 'misconfigured', detail: `the model answers in ${wrong} instead of audio/pcmu`}];
    }
    case 'error':
      return refusal(event.error);
    case 'input_audio_buffer.speech_started':
      return [{type: 'callerSpoke', itemId: event.item_id, fromMs: event.audio_start_ms + PREFIX_PADDING_MS}];
    case 'input_audio_buffer.speech_stopped':
      return [{type: 'callerStopped', itemId: event.item_id, untilMs: Math.max(0, event.audio_end_ms - SILENCE_MS)}];
    case 'input_audio_buffer.committed':
      return [{type: 'turnCommitted', itemId: event.item_id}];
    case 'conversation.item.added':
      return [{type: 'itemAdded', itemId: event.item.id}];
    case 'conversation.item.input_audio_transcription.completed':
      return [{type: 'callerWords', itemId: event.item_id, text: event.transcript}];
    case 'response.created': {
      const tag = event.response.metadata?.['tag'];
      return [{type: 'responseStarted', responseId: event.response.id, tag: typeof tag === 'string' ? tag : undefined}];
    }
    case 'response.output_audio.delta':
      return [{type: 'audio', responseId: event.response_id, itemId: event.item_id, payload: event.delta}];
    case 'response.output_audio.done':
      return [{type: 'audioEnded', itemId: event.item_id}];
    case 'response.output_audio_transcript.delta':
      return [words(event.response_id, event.item_id, event.delta, false)];
    case 'response.output_audio_transcript.done':
      return [words(event.response_id, event.item_id, event.transcript, true)];
    case 'response.function_call_arguments.done':
      return []; // the finished item says the same, and always with its name
    case 'response.output_item.done': {
      const {item} = event;
      if (item.type !== 'function_call' || item.call_id === undefined || item.name === undefined) return [];
      const call = {callId: item.call_id, name: item.name, arguments: item.arguments ?? ''};
      return [{type: 'toolCalled', responseId: event.response_id, itemId: item.id, ...call}];
    }
    case 'response.done':
      return responseDone(event.response);
    default:
      return event satisfies never;
  }
}

function words(responseId: string, id: string, text: string, whole: boolean): ModelEvent {
  return {type: 'words', responseId, itemId: id, text, whole};
}

/** What it says of a cut beyond the audio it has; there is no other way to learn how much that is. */
const SHORTER = /^Audio content of (\d+)ms is already shorter than/;

function refusal({code, type, message, event_id}: z.infer<typeof error>): ModelEvent[] {
  const known = code ?? type ?? 'unknown';
  const fatal = FATAL[known];
  if (fatal) return [{type: 'lost', cause: fatal, detail: message}];
  if (known === 'session_expired') return [{type: 'lost', cause: 'expired', detail: message}];
  if (event_id === CONFIGURE) return [{type: 'lost', cause: 'misconfigured', detail: `${known}: ${message}`}];
  const [, holds] = SHORTER.exec(message) ?? [];
  const holdsMs = holds === undefined ? undefined : Number(holds);
  return [{type: 'refused', code: known, message, about: event_id ?? undefined, holdsMs}];
}

function responseDone(response: EventOf<'response.done'>['response']): ModelEvent[] {
  const {id, status, status_details: details} = response;
  const reason = typeof details === 'string' ? details : (details?.error?.code ?? details?.reason ?? undefined);
  const known = status === 'completed' || status === 'cancelled' || status === 'incomplete' ? status : 'failed';
  const tokens = tokensOf(response.usage);
  const ended: ModelEvent = {type: 'responseEnded', responseId: id, status: known, reason, tokens};
  const fatal = known === 'failed' && reason !== undefined ? FATAL[reason] : undefined;
  return fatal ? [ended, {type: 'lost', cause: fatal, detail: reason ?? ''}] : [ended];
}

function tokensOf(used: z.infer<typeof usage> | null | undefined): Tokens | undefined {
  if (!used) return undefined;
  const into = used.input_token_details;
  const cached = into?.cached_tokens_details;
  const out = used.output_token_details;
  const inputCachedText = cached?.text_tokens ?? 0;
  const inputCachedAudio = cached?.audio_tokens ?? 0;
  return {
    inputText: into?.text_tokens ?? 0,
    inputAudio: into?.audio_tokens ?? 0,
    inputCached: into?.cached_tokens ?? inputCachedText + inputCachedAudio,
    inputCachedText,
    inputCachedAudio,
    outputText: out?.text_tokens ?? 0,
    outputAudio: out?.audio_tokens ?? 0,
  };
}
