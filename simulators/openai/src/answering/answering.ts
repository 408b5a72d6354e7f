import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import {type AnswerFault} from '../knobs/answer-faults.ts';
import {faultyReply, ignoresCancel, rateLimitMessage} from './answer-fault.ts';
import type {ModelItem} from '../state/model-item.ts';
import {replyTo, type ModelScript, type Reply, type Turn, type TurnSession} from './model-script.ts';
import type {ServerEvent} from './outbox.ts';
import {refusal, type Refusal} from '../json/refusal.ts';
import {contextOf, effectiveConfig, metadataIn, problemWithParams, type Params} from './response-params.ts';
import {planResponse} from './response-plan.ts';
import {ResponseRun, type Stage} from './response-run.ts';
import {isSecondGeneration, type SessionConfig} from '../state/session-config.ts';
import type {LoggedResponse, SessionLog} from '../state/session-log.ts';
import {contextTokens, fractional, outputTokens, usage, type Tokens} from '../state/usage.ts';

export interface AnsweringParts extends Stage {
  readonly log: SessionLog;
  readonly session: TurnSession;
  readonly conversationId: string;
  readonly script: () => ModelScript;
  readonly nextTag: () => number;
  /** Resets a knob that is used once. */
  readonly takeFailure: () => string | null;
  /** The fault of the next answer. */
  readonly takeFault: () => AnswerFault | undefined;
  readonly callerTranscript: () => string | undefined;
  /** After each `response.done` of the conversation: ms of audio it holds, and how it ended. */
  readonly answered: (audioMs: number, record: LoggedResponse) => void;
}

/** The words of Speaches, whose errors are the server's own. */
const NO_METADATA: Refusal = {
  type: 'server_error',
  code: null,
  message: 'Specifying `response.metadata` is not supported.',
  param: null,
};

const SERVER_ERROR: Refusal = {
  type: 'server_error',
  code: null,
  message: 'The server had an error while processing your request. Sorry about that!',
  param: null,
};

/**
 * Decides when the model may answer. The conversation has one response at a time: its slot is free again at
 * `response.done` and not before, also after a cancel. Out-of-band responses run beside it.
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
  /** Until then every answer is rate-limited. */
  #limitedUntil: Millis = -Infinity;

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
    const {session, conversation, outbox} = this.#parts;
    const problem = problemWithParams(params, conversation) ?? (outOfBand ? undefined : this.#slotProblem());
    if (problem) return problem;
    const given = metadataIn(params);
    const {metadata: habit} = this.#parts.knobs();
    if (given !== null && habit !== 'echoed') {
      if (habit === 'refused') return NO_METADATA;
      if (habit === 'complained') outbox.refuse(NO_METADATA);
    }
    const fault = outOfBand ? undefined : this.#fault(kind);
    if (fault === 'swallowed') return undefined;
    if (fault === 'server-error') {
      outbox.refuse(SERVER_ERROR);
      return undefined;
    }
    const config = effectiveConfig(session.config, params);
    // The response that has taken the slot is not the one that was asked for.
    const metadata = habit === 'echoed' && fault !== 'slot-taken' ? given : null;
    this.#created += 1;
    const turn: Turn = {
      number: this.#created,
      kind: kind === 'asked' ? this.#kind() : kind,
      session,
      instructions: config.instructions,
      metadata,
      callerTranscript: this.#parts.callerTranscript(),
    };
    const message = rateLimitMessage(this.#limitedUntil - this.#parts.clock.now());
    const reply = faultyReply(this.#reply(turn), fault, message);
    this.#begin(reply, config, {outOfBand, metadata, context: contextOf(params, conversation), fault});
    const taken = fault === 'slot-taken' ? this.#slotProblem() : undefined;
    if (taken) outbox.refuse(taken);
    return undefined;
  }

  #fault(kind: Turn['kind'] | 'asked'): AnswerFault | undefined {
    const {takeFault, knobs, clock, random, log} = this.#parts;
    const now = clock.now();
    const drawn = takeFault();
    if (drawn === 'rate-limited')
      this.#limitedUntil = Math.max(this.#limitedUntil, now + random.between(knobs().rateLimitMs));
    // An automatic answer has no request whose slot another response could take.
    const own = drawn === 'slot-taken' && kind !== 'asked' ? undefined : drawn;
    const fault = now < this.#limitedUntil ? 'rate-limited' : own;
    if (fault) log.faults.push({at: now, fault});
    return fault;
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
    how: {
      readonly outOfBand: boolean;
      readonly metadata: Readonly<Record<string, string>> | null;
      readonly context: readonly ModelItem[];
      readonly fault: AnswerFault | undefined;
    },
  ): void {
    const {random, clock, log, knobs, nextTag, conversationId, outbox} = this.#parts;
    const {format, voice} = config.audio.output;
    const {fault} = how;
    const modality = fault === 'text' ? 'text' : (config.output_modalities[0] ?? 'audio');
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
        fault,
      }),
      record,
      format,
      modality,
      outOfBand: how.outOfBand,
      announced: fault !== 'no-created',
      deaf: ignoresCancel(fault),
      face: {
        object: 'realtime.response',
        id: record.id,
        conversation_id: how.outOfBand ? null : conversationId,
        output_modalities: config.output_modalities,
        max_output_tokens: config.max_output_tokens,
        audio: {output: {format, voice}},
        ...(knobs().metadata === 'absent' ? {} : {metadata: how.metadata}),
      },
      usage: items => this.#counted(usage(read, outputTokens(items), readBefore)),
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

  #counted(usage: Record<string, unknown>): Record<string, unknown> | null {
    const {usage: how} = this.#parts.knobs();
    if (how === 'null') return null;
    return how === 'fractional' ? fractional(usage) : usage;
  }

  /** Recorded sessions carry only the `tokens` entry. */
  #rateLimits(): ServerEvent {
    const used = this.#read.text + this.#read.audio;
    const limit = 15_000_000;
    const wait = (this.#limitedUntil - this.#parts.clock.now()) / 1000;
    const entry = {
      name: 'tokens',
      limit,
      remaining: Math.max(0, limit - used),
      reset_seconds: Math.max(used / 250_000, wait),
    };
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
    const last = items.at(-1)?.type;
    if (last === 'function_call_output' || last === 'mcp_call' || last === 'mcp_approval_response')
      return 'tool-result';
    const hasBegun = items.some(({role, content}) => role === 'assistant' || content === 'input_audio');
    return hasBegun || this.#created > 1 ? 'turn' : 'greeting';
  }

  #slotProblem(): Refusal | undefined {
    if (!this.#run) return undefined;
    const message = `Conversation already has an active response in progress: ${this.#run.id}. Wait until the response is finished before creating a new one.`;
    return refusal('conversation_already_has_active_response', message);
  }
}
