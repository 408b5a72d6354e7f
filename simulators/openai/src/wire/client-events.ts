import {readFileSync} from 'node:fs';
import {isRecord, missing, notSupported, SchemaChecker, textIn, type Schema} from '../json/json-schema.ts';
import {refusal, type Refusal} from '../json/refusal.ts';

/** What a client says, once it was found to be well formed. */
export type ClientEvent = Readonly<Record<string, unknown>> & {readonly type: ClientEventType};

/** The events that a WebSocket session takes, and their names in the published schema. */
const DEFINITIONS = {
  'session.update': 'RealtimeClientEventSessionUpdate',
  'input_audio_buffer.append': 'RealtimeClientEventInputAudioBufferAppend',
  'input_audio_buffer.commit': 'RealtimeClientEventInputAudioBufferCommit',
  'input_audio_buffer.clear': 'RealtimeClientEventInputAudioBufferClear',
  'conversation.item.create': 'RealtimeClientEventConversationItemCreate',
  'conversation.item.truncate': 'RealtimeClientEventConversationItemTruncate',
  'conversation.item.delete': 'RealtimeClientEventConversationItemDelete',
  'conversation.item.retrieve': 'RealtimeClientEventConversationItemRetrieve',
  'response.create': 'RealtimeClientEventResponseCreate',
  'response.cancel': 'RealtimeClientEventResponseCancel',
} as const;

export type ClientEventType = keyof typeof DEFINITIONS;

/** 15 MiB of base64 in one append. */
const MOST_AUDIO = 15 * 1024 * 1024;

/** The published schema of the protocol (see `$comment` inside). */
export const protocolSchema: Schema = JSON.parse(
  readFileSync(new URL('../../realtime.schema.json', import.meta.url), 'utf8'),
);

const checker = new SchemaChecker(protocolSchema, {closed: true});

export type Read =
  | {readonly ok: true; readonly event: ClientEvent}
  | {readonly ok: false; readonly refusal: Refusal; readonly eventId: unknown; readonly type: string};

/** Text from a client becomes an event here, or an error in the words of the real service. */
export function readClientEvent(text: string): Read {
  const parsed = parse(text);
  if (!isRecord(parsed)) return bad(refusal('invalid_event', 'The event is not a valid JSON object.'), null, '?');
  const {type, event_id: eventId} = parsed;
  if (type === undefined) return bad(missingType(), eventId, '?');
  if (!isClientEventType(type)) return bad(notSupported(type, Object.keys(DEFINITIONS), 'type'), eventId, textIn(type));
  const event = {...parsed, type};
  const problem = type === 'input_audio_buffer.append' ? appendProblem(parsed) : eventProblem(event);
  return problem ? bad(problem, eventId, type) : {ok: true, event};
}

function bad(why: Refusal, eventId: unknown, type: string): Read {
  return {ok: false, refusal: why, eventId, type};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isClientEventType(type: unknown): type is ClientEventType {
  return typeof type === 'string' && Object.hasOwn(DEFINITIONS, type);
}

function missingType(): Refusal {
  return refusal('invalid_event', "Missing required parameter: 'type'.", 'type');
}

function eventProblem(event: ClientEvent): Refusal | undefined {
  // Recorded clients may leave out `session.type` in no update, not even in one of a single field.
  if (event.type === 'session.update' && isRecord(event['session']) && event['session']['type'] === undefined) {
    return missing('session.type');
  }
  return checker.problem(checker.definition(DEFINITIONS[event.type]), event);
}

/** Fifty a second and session: checked by hand. */
function appendProblem(event: Record<string, unknown>): Refusal | undefined {
  const {audio} = event;
  for (const key in event) {
    if (key !== 'type' && key !== 'audio' && key !== 'event_id') {
      return refusal('unknown_parameter', `Unknown parameter: '${key}'.`, key);
    }
  }
  if (audio === undefined) return missing('audio');
  if (typeof audio !== 'string')
    return refusal('invalid_type', "Invalid type for 'audio': expected a string.", 'audio');
  if (audio.length > MOST_AUDIO)
    return refusal('string_above_max_length', "Invalid 'audio': string too long.", 'audio');
  return undefined;
}

/** The alphabet of RFC 4648 with its padding: neither the one for URLs nor line breaks. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of an append, or nothing if the text is not base64. */
export function readAudio(base64: string): Buffer | undefined {
  return BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
