import type {Cancel} from '@voicebridge/shared/time.ts';
import {itemFrom, problemWithItem} from './conversation.ts';
import {isRecord, textIn} from './json-schema.ts';
import type {ModelItem} from './model-item.ts';
import {replyTo, type ModelScript, type Reply, type Turn, type TurnSession} from './model-script.ts';
import type {ServerEvent} from './outbox.ts';
import {refusal, type Refusal} from './refusal.ts';
import {planResponse} from './response-plan.ts';
import {ResponseRun, type Stage} from './response-run.ts';
import {
  isSecondGeneration,
  modalityProblem,
  tokensProblem,
  toolsProblem,
  type SessionConfig,
} from './session-config.ts';
import type {LoggedResponse, SessionLog} from './session-log.ts';
import {contextTokens, outputTokens, usage, type Tokens} from './usage.ts';

export interface AnsweringParts extends Stage {
  readonly log: SessionLog;
  readonly session: TurnSession;
  readonly conversationId: string;
  readonly script: () => ModelScript;
  readonly nextTag: () => number;
  /** A knob that is used once takes itself back. */
  readonly takeFailure: () => string | null;
  readonly callerTranscript: () => string | undefined;
  /** After each `response.done` of the conversation: ms of audio it holds, and how it ended. */
  readonly answered: (audioMs: number, record: LoggedResponse) => void;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * Who may answer, and when. One response of the conversation at a time: its slot is free again at `response.done`, not
 * before, also after a cancel. Out-of-band responses run beside it.
 */
export class Answering {
  readonly #parts: AnsweringParts;
  readonly #besides = new Set<ResponseRun>();
  #run: ResponseRun | undefined;
  #created = 0;
  #read: Tokens = {text: 0, audio: 0};
  #afterDone: (() => void)[] = [];
  #lateDone: ServerEvent | undefined;
  #stopLateLimits: Cancel = () => {};

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** The response of the conversation that is in progress. */
  get running(): ResponseRun | undefined {
    return this.#run;
  }

  /** `response.create`, and the automatic answers to a turn or a silence. */
  create(kind: Turn['kind'] | 'asked', params: Params = {}): Refusal | undefined {
    const outOfBand = params['conversation'] === 'none';
    const problem = this.#problemWith(params) ?? (outOfBand ? undefined : this.#slotProblem());
    if (problem) return problem;
    const {session, conversation} = this.#parts;
    const config = effectiveConfig(session.config, params);
    const metadata = metadataIn(params);
    this.#created += 1;
    const turn: Turn = {
      number: this.#created,
      kind: kind === 'asked' ? this.#kind() : kind,
      session,
      instructions: config.instructions,
      metadata,
      callerTranscript: this.#parts.callerTranscript(),
    };
    const context = Array.isArray(params['input']) ? this.#inputItems(params['input']) : [...conversation.items];
    this.#begin(this.#reply(turn), config, {outOfBand, metadata, context});
    return undefined;
  }

  /** `response.cancel`. */
  cancel(responseId: unknown): Refusal | undefined {
    const wanted = (run: ResponseRun) =>
      run.state === 'generating' && (responseId === undefined || run.id === responseId);
    const run = [this.#run, ...(responseId === undefined ? [] : this.#besides)].find(run => run && wanted(run));
    if (!run) return refusal('response_cancel_not_active', 'Cancellation failed: no active response found');
    run.cancel('client_cancelled');
    return undefined;
  }

  /** The caller speaks over the answer. */
  interrupt(): void {
    this.#run?.cancel('turn_detected');
  }

  /** Runs at once, or after the `response.done` of the running response. */
  whenDone(run: () => void): void {
    if (this.#run) this.#afterDone.push(run);
    else run();
  }

  abandon(): void {
    for (const run of [this.#run, ...this.#besides]) run?.abandon();
    this.#afterDone = [];
    this.#stopLateLimits();
  }

  #begin(
    reply: Reply,
    config: SessionConfig,
    how: {outOfBand: boolean; metadata: Readonly<Record<string, string>> | null; context: readonly ModelItem[]},
  ): void {
    const {random, clock, log, knobs, nextTag, conversationId, outbox} = this.#parts;
    const {format, voice} = config.audio.output;
    const modality = config.output_modalities[0] ?? 'audio';
    const read = contextTokens(config.instructions, config.tools, how.context);
    const readBefore = this.#read;
    if (!how.outOfBand) this.#read = read;
    const record: LoggedResponse = {
      id: random.id('resp_'),
      status: 'in_progress',
      reason: undefined,
      items: [],
      metadata: how.metadata,
      startedAt: clock.now(),
      firstAudioAt: undefined,
      doneAt: undefined,
    };
    log.responses.push(record);
    const run = new ResponseRun(this.#parts, {
      plan: planResponse(reply, {
        knobs: knobs(),
        random,
        modality,
        format,
        maxTokens: config.max_output_tokens,
        phases: isSecondGeneration(config.model),
        nextTag,
      }),
      record,
      format,
      modality,
      outOfBand: how.outOfBand,
      face: {
        object: 'realtime.response',
        id: record.id,
        conversation_id: how.outOfBand ? null : conversationId,
        output_modalities: [modality],
        max_output_tokens: config.max_output_tokens,
        audio: {output: {format, voice}},
        metadata: how.metadata,
      },
      usage: items => usage(read, outputTokens(items), readBefore),
      ended: (run, done) => this.#ended(run, done),
    });
    if (how.outOfBand) this.#besides.add(run);
    else this.#run = run;
    run.start();
    if (!how.outOfBand && this.#lateDone) outbox.emit(this.#lateDone);
    if (!how.outOfBand) this.#lateDone = undefined;
  }

  #ended(run: ResponseRun, done: ServerEvent): void {
    const {outbox, knobs, clock, answered} = this.#parts;
    const {lateCancelledDone, duplicateDone, rateLimits} = knobs();
    if (run.outOfBand) this.#besides.delete(run);
    else this.#run = undefined;
    if (run.record.status === 'cancelled' && lateCancelledDone && !run.outOfBand) this.#lateDone = done;
    else outbox.emit(done);
    if (duplicateDone) outbox.emit(done);
    const limits = () => outbox.emit(this.#rateLimits());
    if (rateLimits === 'sent') limits();
    if (rateLimits === 'late') this.#stopLateLimits = clock.after(1_000, limits);
    if (run.outOfBand) return;
    for (const waiting of this.#afterDone.splice(0)) waiting();
    answered(
      run.items.reduce((sum, item) => sum + item.audioMs, 0),
      run.record,
    );
  }

  /** Recorded sessions carry only the `tokens` entry. */
  #rateLimits(): ServerEvent {
    const used = this.#read.text + this.#read.audio;
    const limit = 15_000_000;
    const entry = {name: 'tokens', limit, remaining: Math.max(0, limit - used), reset_seconds: used / 250_000};
    return {type: 'rate_limits.updated', rate_limits: [entry]};
  }

  #reply(turn: Turn): Reply {
    const failure = this.#parts.takeFailure();
    if (failure === null) return replyTo(this.#parts.script(), turn);
    if (failure !== 'content_filter' && failure !== 'max_output_tokens') return [{fail: failure}];
    const reply = replyTo(this.#parts.script(), turn);
    return [...reply, {incomplete: failure}];
  }

  #kind(): Turn['kind'] {
    const {items} = this.#parts.conversation;
    if (items.at(-1)?.type === 'function_call_output') return 'tool-result';
    const hasBegun = items.some(({role, content}) => role === 'assistant' || content === 'input_audio');
    return hasBegun || this.#created > 1 ? 'turn' : 'greeting';
  }

  #slotProblem(): Refusal | undefined {
    if (!this.#run) return undefined;
    const message = `Conversation already has an active response in progress: ${this.#run.id}. Wait until the response is finished before creating a new one.`;
    return refusal('conversation_already_has_active_response', message);
  }

  #problemWith(params: Params): Refusal | undefined {
    return (
      modalityProblem(params['output_modalities'], 'response.output_modalities') ??
      tokensProblem(params['max_output_tokens'], 'response.max_output_tokens') ??
      toolsProblem(params['tools'], 'response.tools') ??
      metadataProblem(params['metadata']) ??
      this.#inputProblem(params['input'])
    );
  }

  #inputProblem(input: unknown): Refusal | undefined {
    if (!Array.isArray(input)) return undefined;
    for (const [index, entry] of input.entries()) {
      if (!isRecord(entry)) continue;
      if (entry['type'] !== 'item_reference') {
        const problem = problemWithItem(entry, `response.input[${index}]`);
        if (problem) return problem;
      } else if (!this.#parts.conversation.find(entry['id'])) {
        const message = `Item with id '${textIn(entry['id'])}' not found.`;
        return refusal('invalid_value', message, `response.input[${index}].id`);
      }
    }
    return undefined;
  }

  #inputItems(input: readonly unknown[]): ModelItem[] {
    return input.flatMap(entry => {
      if (!isRecord(entry)) return [];
      const known = entry['type'] === 'item_reference' ? this.#parts.conversation.find(entry['id']) : undefined;
      return [known ?? itemFrom(entry, 'item_of_this_response')];
    });
  }
}

/** The session's configuration with the overrides of one response; instructions replace, they do not add. */
function effectiveConfig(config: SessionConfig, params: Params): SessionConfig {
  const {output_modalities, instructions, tools, tool_choice, max_output_tokens, audio} = params;
  const given = {output_modalities, instructions, tools, tool_choice, max_output_tokens};
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const output = isRecord(audio) && isRecord(audio['output']) ? audio['output'] : {};
  const merged = {...config, ...overrides, audio: {...config.audio, output: {...config.audio.output, ...output}}};
  return merged;
}

function metadataIn({metadata}: Params): Readonly<Record<string, string>> | null {
  if (!isRecord(metadata)) return null;
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, textIn(value)]));
}

/** At most 16 pairs; keys of 64, values of 512 characters. */
function metadataProblem(metadata: unknown): Refusal | undefined {
  if (!isRecord(metadata)) return undefined;
  const pairs = Object.entries(metadata);
  const param = 'response.metadata';
  if (pairs.length > 16)
    return refusal('invalid_value', "Invalid 'response.metadata': too many properties. Expected at most 16.", param);
  if (pairs.every(([key, value]) => key.length <= 64 && textIn(value).length <= 512)) return undefined;
  return refusal('string_above_max_length', "Invalid 'response.metadata': string too long.", param);
}
