import type {Cancel} from '@voicebridge/shared/time.ts';
import type {Stage} from './response-run.ts';

/** Models whose deltas come while the caller still speaks. */
const STREAMING = ['gpt-realtime-whisper', 'gpt-live-transcribe'];
/** Models that bill by duration; the others count tokens. */
const BY_DURATION = ['gpt-realtime-whisper', 'whisper-1'];

const EVENT = 'conversation.item.input_audio_transcription';

/** The separate recogniser of caller speech: it never holds up a response, and may finish long after it. */
export class Transcriber {
  readonly #stage: Stage;
  readonly #timers = new Set<Cancel>();
  #itemId: string | undefined;
  #said = '';
  #understood = '';

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  static isStreaming(model: string | undefined): boolean {
    return model !== undefined && STREAMING.includes(model);
  }

  /**
   * Words recognised while the turn goes on, and the share of them that was spoken. What is new is sent once it was
   * understood twice in the same way, since nothing that was sent can be taken back.
   */
  hear(itemId: string, words: string, share: number): void {
    if (this.#stage.knobs().transcription === 'absent') return;
    if (this.#itemId !== itemId) this.#begin(itemId);
    const isCertain = words === this.#understood;
    this.#understood = words;
    if (!isCertain) return;
    const known = words.split(' ');
    const soFar = known.slice(0, Math.floor(known.length * Math.min(1, share))).join(' ');
    this.#grow(itemId, soFar);
  }

  /** The turn is committed: the rest of the deltas, then `.completed` or `.failed`, some time later. */
  finish(itemId: string, model: string, words: string, audioMs: number): void {
    const {random, knobs} = this.#stage;
    if (knobs().transcription === 'absent') return;
    const streamed = Transcriber.isStreaming(model) && this.#itemId === itemId ? this.#said : '';
    const due = random.between(knobs().transcriptionMs);
    const failure = knobs().failTranscription;
    if (failure !== null) {
      return this.#later(due, () => {
        const message = `Input transcription failed for item '${itemId}'.`;
        const error = {
          type: failure === 'DeploymentNotFound' ? 'server_error' : 'transcription_error',
          code: failure,
          message,
          param: null,
        };
        this.#stage.outbox.emit({type: `${EVENT}.failed`, item_id: itemId, content_index: 0, error});
      });
    }
    const rest = words.startsWith(streamed) ? words.slice(streamed.length) : '';
    const deltas = model === 'whisper-1' ? [rest] : (rest.match(/\s*\S+(?:\s+\S+)?/g) ?? []);
    for (const [index, delta] of deltas.entries()) {
      this.#later((due * (index + 1)) / (deltas.length + 1), () => this.#delta(itemId, delta));
    }
    this.#later(due, () => {
      const languages = model === 'gpt-transcribe' ? {languages: [{code: 'en'}]} : {};
      const completed = {item_id: itemId, content_index: 0, transcript: words, ...languages};
      this.#stage.outbox.emit({type: `${EVENT}.completed`, ...completed, usage: usageOf(model, words, audioMs)});
    });
  }

  abandon(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #begin(itemId: string): void {
    this.#itemId = itemId;
    this.#said = '';
    this.#understood = '';
  }

  #grow(itemId: string, soFar: string): void {
    if (!soFar.startsWith(this.#said) || soFar.length === this.#said.length) return;
    this.#delta(itemId, soFar.slice(this.#said.length));
    this.#said = soFar;
  }

  #delta(itemId: string, delta: string): void {
    const obfuscation = this.#stage.random.id('', 8);
    this.#stage.outbox.emit({type: `${EVENT}.delta`, item_id: itemId, content_index: 0, delta, obfuscation});
  }

  #later(delay: number, run: () => void): void {
    const cancel = this.#stage.clock.after(delay, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}

function usageOf(model: string, words: string, audioMs: number): Record<string, unknown> {
  if (BY_DURATION.includes(model)) return {type: 'duration', seconds: Math.ceil(audioMs / 1000)};
  const audio = Math.ceil(audioMs / 100);
  const output = Math.ceil(words.length / 4);
  return {
    type: 'tokens',
    total_tokens: audio + output,
    input_tokens: audio,
    input_token_details: {text_tokens: 0, audio_tokens: audio},
    output_tokens: output,
  };
}
