import type {Millis} from '@voicebridge/shared/time.ts';
import {bytesPerMs, milliseconds, type AudioFormat} from '../audio/audio-format.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** What an item of the MCP kinds has besides: which server, and the outcome. */
export interface HostedFacts {
  readonly server: string;
  readonly approvalRequestId: string | undefined;
  output?: string;
  error?: Readonly<Record<string, unknown>>;
  tools?: readonly Readonly<Record<string, unknown>>[];
}

/** What an item is, from its first event on. */
export interface ItemOrigin {
  readonly id: string;
  /** `message`, `function_call`, `function_call_output`, or one of the MCP kinds. */
  readonly type: string;
  readonly role?: 'user' | 'assistant' | 'system' | undefined;
  readonly status?: ItemStatus | undefined;
  readonly format?: AudioFormat | undefined;
  /** The item as a client sent it; its content is kept word for word. */
  readonly given?: Readonly<Record<string, unknown>> | undefined;
  readonly phase?: 'commentary' | 'final_answer' | undefined;
  readonly call?: {readonly callId: string | undefined; readonly name: string | undefined} | undefined;
  /** Of the MCP kinds. */
  readonly hosted?: HostedFacts | undefined;
  /** Number inside tagged audio. */
  readonly tag?: number | undefined;
}

/**
 * One entry of the model's memory: everything that was generated for it, and what the model still believes was played
 * after a truncation.
 */
export class ModelItem {
  readonly id: string;
  readonly type: string;
  readonly role: 'user' | 'assistant' | 'system' | undefined;
  readonly phase: 'commentary' | 'final_answer' | undefined;
  readonly callId: string | undefined;
  readonly name: string | undefined;
  /** The number in its audio if that is tagged. */
  readonly tag: number | undefined;
  readonly hosted: HostedFacts | undefined;
  readonly format: AudioFormat;
  status: ItemStatus;
  /** What kind of content it has so far; an item in progress has none until its first part opens. */
  content: 'none' | 'given' | 'input_audio' | 'output_audio' | 'output_text';
  /** Every word ever generated for it, or given with it; truncation does not shorten this. */
  text = '';
  /** Function calls: the arguments; outputs: the output. */
  payload = '';
  /** Set by a truncation that succeeded. */
  truncatedAtMs: Millis | undefined;
  readonly #given: Readonly<Record<string, unknown>> | undefined;
  readonly #chunks: Buffer[] = [];
  #generatedBytes = 0;

  constructor(origin: ItemOrigin) {
    this.id = origin.id;
    this.type = origin.type;
    this.role = origin.role;
    this.phase = origin.phase;
    this.callId = origin.call?.callId;
    this.name = origin.call?.name;
    this.tag = origin.tag;
    this.hosted = origin.hosted;
    this.format = origin.format ?? {type: 'audio/pcmu'};
    this.status = origin.status ?? 'completed';
    this.#given = origin.given;
    this.content = origin.given ? 'given' : 'none';
  }

  /** Of an approval response: the request that it answers. */
  get approves(): unknown {
    return this.#given?.['approval_request_id'];
  }

  /** Adds audio in the format of the item. */
  addAudio(audio: Buffer): void {
    this.#chunks.push(audio);
    this.#generatedBytes += audio.length;
  }

  /** All audio ever produced for it (a caller's item: what was committed), truncated or not. */
  get generatedAudio(): Buffer {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  get generatedBytes(): number {
    return this.#generatedBytes;
  }

  /** Milliseconds of audio ever produced for it. */
  get generatedMs(): Millis {
    return milliseconds(this.#generatedBytes, this.format);
  }

  /** Bytes of audio the model remembers. */
  get audioBytes(): number {
    if (this.truncatedAtMs === undefined) return this.#generatedBytes;
    return Math.min(this.#generatedBytes, this.truncatedAtMs * bytesPerMs(this.format));
  }

  /** Milliseconds of audio the model remembers. */
  get audioMs(): Millis {
    return milliseconds(this.audioBytes, this.format);
  }

  /** The words the model remembers: none after a truncation, since the service cannot align text with audio. */
  get transcript(): string | undefined {
    return this.truncatedAtMs === undefined ? this.text : undefined;
  }

  /** The item as events carry it: without audio, except when it was asked for. */
  toWire(withAudio: 'withAudio' | 'withoutAudio' = 'withoutAudio'): Record<string, unknown> {
    if (this.#given) return {...this.#given, id: this.id, status: this.status};
    const common = {id: this.id, type: this.type, status: this.status};
    if (this.type === 'function_call')
      return {...common, call_id: this.callId, name: this.name, arguments: this.payload};
    if (this.hosted) return {...common, ...this.#hostedOnWire(this.hosted)};
    return {
      ...common,
      role: this.role,
      ...(this.phase ? {phase: this.phase} : {}),
      content: this.#contentOnWire(withAudio === 'withAudio'),
    };
  }

  #hostedOnWire({server, approvalRequestId, output, error, tools = []}: HostedFacts): Record<string, unknown> {
    if (this.type === 'mcp_list_tools') return {server_label: server, tools};
    const called = {server_label: server, name: this.name, arguments: this.payload};
    if (this.type === 'mcp_approval_request') return called;
    return {...called, approval_request_id: approvalRequestId ?? null, output: output ?? null, error: error ?? null};
  }

  #contentOnWire(withAudio: boolean): Record<string, unknown>[] {
    const audio = withAudio ? {audio: this.generatedAudio.subarray(0, this.audioBytes).toString('base64')} : {};
    switch (this.content) {
      case 'input_audio':
        return [{type: 'input_audio', transcript: null, ...audio}];
      case 'output_audio':
        return [
          {type: 'output_audio', ...(this.transcript === undefined ? {} : {transcript: this.transcript}), ...audio},
        ];
      case 'output_text':
        return [{type: 'output_text', text: this.text}];
      case 'none':
      case 'given':
        return [];
      default:
        return this.content satisfies never;
    }
  }
}
