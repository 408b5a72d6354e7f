import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEnds} from './phone.ts';
import {FRAME_BYTES, readFrame, taggedDelta} from './tags.ts';

/** Speech is noticed after this many frames of it, and its end after so many without. */
const [ONSET_FRAMES, END_FRAMES] = [8, 25];
const PREFIX: Millis = 300;
const FRAME: Millis = 20;
/** Audio comes in pieces of this length, and faster than it is played. */
const DELTA: Millis = 240;
const DELTA_EVERY: Millis = 60;

interface Reply {
  readonly response: string;
  readonly item: string;
  /** What is still to be said. */
  leftMs: Millis;
  nextAt: Millis;
  begun: boolean;
}

/**
 * One session of a model for measuring, not for testing: it understands no more than what keeps a call going, and sends what the real
 * one sends in each turn, event by event. It hears speech in the tags of the frames.
 */
export class ModelSession {
  readonly #send: (text: string) => void;
  readonly #callOf: (number: number) => CallEnds | undefined;
  readonly #nextNumber: () => number;
  readonly #name: string;
  #call: CallEnds | undefined;
  #positionMs: Millis = 0;
  #loud = 0;
  #quiet = 0;
  #turn: 'none' | 'begins' | 'speaks' | 'ends' = 'none';
  #turns = 0;
  #responses = 0;
  #answersItself = true;
  #reply: Reply | undefined;

  /** `name`: part of all its identifiers. `send` gets one JSON text for each event. */
  constructor(parts: {
    readonly name: string;
    readonly send: (text: string) => void;
    readonly callOf: (number: number) => CallEnds | undefined;
    readonly nextNumber: () => number;
  }) {
    this.#name = parts.name;
    this.#send = parts.send;
    this.#callOf = parts.callOf;
    this.#nextNumber = parts.nextNumber;
    this.#emit('session.created', {session: {id: `sess_${parts.name}`, type: 'realtime'}});
  }

  /** `input_audio_buffer.append`. Returns the frames in it. */
  hear(audio: Buffer, arrived: (call: CallEnds, frame: number) => void): void {
    for (let at = 0; at < audio.length; at += FRAME_BYTES) {
      const tag = readFrame(audio, at);
      this.#positionMs += FRAME;
      if (tag) {
        this.#call ??= this.#callOf(tag.call);
        if (this.#call) arrived(this.#call, tag.frame);
      }
      this.#detect(tag?.speaks ?? false);
    }
  }

  /** Any other event of the client. */
  receive(event: {readonly type?: string; readonly [field: string]: unknown}): void {
    switch (event.type) {
      case 'session.update': {
        const session = event['session'] as {audio?: {input?: {turn_detection?: {create_response?: boolean}}}};
        this.#answersItself = session.audio?.input?.turn_detection?.create_response !== false;
        return this.#emit('session.updated', {session});
      }
      case 'conversation.item.truncate': {
        const {item_id, content_index, audio_end_ms} = event;
        return this.#emit('conversation.item.truncated', {item_id, content_index, audio_end_ms});
      }
      case 'response.create':
        return this.#respond(performance.now());
      case 'response.cancel':
        return this.#cancel('client_cancelled');
      default:
        return;
    }
  }

  /** Says what is due. */
  tick(at: Millis): void {
    if (this.#turn === 'begins') this.#speechStarted();
    if (this.#turn === 'ends') this.#speechStopped(at);
    while (this.#reply && this.#reply.nextAt <= at) this.#speak(this.#reply);
  }

  #detect(speaks: boolean): void {
    this.#loud = speaks ? this.#loud + 1 : 0;
    this.#quiet = speaks ? 0 : this.#quiet + 1;
    if (this.#turn === 'none' && this.#loud >= ONSET_FRAMES) this.#turn = 'begins';
    if (this.#turn === 'speaks' && this.#quiet >= END_FRAMES) this.#turn = 'ends';
  }

  #speechStarted(): void {
    this.#turn = 'speaks';
    this.#turns += 1;
    const audio_start_ms = Math.max(0, this.#positionMs - ONSET_FRAMES * FRAME - PREFIX);
    if (this.#call) {
      this.#call.reportedAt = performance.now();
      this.#call.deltas.clear(); // what is interrupted need not arrive
    }
    this.#emit('input_audio_buffer.speech_started', {audio_start_ms, item_id: this.#callerItem});
    this.#cancel('turn_detected');
  }

  #speechStopped(at: Millis): void {
    this.#turn = 'none';
    const item_id = this.#callerItem;
    this.#emit('input_audio_buffer.speech_stopped', {audio_end_ms: this.#positionMs, item_id});
    this.#emit('input_audio_buffer.committed', {previous_item_id: null, item_id});
    const content = [{type: 'input_audio', transcript: null}];
    const item = {id: item_id, type: 'message', status: 'completed', role: 'user', content};
    this.#emit('conversation.item.added', {previous_item_id: null, item});
    this.#emit('conversation.item.done', {previous_item_id: null, item});
    const transcript = 'What are your opening hours on Saturday?';
    this.#emit('conversation.item.input_audio_transcription.completed', {item_id, content_index: 0, transcript});
    if (this.#answersItself) this.#respond(at);
  }

  #respond(at: Millis): void {
    if (this.#reply) return;
    this.#responses += 1;
    const {random} = this.#call ?? {random: undefined};
    const response = `resp_${this.#name}_${this.#responses}`;
    const pieces = random?.whole(7, 14) ?? 8;
    const nextAt = at + (random?.between(250, 450) ?? 300);
    this.#reply = {
      response,
      item: `item_${this.#name}_${this.#responses}`,
      leftMs: pieces * DELTA,
      nextAt,
      begun: false,
    };
    const face = {object: 'realtime.response', id: response, output_modalities: ['audio'], metadata: null};
    this.#emit('response.created', {response: {...face, status: 'in_progress', output: []}});
  }

  #speak(reply: Reply): void {
    if (!reply.begun) {
      reply.begun = true;
      const item = {id: reply.item, type: 'message', status: 'in_progress', role: 'assistant', content: []};
      this.#emit('response.output_item.added', {response_id: reply.response, output_index: 0, item});
      this.#emit('conversation.item.added', {previous_item_id: this.#callerItem, item});
      this.#emit('response.content_part.added', {...placeOf(reply), part: {type: 'audio', transcript: ''}});
    }
    if (reply.leftMs <= 0) return this.#end(reply, 'completed');
    reply.leftMs -= DELTA;
    reply.nextAt += DELTA_EVERY;
    const words = {...placeOf(reply), delta: ' on Saturday', obfuscation: 'aB3dE6gH'};
    this.#emit('response.output_audio_transcript.delta', words);
    const number = this.#nextNumber();
    const delta = taggedDelta(number, DELTA);
    this.#call?.deltas.set(number, performance.now());
    this.#emit('response.output_audio.delta', {...placeOf(reply), delta});
  }

  #cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    if (this.#reply) this.#end(this.#reply, 'cancelled', reason);
  }

  #end(reply: Reply, status: 'completed' | 'cancelled', reason?: string): void {
    this.#reply = undefined;
    const transcript = 'We are open from nine to five on Saturday.';
    const content = [{type: 'output_audio', transcript}];
    const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
    const item = {id: reply.item, type: 'message', status: itemStatus, role: 'assistant', content};
    if (reply.begun) {
      this.#emit('response.output_audio.done', placeOf(reply));
      this.#emit('response.output_audio_transcript.done', {...placeOf(reply), transcript});
      this.#emit('response.content_part.done', {...placeOf(reply), part: {type: 'audio', transcript}});
      this.#emit('conversation.item.done', {previous_item_id: this.#callerItem, item});
      this.#emit('response.output_item.done', {response_id: reply.response, output_index: 0, item});
    }
    const details = reason === undefined ? null : {type: status, reason};
    const usage = {total_tokens: 253, input_tokens: 132, output_tokens: 121};
    const response = {
      object: 'realtime.response',
      id: reply.response,
      status,
      status_details: details,
      output: [item],
      usage,
    };
    this.#emit('response.done', {response});
    const limit = {name: 'tokens', limit: 15_000_000, remaining: 14_999_000, reset_seconds: 0.004};
    this.#emit('rate_limits.updated', {rate_limits: [limit]});
  }

  get #callerItem(): string {
    return `item_caller_${this.#name}_${this.#turns}`;
  }

  #emit(type: string, fields: object): void {
    this.#send(JSON.stringify({type, event_id: 'event_DA1b2C3d4E5f6G7h8I9j0', ...fields}));
  }
}

function placeOf({response, item}: Reply) {
  return {response_id: response, item_id: item, output_index: 0, content_index: 0};
}
