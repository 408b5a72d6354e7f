import {USUAL_SERVER} from '@voicebridge/assistant/resolve.ts';
import type {TurnDetection} from '@voicebridge/assistant/resolved.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {isWithin, MANY_FACTS} from '@voicebridge/shared/protocol/json-bounds.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {audioDelta, mendedBase64} from './audio-delta.ts';
import {CallerItems} from './caller-items.ts';
import {EventFields} from './event-fields.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import {HostedCalls} from './hosted-calls.ts';
import {LinearAudioCheck} from './linear-audio.ts';
import type {ModelEvent} from '../model-adapter.ts';
import {tokensOf} from './openai-usage.ts';
import {audioProblem, type SessionAudio} from './session-audio.ts';
import {causeOf, detailsOf, refusal, waitOf} from './server-errors.ts';

/** What one message of the model's server says. */
export interface Reading {
  /** Its events, in order. */
  readonly events: readonly ModelEvent[];
  /** The server has opened the session and waits for its configuration. */
  readonly opens?: true;
  /** What could not be read and was guessed or left out. */
  readonly problem?: {readonly event: string; readonly detail: string};
}

const REMEMBERED = 16;
/** Answers that may begin before one ends: a model has one in progress, and none has more than a few. */
const BEGUN_AT_MOST = 100;

/** A minute of audio in the largest format (linear, 24 kHz) as base64: a server that does not stream sends a whole answer in one event. */
const AUDIO_AT_MOST = 3_840_000;
/** Six seconds of it: longer audio goes on in pieces, because Redis and edges pass on what comes in one piece without a pause. */
const PIECE = 64_000;

/** The message with which a session is ready, wherever its type stands before the session itself. */
const READY = /^\{(?:"event_id":"[\w-]{1,64}",)?"type":"session\.updated"/;
const SPEAKS_LINEAR = 'the model answers in linear audio though it was asked for audio/pcmu: set OPENAI_AUDIO=pcm';

/** Events of the beta protocol only, which OpenAI ended in May 2026. Its sessions are configured differently. */
const RETIRED = new Set([
  'response.audio.delta',
  'response.audio.done',
  'response.audio_transcript.delta',
  'response.audio_transcript.done',
  'response.text.delta',
  'response.text.done',
]);

/**
 * Reads what a server of the OpenAI Realtime protocol (GA) sends in one session. It is tolerant: a field that is
 * missing or of another type gets a default, most often from the events before it; what cannot be guessed is left out.
 * Unknown events and fields are skipped, because the service adds some every month.
 */
export class OpenAIReader {
  #response: string | undefined;
  /** The last few responses whose beginning was reported. */
  readonly #created = new Set<string>();
  #item: string | undefined;
  readonly #callerItems = new CallerItems();
  #unnamed = 0;
  /** Since one ended. */
  #begun = 0;
  #inText = false;
  readonly #hosted = new HostedCalls();
  readonly #audioFormat: SessionAudio;
  readonly #linear = new LinearAudioCheck();
  /** What the times of its events hold beside speech. */
  #turns: {readonly prefixPaddingMs: Millis; readonly silenceMs: Millis} = USUAL_SERVER;

  /** `audio`: what the session is asked for. */
  constructor(audio: SessionAudio = 'pcmu') {
    this.#audioFormat = audio;
  }

  /** How the session finds the end of a turn; as usual if not given. */
  listensTo(turns: TurnDetection = USUAL_SERVER): void {
    this.#turns = turns.kind === 'server' ? turns : USUAL_SERVER;
  }

  /** `text`: a message from the model's socket. */
  read(text: string): Reading {
    const delta = audioDelta(text);
    if (delta) return this.#reading('response.output_audio.delta', new EventFields(delta.raw), delta.payload);
    if (!isWithin(MANY_FACTS, text)) {
      const detail = `${text.length} characters with too many or too deep lists and objects`;
      // It repeats all tools of the session. What it has besides is only looked at to be sure.
      if (READY.test(text)) return {events: [{type: 'ready'}], problem: {event: 'session.updated', detail}};
      return {events: [], problem: {event: 'other', detail}};
    }
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return {events: [], problem: {event: 'other', detail: `${text.length} characters that are not JSON`}};
    }
    const fields = new EventFields(raw);
    const type = fields.id('type');
    if (type === undefined) return {events: [], problem: {event: 'other', detail: 'an event without a type'}};
    if (type === 'session.created') return {events: [], opens: true};
    return this.#reading(type, fields);
  }

  /** `audio`: of an event that has some, if it was taken out before. */
  #reading(type: string, fields: EventFields, audio?: string): Reading {
    const events = audio === undefined ? this.#eventsOf(type, fields) : this.#audio(fields, audio);
    if (fields.unread.length === 0) return {events};
    return {events, problem: {event: type, detail: `missing or of another type: ${fields.unread.join(', ')}`}};
  }

  #eventsOf(type: string, fields: EventFields): ModelEvent[] {
    if (RETIRED.has(type)) {
      const note = `the server speaks the retired beta protocol (${type}): OPENAI_REALTIME_URL needs one that speaks the current one`;
      return [{type: 'lost', cause: 'misconfigured', note, detail: ''}];
    }
    switch (type) {
      case 'response.output_audio.delta':
        return this.#audio(fields);
      case 'session.updated':
        return this.#sessionUpdated(fields);
      case 'error':
        return refusal(fields.fields('error'));
      case 'input_audio_buffer.speech_started': {
        const itemId = fields.id('item_id') ?? this.#newName('caller');
        this.#callerItems.spoke(itemId);
        const start = fields.amount('audio_start_ms');
        const fromMs = start === undefined ? undefined : start + this.#turns.prefixPaddingMs;
        return [{type: 'callerSpoke', itemId, fromMs}];
      }
      case 'input_audio_buffer.speech_stopped': {
        const end = fields.amount('audio_end_ms');
        const untilMs = end === undefined ? undefined : Math.max(0, end - this.#turns.silenceMs);
        const itemId = this.#callerItemOf(fields);
        return [{type: 'callerStopped', itemId, untilMs}, ...this.#callerItems.stopped(itemId)];
      }
      case 'input_audio_buffer.committed':
        return this.#callerItems.committed(this.#callerItemOf(fields));
      case 'conversation.item.added': {
        const item = fields.fields('item');
        const itemId = item.id('id');
        if (item.raw('role') === 'assistant') this.#item = itemId;
        const hosted = this.#hosted.item(item, {responseId: this.#response, isDone: false});
        return itemId === undefined ? hosted : [{type: 'itemAdded', itemId}, ...hosted];
      }
      case 'conversation.item.done':
        return this.#hosted.item(fields.fieldsIfAny('item'), {responseId: this.#response, isDone: true});
      case 'response.output_item.added':
        return this.#hosted.item(fields.fieldsIfAny('item'), {responseId: this.#response, isDone: false});
      case 'response.mcp_call_arguments.done':
        return this.#hosted.arguments(fields);
      case 'response.mcp_call.in_progress':
        return this.#hosted.running(fields);
      case 'mcp_list_tools.failed':
        return this.#hosted.notListed(fields);
      case 'conversation.item.input_audio_transcription.completed': {
        const itemId = this.#callerItemOf(fields);
        const text = fields.raw('transcript') === '' ? '' : fields.text('transcript');
        const shown = this.#callerItems.isShown(itemId);
        return text === undefined ? shown : [...shown, {type: 'callerWords', itemId, text}];
      }
      case 'conversation.item.input_audio_transcription.failed': {
        const error = fields.fieldsIfAny('error');
        const code = error.idIfAny('code') ?? error.idIfAny('type') ?? 'other';
        const message = error.textIfAny('message') ?? '';
        return [{type: 'notTranscribed', itemId: this.#callerItemOf(fields), code, message}];
      }
      case 'response.created':
        return this.#responseCreated(fields.fields('response'));
      case 'response.output_audio.done': {
        const itemId = fields.id('item_id') ?? this.#item;
        return itemId === undefined ? [] : [{type: 'audioEnded', itemId}];
      }
      case 'response.output_audio_transcript.delta':
        return this.#words(fields, 'delta', false);
      case 'response.output_audio_transcript.done':
        return this.#words(fields, 'transcript', true);
      case 'response.output_text.delta':
      case 'response.output_text.done':
        this.#inText = true;
        return [];
      case 'response.function_call_arguments.done':
        // `response.output_item.done` says the same. Some servers leave the name out here: then that event counts.
        return typeof fields.raw('name') === 'string' ? this.#toolCall(fields, fields, fields.id('item_id')) : [];
      case 'response.output_item.done': {
        const item = fields.fields('item');
        const isCall = item.raw('type') === 'function_call' || item.raw('call_id') !== undefined;
        if (isCall) return this.#toolCall(fields, item, item.id('id'));
        return this.#hosted.item(item, {responseId: this.#response, isDone: true});
      }
      case 'response.done':
        return this.#responseDone(fields.fields('response'));
      default:
        return [];
    }
  }

  #sessionUpdated(fields: EventFields): ModelEvent[] {
    const problem = audioProblem(fields.fieldsIfAny('session'), this.#audioFormat);
    return problem === undefined ? [{type: 'ready'}] : [{type: 'lost', cause: 'misconfigured', ...problem}];
  }

  #audio(fields: EventFields, taken?: string): ModelEvent[] {
    const responseId = this.#responseOf(fields);
    const itemId = this.#itemOf(fields);
    // Audio is the only text that may be as long as an event.
    const given = fields.raw('delta');
    const payload = taken ?? (typeof given === 'string' && given !== '' ? mendedBase64(given) : undefined);
    if (payload === undefined || payload.length > AUDIO_AT_MOST) {
      fields.refuse('delta');
      return [];
    }
    if (msOfBase64(payload) === 0) return [];
    if (this.#audioFormat === 'pcmu' && this.#linear.isLinear(payload))
      return [{type: 'lost', cause: 'misconfigured', note: SPEAKS_LINEAR, detail: ''}];
    return inPieces(payload).map(piece => ({type: 'audio', responseId, itemId, payload: piece}));
  }

  #responseCreated(response: EventFields): ModelEvent[] {
    this.#begun += 1;
    if (this.#begun > BEGUN_AT_MOST)
      return [{type: 'lost', cause: 'closed', note: 'the model begins answers and ends none', detail: ''}];
    const id = response.id('id');
    // A missing or repeated id is replaced by one of ours; the events that follow are about this response.
    this.#response = id === undefined || this.#created.has(id) ? this.#newName('response') : id;
    this.#created.add(this.#response);
    for (const oldest of this.#created) {
      if (this.#created.size <= REMEMBERED) break;
      this.#created.delete(oldest);
    }
    this.#item = undefined;
    this.#inText = false;
    const tag = response.fieldsIfAny('metadata').idIfAny('tag');
    return [...this.#callerItems.isShown(), {type: 'responseStarted', responseId: this.#response, tag}];
  }

  #words(fields: EventFields, name: string, whole: boolean): ModelEvent[] {
    const text = fields.raw(name) === '' ? '' : fields.text(name);
    const [responseId, itemId] = [this.#responseOf(fields), this.#itemOf(fields)];
    return text === undefined ? [] : [{type: 'words', responseId, itemId, text, whole}];
  }

  #toolCall(fields: EventFields, call: EventFields, itemId: string | undefined): ModelEvent[] {
    const responseId = this.#responseOf(fields);
    const callId = call.id('call_id');
    if (callId === undefined) return []; // a result could not be assigned to it
    const known = {callId, name: call.idIfAny('name') ?? '', arguments: call.textOrNone('arguments')};
    return [{type: 'toolCalled', responseId, itemId: itemId ?? `item-${callId}`, ...known}];
  }

  #responseDone(response: EventFields): ModelEvent[] {
    this.#begun = 0;
    const responseId = this.#named(response.id('id'));
    const inText = this.#inText;
    this.#response = undefined;
    this.#inText = false;
    const said = response.text('status');
    // An unknown status is no failure: audio may have come all the same.
    const status = said === 'cancelled' || said === 'incomplete' || said === 'failed' ? said : 'completed';
    const {reason, message} = detailsOf(response);
    const tokens = tokensOf(response.raw('usage'));
    const retryAfterMs = message === undefined ? undefined : waitOf(message);
    const ended = {type: 'responseEnded', responseId, status, reason, message, retryAfterMs, inText, tokens} as const;
    const fatal = status === 'failed' && reason !== undefined ? causeOf(reason) : undefined;
    return fatal ? [ended, {type: 'lost', cause: fatal, note: codeIn(reason), detail: message ?? ''}] : [ended];
  }

  #responseOf(fields: EventFields): string {
    this.#response = this.#named(fields.id('response_id'));
    return this.#response;
  }

  /** The id of a response. If no `response.created` had this id, the response in progress is more likely. */
  #named(id: string | undefined): string {
    const current = this.#response;
    const isStray = id !== undefined && !this.#created.has(id) && current !== undefined && this.#created.has(current);
    return (isStray ? current : (id ?? current)) ?? this.#newName('response');
  }

  #itemOf(fields: EventFields): string {
    this.#item = fields.id('item_id') ?? this.#item ?? this.#newName('item');
    return this.#item;
  }

  #callerItemOf(fields: EventFields): string {
    return fields.id('item_id') ?? this.#callerItems.last ?? this.#newName('caller');
  }

  #newName(of: string): string {
    this.#unnamed += 1;
    return `${of}-unnamed-${this.#unnamed}`;
  }
}

function inPieces(payload: string): string[] {
  if (payload.length <= PIECE) return [payload];
  return Array.from({length: Math.ceil(payload.length / PIECE)}, (_, n) => payload.slice(n * PIECE, (n + 1) * PIECE));
}
