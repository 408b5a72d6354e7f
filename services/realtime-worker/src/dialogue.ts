import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Assistant} from './assistant.ts';
import {BargeIn, type FloorEffect, type FloorEvent} from './barge-in.ts';
import {type CallEffect, journal, toEdge, toModel} from './call-effect.ts';
import {cutToAudio, type RestoredCall} from './call-restore.ts';
import {Conversation} from './conversation.ts';
import {Digits} from './digits.ts';
import {Goodbye} from './goodbye.ts';
import {interruptionRecord, timingLine} from './interruption-record.ts';
import type {ConversationItem, ModelEvent} from './model-adapter.ts';
import {PlaybackLedger} from './playback-ledger.ts';
import {continueFrom, greetWith, HANG_UP, pressed} from './prompts.ts';
import {type Create, ResponseSequencer} from './response-sequencer.ts';
import {TurnLog} from './turn-log.ts';

export interface DialogueSettings {
  readonly assistant: Assistant;
  readonly epoch: number;
  readonly worker: string;
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly since: (at: Millis) => Millis;
}

/** Model events that are about what is said; the others are about the session itself. */
export type SpokenEvent = Exclude<ModelEvent, {type: 'ready' | 'lost' | 'callerSpoke' | 'callerStopped'}>;

const RETRY_AFTER_MS = 300;
const BENIGN = new Set(['response_cancel_not_active', 'conversation_already_has_active_response']);

/**
 * What is said on a call, by whom, and what the model must know of it. Joins the pure rules (who has the floor, one
 * response at a time, the goodbye, the keys) and keeps the conversation. Survives the loss of streams and sessions.
 */
export class Dialogue {
  readonly #settings: DialogueSettings;
  readonly #ledger: PlaybackLedger;
  readonly #floor: BargeIn;
  readonly #responses = new ResponseSequencer();
  readonly #conversation: Conversation;
  readonly #turns: TurnLog;
  readonly #digits = new Digits();
  readonly #goodbye = new Goodbye();
  #session = 0;
  #greeted: boolean;
  #answerOwed: boolean;
  /** A reply that broke off with the session that was speaking it. */
  #brokenOff: string | undefined;
  #speaking: {readonly itemId: string; readonly responseId: string; ms: Millis} | undefined;
  #noise = false;
  #onset: Millis | undefined;
  #failures = 0;
  #retryAt: Millis | undefined;
  #interruptions: number;
  #toolCalls: number;
  #notes = 0;
  #hopMs: Millis | undefined;

  constructor(settings: DialogueSettings, restored?: RestoredCall) {
    this.#settings = settings;
    this.#ledger = new PlaybackLedger(settings.epoch);
    this.#floor = new BargeIn(settings.assistant.floor, this.#ledger);
    this.#conversation = restored?.conversation ?? new Conversation();
    this.#greeted = restored?.greeted ?? settings.assistant.greeting === '';
    this.#answerOwed = restored?.answerOwed ?? false;
    this.#brokenOff = restored?.cutOffItem;
    this.#interruptions = restored?.interruptions ?? 0;
    this.#toolCalls = restored?.toolCalls ?? 0;
    const labels = {model: settings.assistant.model, worker: settings.worker};
    this.#turns = new TurnLog(settings.since, labels, restored?.turns);
  }

  /** What the next model session must be told about interruption. */
  get serverRights(): {readonly serverInterrupts: boolean; readonly serverResponds: boolean} {
    return {serverInterrupts: this.#floor.serverInterrupts, serverResponds: this.#floor.serverResponds};
  }

  get deadline(): Millis | undefined {
    return earliest(
      this.#floor.deadline,
      this.#responses.deadline,
      this.#digits.deadline,
      this.#goodbye.deadline,
      this.#retryAt,
    );
  }

  /** Whether stream, session or owner could change now without anybody noticing. */
  get atTurnBoundary(): boolean {
    return this.#floor.quiet && !this.#floor.callerSpeaks && !this.#responses.busy && !this.#goodbye.said;
  }

  /** The channel measured how long one hop between edge and worker takes. */
  hop(ms: Millis): void {
    this.#hopMs = ms;
  }

  /** A session is configured and knows nothing yet: what was said, and then whatever is owed. */
  sessionOpened(at: Millis): CallEffect[] {
    this.#session += 1;
    const effects = this.#conversation.history().map(item => toModel({do: 'add', item}));
    const waiting = this.#responses.reset(at);
    if (waiting) effects.push(this.#respond(waiting));
    const {instructions, greeting} = this.#settings.assistant;
    if (!this.#greeted) {
      this.#greeted = true;
      effects.push(...this.#want({cause: 'greeting', instructions: greetWith(instructions, greeting)}, at));
    } else if (this.#brokenOff !== undefined) {
      const lastWords = this.#conversation.heardText(this.#brokenOff).slice(-200);
      effects.push(...this.#want({cause: 'recovery', instructions: continueFrom(instructions, lastWords)}, at));
    } else if (this.#answerOwed) effects.push(...this.#want({cause: 'recovery'}, at));
    this.#brokenOff = undefined;
    this.#answerOwed = false;
    return effects;
  }

  /** The session is gone, and what it was saying with it. What Twilio has buffered goes on playing. */
  sessionLost(at: Millis): CallEffect[] {
    const speaking = this.#speaking;
    this.#speaking = undefined;
    this.#answerOwed = this.#responses.busy ? speaking === undefined : this.#conversation.answerOwed;
    if (speaking) {
      cutToAudio(this.#conversation, speaking.itemId, speaking.ms);
      this.#brokenOff = speaking.itemId;
      this.#turns.ended(speaking.responseId, 'failed');
    }
    return this.#floorOn({type: 'modelLost'}, at);
  }

  streamOpened(at: Millis): CallEffect[] {
    return this.#floorOn({type: 'streamOpened'}, at);
  }

  streamLost(at: Millis): CallEffect[] {
    return this.#floorOn({type: 'streamLost'}, at);
  }

  markReturned(name: string, at: Millis): CallEffect[] {
    return this.#floorOn({type: 'markReturned', name}, at);
  }

  digit(digit: string, at: Millis): void {
    this.#digits.pressed(digit, at);
  }

  /** `onset`: when the first of that speech arrived here. */
  callerSpoke(onset: Millis, at: Millis): CallEffect[] {
    this.#onset = onset;
    this.#turns.callerSpoke(onset);
    const callId = this.#goodbye.cancel();
    const stays = callId === undefined ? [] : this.#toolResult(callId, 'The caller spoke; the call goes on.');
    return [...this.#floorOn({type: 'callerSpoke'}, at), ...stays];
  }

  /** `ended`: when the last of that speech arrived here; undefined when that cannot be told. */
  callerStopped(ended: Millis | undefined, at: Millis): CallEffect[] {
    this.#turns.callerStopped(ended, at);
    const spokenMs = Math.max(0, (ended ?? at) - (this.#onset ?? at));
    return this.#floorOn({type: 'callerStopped', spokenMs}, at);
  }

  on(event: SpokenEvent, at: Millis): CallEffect[] {
    switch (event.type) {
      case 'turnCommitted':
        return this.#turnCommitted(event.itemId, at);
      case 'responseStarted':
        return this.#responseStarted(event.responseId, event.tag, at);
      case 'audio':
        return this.#audio(event, at);
      case 'audioEnded':
        if (this.#speaking?.itemId === event.itemId) this.#speaking = undefined;
        return [
          journal({is: 'complete', id: event.itemId}),
          ...this.#floorOn({type: 'itemFinished', itemId: event.itemId}, at),
        ];
      case 'words':
      case 'callerWords': {
        const whole = event.type === 'callerWords' || event.whole;
        this.#conversation.words(event.itemId, event.text, whole);
        return whole ? [journal({is: 'words', id: event.itemId, text: event.text})] : [];
      }
      case 'itemAdded':
        this.#responses.itemAdded(event.itemId);
        return [];
      case 'toolCalled':
        return this.#toolCalled(event, at);
      case 'responseEnded':
        return this.#responseEnded(event, at);
      case 'refused':
        return this.#refused(event);
      default:
        return unreachable(event);
    }
  }

  time(at: Millis): CallEffect[] {
    const effects = this.#floorOn({type: 'time'}, at);
    const keys = this.#digits.take(at);
    if (keys !== undefined) {
      const id = `note-${this.#settings.epoch}-${(this.#notes += 1)}`;
      effects.push(...this.#add({kind: 'note', id, text: pressed(keys)}));
      effects.push(...this.#want({cause: 'digits', after: [id]}, at));
    }
    if (this.#retryAt !== undefined && at >= this.#retryAt) {
      this.#retryAt = undefined;
      effects.push(...this.#want({cause: 'retry'}, at));
    }
    const create = this.#responses.time(at);
    if (create) effects.push(this.#respond(create));
    return effects;
  }

  /** What follows from whatever just happened: turns that are over, a goodbye that was heard. */
  afterwards(at: Millis): CallEffect[] {
    if (this.#goodbye.over(this.#floor.quiet, at)) {
      return [{do: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'}];
    }
    return this.#floor.quiet ? turnEffects(this.#turns.quiet(at)) : [];
  }

  /** The turn that is open when the call ends. */
  lastTurn(at: Millis): CallEffect[] {
    return turnEffects(this.#turns.close(at));
  }

  #turnCommitted(itemId: string, at: Millis): CallEffect[] {
    if (this.#noise) {
      this.#noise = false;
      return [toModel({do: 'delete', itemId})];
    }
    this.#conversation.add({kind: 'caller', id: itemId, text: ''}, this.#session);
    const effects = [journal({is: 'item', item: {kind: 'caller', id: itemId, text: ''}})];
    if (!this.#floor.serverResponds) return [...effects, ...this.#want({cause: 'turn'}, at)];
    this.#responses.turnCommitted(at);
    return effects;
  }

  #responseStarted(responseId: string, tag: string | undefined, at: Millis): CallEffect[] {
    const cause = this.#responses.created(responseId, tag)?.cause ?? 'turn';
    const turnCause = cause === 'turn' || cause === 'retry' ? 'caller' : cause;
    return [
      ...turnEffects(this.#turns.started(responseId, turnCause, at)),
      ...this.#floorOn({type: 'responseStarted', responseId, greeting: cause === 'greeting'}, at),
    ];
  }

  #audio(event: Extract<SpokenEvent, {type: 'audio'}>, at: Millis): CallEffect[] {
    const {responseId, itemId, payload} = event;
    const ms = msOfBase64(payload);
    const effects: CallEffect[] = [];
    if (this.#speaking?.itemId !== itemId) {
      this.#speaking = {itemId, responseId, ms: 0};
      effects.push(...this.#remember({kind: 'assistant', id: itemId, text: ''}));
    }
    this.#speaking.ms += ms;
    this.#failures = 0;
    this.#turns.delta(responseId, itemId, ms, at);
    return [...effects, ...this.#floorOn({type: 'assistantAudio', responseId, itemId, payload}, at)];
  }

  #toolCalled(event: Extract<SpokenEvent, {type: 'toolCalled'}>, at: Millis): CallEffect[] {
    const {callId, responseId, itemId, name} = event;
    const effects = this.#remember({kind: 'toolCall', id: itemId, callId, name, arguments: event.arguments});
    const ok = name === HANG_UP.name;
    const tool = {call: this.#toolCalls, turn: this.#turns.turn, name, at: this.#settings.since(at), durationMs: 0, ok};
    this.#toolCalls += 1;
    effects.push(journal({is: 'tool', tool}));
    if (ok) {
      this.#goodbye.say(callId, responseId);
      return effects;
    }
    effects.push(...this.#toolResult(callId, `There is no tool named ${name}.`));
    return [...effects, ...this.#want({cause: 'tool', after: [resultId(callId)]}, at)];
  }

  #responseEnded(event: Extract<SpokenEvent, {type: 'responseEnded'}>, at: Millis): CallEffect[] {
    const {responseId, status, reason, tokens} = event;
    if (this.#speaking?.responseId === responseId) this.#speaking = undefined;
    this.#turns.ended(responseId, status);
    this.#goodbye.responseEnded(responseId, this.#ledger.sentMs - this.#ledger.heard(at), at);
    const effects: CallEffect[] = tokens ? [journal({is: 'tokens', tokens})] : [];
    effects.push(...this.#floorOn({type: 'responseEnded', responseId}, at));
    const create = this.#responses.done(responseId, at);
    if (create) effects.push(this.#respond(create));
    // Silence is the one answer a caller must never get: once more, and then somebody else must speak.
    if (status === 'failed' || (status === 'incomplete' && reason === 'content_filter')) {
      effects.push({do: 'warn', what: 'the model gave no answer', code: reason ?? status, detail: ''});
      this.#failures += 1;
      if (this.#failures === 1) this.#retryAt = at + RETRY_AFTER_MS;
      else effects.push({do: 'leave', intent: 'apologise', reason: 'platform.model-lost'});
    }
    return effects;
  }

  #refused({code, message, about}: Extract<SpokenEvent, {type: 'refused'}>): CallEffect[] {
    if (about?.startsWith('respond:') && code === 'conversation_already_has_active_response') {
      this.#responses.refused(about.slice('respond:'.length));
    }
    if (BENIGN.has(code)) return [];
    const warning: CallEffect = {do: 'warn', what: `the model refused ${about ?? 'something'}`, code, detail: message};
    // It remembers more than was heard; that is worth a count, and never worth the call.
    if (!about?.startsWith('truncate:')) return [warning];
    return [warning, journal({is: 'cutRefused', id: about.slice('truncate:'.length)})];
  }

  #want(request: Parameters<ResponseSequencer['want']>[0], at: Millis): CallEffect[] {
    const create = this.#responses.want(request, at);
    return create ? [this.#respond(create)] : [];
  }

  #respond({tag, request}: Create): CallEffect {
    return toModel({
      do: 'respond',
      tag,
      ...(request.instructions === undefined ? {} : {instructions: request.instructions}),
    });
  }

  #toolResult(callId: string, output: string): CallEffect[] {
    return this.#add({kind: 'toolResult', id: resultId(callId), callId, output});
  }

  /** An item that is new to the model as well. */
  #add(item: ConversationItem): CallEffect[] {
    return [...this.#remember(item), toModel({do: 'add', item})];
  }

  #remember(item: ConversationItem): CallEffect[] {
    this.#conversation.add(item, this.#session);
    return [journal({is: 'item', item})];
  }

  #floorOn(event: FloorEvent, at: Millis): CallEffect[] {
    return this.#floor.on(event, at).flatMap(effect => this.#floorEffect(effect, at));
  }

  #floorEffect(effect: FloorEffect, at: Millis): CallEffect[] {
    switch (effect.do) {
      case 'say': {
        this.#turns.said(effect.responseId, at, this.#hopMs);
        const said = journal({is: 'said', id: effect.itemId, ms: this.#ledger.receivedMs(effect.itemId)});
        return [toEdge({kind: 'audio', payload: effect.payload, mark: effect.mark}), said];
      }
      case 'probe':
        return [toEdge({kind: 'mark', name: effect.mark})];
      case 'hush':
        return [toEdge({kind: 'clear'})];
      case 'truncate':
        return this.#cut(effect.itemId, effect.audioEndMs, effect.receivedMs);
      case 'cancel':
        return [toModel({do: 'cancel', responseId: effect.responseId})];
      case 'unprotect':
        return [toModel({do: 'interruptible', on: this.#floor.serverInterrupts})];
      case 'interrupted': {
        this.#turns.interrupted(new Map(effect.interruption.cuts.map(cut => [cut.itemId, cut.audioEndMs])), at);
        const numbers = {interruption: this.#interruptions, turn: this.#turns.turn, at: this.#settings.since(at)};
        this.#interruptions += 1;
        const record = interruptionRecord(
          effect.interruption,
          numbers,
          this.#onset === undefined ? null : at - this.#onset,
        );
        return [journal({is: 'interruption', interruption: record}), {do: 'timing', line: timingLine(effect)}];
      }
      case 'resumed':
        this.#noise = true;
        return [{do: 'timing', line: `noise: resumed with ${Math.round(effect.unheardMs)} ms still to be heard`}];
      default:
        return unreachable(effect);
    }
  }

  #cut(itemId: string, heardMs: Millis, totalMs: Millis): CallEffect[] {
    const here = this.#conversation.isAudioOf(itemId, this.#session);
    this.#conversation.cut(itemId, heardMs, totalMs);
    const fact = journal({is: 'cut', id: itemId, heardMs, totalMs});
    if (here) return [toModel({do: 'truncate', itemId, audioEndMs: heardMs}), fact];
    // Another session spoke it; this one knows it only as text.
    const text = this.#conversation.heardText(itemId);
    const shorter: CallEffect[] =
      text === '' ? [] : [toModel({do: 'add', item: {kind: 'assistant', id: `${itemId}-cut`, text}, after: itemId})];
    return [...shorter, toModel({do: 'delete', itemId}), fact];
  }
}

function resultId(callId: string): string {
  return `result-${callId}`.slice(0, 32);
}

function turnEffects(turn: ReturnType<TurnLog['close']>): CallEffect[] {
  if (!turn) return [];
  const gap = turn.platformTurnGapMs;
  return [journal({is: 'turn', turn}), ...(gap === null ? [] : [{do: 'measure', what: 'turnGap', ms: gap} as const])];
}

export function earliest(...moments: (Millis | undefined)[]): Millis | undefined {
  const known = moments.filter(moment => moment !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
