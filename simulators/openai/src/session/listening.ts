import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {Answering} from '../answering/answering.ts';
import {Arrivals} from '../state/arrivals.ts';
import {CallerAudio} from '../state/caller-audio.ts';
import type {Transcribe} from '../state/caller-words.ts';
import {ModelItem} from '../state/model-item.ts';
import {refusal, type Refusal} from '../json/refusal.ts';
import {readAudio} from '../wire/client-events.ts';
import type {Stage} from '../answering/response-run.ts';
import type {SessionConfig} from '../state/session-config.ts';
import type {LoggedResponse, LoggedSpeech, SessionLog} from '../state/session-log.ts';
import {Transcriber} from '../answering/transcriber.ts';
import {VoiceActivity, type VoiceEvent, type VoiceSettings} from '../state/voice-activity.ts';

export interface ListeningParts extends Stage {
  readonly log: SessionLog;
  readonly config: () => SessionConfig;
  readonly answering: Answering;
  readonly transcribe: Transcribe;
  readonly keepHeard: boolean;
}

/** The longest wait of `semantic_vad` for a sentence that sounds unfinished, in ms. */
const EAGERNESS_CAP_MS = {low: 8_000, medium: 4_000, auto: 4_000, high: 2_000} as const;

/** A commit needs this much audio, in ms. */
const LEAST_COMMIT_MS = 100;

/** How often a streaming recogniser says something, in ms of appended audio, and how fast people talk. */
const STREAM_EVERY_MS = 300;
const MS_PER_WORD = 350;

/** The caller's side of a session: audio in, turns out. */
export class Listening {
  readonly audio: CallerAudio;
  readonly arrivals = new Arrivals();
  readonly #parts: ListeningParts;
  readonly #voice = new VoiceActivity();
  readonly #transcriber: Transcriber;
  #turn: LoggedSpeech | undefined;
  #turns = 0;
  #words: string | undefined;
  #streamedAtMs: Millis = 0;
  #stopIdle: Cancel = () => {};

  constructor(parts: ListeningParts) {
    this.#parts = parts;
    this.audio = new CallerAudio(parts.keepHeard);
    this.#transcriber = new Transcriber(parts);
  }

  /** The words of the caller's last turn. */
  get words(): string | undefined {
    return this.#words;
  }

  /** `input_audio_buffer.append`: never acknowledged. */
  append(audio: unknown): Refusal | undefined {
    const bytes = typeof audio === 'string' ? readAudio(audio) : undefined;
    if (!bytes) {
      const message = "Invalid 'audio'. Expected base64-encoded audio bytes but got an invalid value.";
      return refusal('invalid_value', message, 'audio');
    }
    this.arrivals.note(this.#parts.clock.now());
    this.#hear(bytes);
    return undefined;
  }

  #hear(bytes: Buffer): void {
    const {config} = this.#parts;
    const {format, turn_detection: detection} = config().audio.input;
    this.audio.append(bytes, format);
    if (detection === null) return;
    for (const event of this.#voice.hear(bytes, format, this.#settings())) this.#on(event);
    this.#streamWords();
  }

  /** `input_audio_buffer.commit`. */
  commit(): Refusal | undefined {
    const buffered = this.audio.bufferedMs;
    if (buffered < LEAST_COMMIT_MS) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${buffered.toFixed(2)}ms of audio.`;
      return refusal('input_audio_buffer_commit_empty', message);
    }
    const id = this.#turn?.itemId ?? this.#parts.random.id('item_');
    this.#commit(id, this.audio.bufferStartMs, this.audio.positionMs);
    this.#voice.reset();
    this.#turn = undefined;
    return undefined;
  }

  /** `input_audio_buffer.clear`: also forgets a turn in progress. */
  clear(): void {
    this.audio.emptyBuffer();
    this.#voice.reset();
    this.#turn = undefined;
    this.#parts.outbox.emit({type: 'input_audio_buffer.cleared'});
  }

  /** Detection was switched off, or its format changed: a turn in progress is void. */
  configChanged(): void {
    const detection = this.#parts.config().audio.input.turn_detection;
    if (detection === null) {
      this.#voice.reset();
      this.#turn = undefined;
    }
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null) this.#stopIdle();
  }

  /** A response has ended: from the end of its playback on, the caller's silence counts. */
  answered(audioMs: Millis, {status}: LoggedResponse): void {
    const detection = this.#parts.config().audio.input.turn_detection;
    this.#stopIdle();
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null || this.#turn) return;
    if (status !== 'completed' && status !== 'incomplete') return;
    this.#stopIdle = this.#parts.clock.after(audioMs + detection.idle_timeout_ms, () => this.#timedOut());
  }

  abandon(): void {
    this.#stopIdle();
    this.#transcriber.abandon();
  }

  #settings(): VoiceSettings {
    const detection = this.#parts.config().audio.input.turn_detection;
    const {
      vadLevel: level,
      vadAboveNoise: aboveNoise,
      vadOnsetMs: onsetMs,
      semanticPauseMs: pauseMs,
    } = this.#parts.knobs();
    if (detection?.type === 'semantic_vad') {
      return {level, aboveNoise, onsetMs, prefixMs: 300, silenceMs: EAGERNESS_CAP_MS[detection.eagerness], pauseMs};
    }
    return {
      aboveNoise,
      level: level * 4 ** ((detection?.threshold ?? 0.5) * 2 - 1),
      onsetMs,
      prefixMs: detection?.prefix_padding_ms ?? 300,
      silenceMs: detection?.silence_duration_ms ?? 500,
    };
  }

  #on(event: VoiceEvent): void {
    switch (event.type) {
      case 'started':
        return this.#started(event.audioStartMs);
      case 'stopped':
        return this.#stopped(event.audioEndMs);
      case 'paused':
        // A sentence that sounds finished need not wait for the cap.
        if (!/[.!?]$/.test(this.#recognise(this.#turn?.audioStartMs ?? 0, event.audioEndMs))) return;
        this.#voice.reset();
        return this.#stopped(event.audioEndMs);
      default:
        return event satisfies never;
    }
  }

  #started(audioStartMs: Millis): void {
    const {outbox, clock, log, random, config, answering} = this.#parts;
    const itemId = random.id('item_');
    this.#stopIdle();
    this.#turn = {itemId, startedAt: clock.now(), stoppedAt: undefined, audioStartMs, audioEndMs: undefined};
    this.#streamedAtMs = audioStartMs;
    log.speech.push(this.#turn);
    outbox.emit({type: 'input_audio_buffer.speech_started', audio_start_ms: audioStartMs, item_id: itemId});
    if (config().audio.input.turn_detection?.interrupt_response) answering.interrupt();
  }

  #stopped(audioEndMs: Millis): void {
    const {outbox, clock, config, answering} = this.#parts;
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = undefined;
    turn.stoppedAt = clock.now();
    turn.audioEndMs = audioEndMs;
    outbox.emit({type: 'input_audio_buffer.speech_stopped', audio_end_ms: audioEndMs, item_id: turn.itemId});
    this.#commit(turn.itemId, turn.audioStartMs, audioEndMs);
    if (!config().audio.input.turn_detection?.create_response) return;
    const answer = () => {
      const refused = answering.create('turn');
      if (refused) outbox.refuse(refused);
    };
    if (answering.running?.state === 'cancelling') answering.whenDone(answer);
    else answer();
  }

  #commit(itemId: string, fromMs: Millis, toMs: Millis, isSpeech = true): void {
    const {outbox, conversation, config} = this.#parts;
    const {format, transcription} = config().audio.input;
    const item = new ModelItem({id: itemId, type: 'message', role: 'user', format});
    item.content = 'input_audio';
    item.addAudio(this.audio.slice(fromMs, toMs));
    this.#words = isSpeech ? this.#recognise(fromMs, toMs) : '';
    if (isSpeech) this.#turns += 1;
    item.text = this.#words;
    this.audio.emptyBuffer();
    const placed = conversation.append(item);
    outbox.emit({type: 'input_audio_buffer.committed', previous_item_id: placed.previousItemId, item_id: itemId});
    outbox.itemAdded(placed);
    outbox.itemDone(placed);
    if (transcription) this.#transcriber.finish(itemId, transcription.model, this.#words, toMs - fromMs);
  }

  #timedOut(): void {
    const {outbox, answering, random} = this.#parts;
    const [from, to] = [Math.round(this.audio.bufferStartMs), Math.round(this.audio.positionMs)];
    const itemId = random.id('item_');
    const span = {audio_start_ms: from, audio_end_ms: to, item_id: itemId};
    outbox.emit({type: 'input_audio_buffer.timeout_triggered', ...span});
    this.#commit(itemId, from, to, false);
    const refused = answering.create('idle');
    if (refused) outbox.refuse(refused);
  }

  #recognise(fromMs: Millis, toMs: Millis): string {
    const audio = this.audio.slice(fromMs, toMs);
    return this.#parts.transcribe({number: this.#turns + 1, audio, audioMs: toMs - fromMs});
  }

  #streamWords(): void {
    const {transcription} = this.#parts.config().audio.input;
    const turn = this.#turn;
    if (!turn || !Transcriber.isStreaming(transcription?.model)) return;
    if (this.audio.positionMs - this.#streamedAtMs < STREAM_EVERY_MS) return;
    this.#streamedAtMs = this.audio.positionMs;
    const words = this.#recognise(turn.audioStartMs, this.audio.positionMs);
    const spoken = (this.audio.positionMs - turn.audioStartMs) / MS_PER_WORD;
    this.#transcriber.hear(turn.itemId, words, spoken / words.split(' ').length);
  }
}
