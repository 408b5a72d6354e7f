import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {AudioFormat} from '../audio/audio-format.ts';
import type {Conversation, Placed} from '../state/conversation.ts';
import type {Knobs} from '../knobs/knobs.ts';
import {type ItemOrigin, ModelItem, type ItemStatus} from '../state/model-item.ts';
import type {HostedMcp} from './hosted-mcp.ts';
import type {Outbox, ServerEvent} from './outbox.ts';
import type {Random} from '../random.ts';
import type {Ending, PlannedItem, ResponsePlan, Step} from './response-plan.ts';
import type {LoggedResponse} from '../state/session-log.ts';

/** What a running response uses of its session. */
export interface Stage {
  readonly clock: Clock;
  readonly random: Random;
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  readonly hosted: HostedMcp;
  readonly knobs: () => Readonly<Knobs>;
}

export interface RunSettings {
  readonly plan: ResponsePlan;
  readonly record: LoggedResponse;
  readonly format: AudioFormat;
  readonly modality: 'audio' | 'text';
  /** The unchanging part of the `response` object; `conversation_id` is null for an out-of-band response. */
  readonly face: Readonly<Record<string, unknown>>;
  readonly outOfBand: boolean;
  /** `response.created` is sent; without it, a fault. */
  readonly announced: boolean;
  /** A cancel has no effect; a fault. */
  readonly deaf: boolean;
  readonly usage: (items: readonly ModelItem[]) => Record<string, unknown> | null;
  /** Gets the `response.done` to send; the slot is free from now on. */
  readonly ended: (run: ResponseRun, done: ServerEvent) => void;
}

type CancelReason = 'turn_detected' | 'client_cancelled';
type Final = Ending | {readonly status: 'cancelled'; readonly reason: CancelReason};

interface OpenItem {
  readonly placed: Placed;
  readonly planned: PlannedItem;
  streamed: string;
  closed: boolean;
}

/**
 * One response while it is sent: plays a plan against the clock.
 *
 *   generating ──(plan ends)──> ended
 *       └──(cancel)──> stragglers ──> ended
 */
export class ResponseRun {
  readonly id: string;
  readonly record: LoggedResponse;
  readonly outOfBand: boolean;
  readonly #stage: Stage;
  readonly #settings: RunSettings;
  readonly #startedAt: Millis;
  readonly #open = new Map<number, OpenItem>();
  #state: 'generating' | 'cancelling' | 'ended' = 'generating';
  #next = 0;
  #stopTimer: Cancel = () => {};

  constructor(stage: Stage, settings: RunSettings) {
    this.#stage = stage;
    this.#settings = settings;
    this.id = settings.record.id;
    this.record = settings.record;
    this.outOfBand = settings.outOfBand;
    this.#startedAt = stage.clock.now();
  }

  get state(): 'generating' | 'cancelling' | 'ended' {
    return this.#state;
  }

  get items(): readonly ModelItem[] {
    return [...this.#open.values()].map(({placed}) => placed.item);
  }

  /** An item of this response that is still being generated. */
  isGenerating(itemId: unknown): boolean {
    return [...this.#open.values()].some(({placed, closed}) => !closed && placed.item.id === itemId);
  }

  start(): void {
    const face = {...this.#settings.face, status: 'in_progress', status_details: null, output: [], usage: null};
    if (this.#settings.announced) this.#stage.outbox.emit({type: 'response.created', response: face});
    this.#arm();
  }

  /** Stops generating; a few deltas that were on their way still go out. */
  cancel(reason: CancelReason): void {
    if (this.#state !== 'generating' || this.#settings.deaf) return;
    this.#state = 'cancelling';
    this.#stopTimer();
    const {stragglers, stragglerGapMs} = this.#stage.knobs();
    const late = this.#settings.plan.steps
      .slice(this.#next)
      .filter(step => step.do === 'audio' && this.#open.get(step.item)?.closed === false)
      .slice(0, this.#stage.random.whole(stragglers));
    const trickle = () => {
      const step = late.shift();
      if (!step) return this.#end({status: 'cancelled', reason});
      this.#stopTimer = this.#stage.clock.after(stragglerGapMs, () => {
        this.#perform(step);
        trickle();
      });
    };
    trickle();
  }

  /** The session is gone: nothing more is sent. */
  abandon(): void {
    this.#state = 'ended';
    this.#stopTimer();
  }

  #arm(): void {
    const step = this.#settings.plan.steps[this.#next];
    const due = this.#startedAt + (step?.at ?? this.#settings.plan.endsAt);
    if (due === Infinity) return;
    this.#stopTimer = this.#stage.clock.after(Math.max(0, due - this.#stage.clock.now()), () => this.#advance());
  }

  #advance(): void {
    const {steps, endsAt, ending} = this.#settings.plan;
    const elapsed = this.#stage.clock.now() - this.#startedAt;
    for (;;) {
      const step = steps[this.#next];
      // Timers may fire a fraction of a millisecond early.
      if (!step || step.at > elapsed + 0.5) break;
      this.#next += 1;
      this.#perform(step);
      if (this.#state !== 'generating') return;
    }
    if (this.#next >= steps.length && endsAt <= elapsed + 0.5) this.#end(ending);
    else this.#arm();
  }

  #perform(step: Step): void {
    if (step.do === 'open') return this.#openItem(step.item);
    const open = this.#open.get(step.item);
    if (!open || open.closed) return;
    const {item} = open.placed;
    const emit = (event: ServerEvent) => this.#stage.outbox.emit(event);
    switch (step.do) {
      case 'words': {
        open.streamed += step.text;
        item.text = open.streamed;
        const type =
          item.content === 'output_text' ? 'response.output_text.delta' : 'response.output_audio_transcript.delta';
        return emit({type, ...this.#place(step.item, item), delta: step.text, obfuscation: this.#padding()});
      }
      case 'audio': {
        const {planned} = open;
        if (planned.kind !== 'speech') return;
        const audio = planned.audio.subarray(step.from, step.to);
        item.addAudio(audio);
        if (!this.outOfBand) this.#stage.conversation.noteSpeech();
        this.record.firstAudioAt ??= this.#stage.clock.now();
        return emit({
          type: 'response.output_audio.delta',
          ...this.#place(step.item, item),
          delta: audio.toString('base64'),
        });
      }
      case 'arguments': {
        open.streamed += step.text;
        item.payload = open.streamed;
        if (item.type === 'mcp_approval_request') return;
        const {content_index: _, ...place} = this.#place(step.item, item);
        const text = {delta: step.text, obfuscation: this.#padding()};
        if (item.type === 'mcp_call') return emit({type: 'response.mcp_call_arguments.delta', ...place, ...text});
        const delta = {call_id: item.callId, ...text};
        return emit({type: 'response.function_call_arguments.delta', ...place, ...delta});
      }
      case 'close':
        return this.#closeItem(step.item, open, 'completed');
      default:
        return step satisfies never;
    }
  }

  #openItem(index: number): void {
    const planned = this.#settings.plan.items[index];
    if (!planned) return;
    const {outbox, conversation, random} = this.#stage;
    const {modality, format} = this.#settings;
    const item = new ModelItem({
      id: random.id('item_'),
      status: 'in_progress',
      format,
      ...this.#originOf(planned),
    });
    const placed = this.outOfBand ? {item, previousItemId: null, ordinal: 0} : conversation.append(item);
    this.#open.set(index, {placed, planned, streamed: '', closed: false});
    this.record.items.push(item.id);
    outbox.emit({type: 'response.output_item.added', response_id: this.id, output_index: index, item: item.toWire()});
    if (!this.outOfBand) outbox.itemAdded(placed);
    if (planned.kind !== 'speech') return;
    item.content = modality === 'audio' ? 'output_audio' : 'output_text';
    outbox.emit({type: 'response.content_part.added', ...this.#place(index, item), part: partOf(item, '')});
  }

  #originOf(planned: PlannedItem): Omit<ItemOrigin, 'id'> {
    const {random, hosted} = this.#stage;
    if (planned.kind === 'speech') return {type: 'message', role: 'assistant', phase: planned.phase, tag: planned.tag};
    const {name} = planned;
    if (planned.kind === 'call') return {type: 'function_call', call: {callId: random.id('call_', 16), name}};
    const {server} = planned;
    const type = hosted.needsApproval(server, planned.name) ? 'mcp_approval_request' : 'mcp_call';
    return {type, call: {callId: undefined, name}, hosted: {server, approvalRequestId: undefined}};
  }

  #closeItem(index: number, open: OpenItem, status: ItemStatus): void {
    const {outbox} = this.#stage;
    const {item} = open.placed;
    const place = this.#place(index, item);
    open.closed = true;
    item.status = status;
    if (item.type === 'mcp_call' && status === 'completed') {
      const {content_index: _, ...rest} = place;
      item.status = 'in_progress';
      outbox.emit({type: 'response.mcp_call_arguments.done', ...rest, arguments: open.streamed});
      // Its item is done when it has a result, which may be after this response.
      return this.#stage.hosted.run(item, this.id, index);
    }
    if (item.type === 'function_call') {
      const {content_index: _, ...rest} = place;
      const whole = {call_id: item.callId, name: item.name, arguments: open.streamed};
      outbox.emit({type: 'response.function_call_arguments.done', ...rest, ...whole});
    } else if (item.type === 'message') {
      if (item.content === 'output_text') {
        outbox.emit({type: 'response.output_text.done', ...place, text: open.streamed});
      } else {
        outbox.emit({type: 'response.output_audio.done', ...place});
        outbox.emit({type: 'response.output_audio_transcript.done', ...place, transcript: open.streamed});
      }
      outbox.emit({type: 'response.content_part.done', ...place, part: partOf(item, open.streamed)});
    }
    if (!this.outOfBand) outbox.itemDone(open.placed);
    outbox.emit({type: 'response.output_item.done', response_id: this.id, output_index: index, item: item.toWire()});
  }

  #end(final: Final): void {
    for (const [index, open] of this.#open) if (!open.closed) this.#closeItem(index, open, 'incomplete');
    this.#state = 'ended';
    this.record.status = final.status;
    this.record.reason = 'reason' in final ? final.reason : 'code' in final ? final.code : undefined;
    this.record.doneAt = this.#stage.clock.now();
    const response = {
      ...this.#settings.face,
      status: final.status,
      status_details: statusDetails(final),
      output: this.items.map(item => item.toWire()),
      usage: this.#settings.usage(this.items),
    };
    this.#settings.ended(this, {type: 'response.done', response});
  }

  #place(index: number, item: ModelItem) {
    return {response_id: this.id, item_id: item.id, output_index: index, content_index: 0};
  }

  /** Text-like deltas carry random padding. */
  #padding(): string {
    return this.#stage.random.id('', this.#stage.random.whole([2, 14]));
  }
}

function partOf(item: ModelItem, text: string): Record<string, unknown> {
  return item.content === 'output_text' ? {type: 'text', text} : {type: 'audio', transcript: text};
}

function statusDetails(final: Final): Record<string, unknown> | null {
  if (final.status === 'completed') return null;
  if (final.status !== 'failed') return {type: final.status, reason: final.reason};
  return {
    type: 'failed',
    error: {
      type: errorType(final.code),
      code: final.code,
      message: final.message ?? `The response failed: ${final.code}.`,
    },
  };
}

function errorType(code: string): string {
  if (code === 'server_error' || code === 'insufficient_quota') return code;
  return code.includes('rate_limit') ? 'rate_limit_error' : 'invalid_request_error';
}
