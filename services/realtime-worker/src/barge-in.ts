import {bytesOfBase64, BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type Cut, type Interruption, type Piece, PlaybackLedger} from './playback-ledger.ts';

/** How one assistant yields. */
export interface FloorPolicy {
  /** `resume`: a noise without words is forgiven, and the reply goes on where the caller stopped hearing it. */
  readonly mode: 'immediate' | 'resume';
  /** The caller must have spoken this long before we yield. 0: at once. */
  readonly minSpeechMs: Millis;
  /** The first audible part of the greeting that line noise cannot stop. */
  readonly greetingProtectedMs: Millis;
  /** With `resume`: speech shorter than this is noise. */
  readonly noiseMs: Millis;
  readonly uninterruptible: boolean;
}

export type FloorEvent =
  | {readonly type: 'responseStarted'; readonly responseId: string; readonly greeting: boolean}
  | {readonly type: 'assistantAudio'; readonly responseId: string; readonly itemId: string; readonly payload: string}
  | {readonly type: 'itemFinished'; readonly itemId: string}
  | {readonly type: 'responseEnded'; readonly responseId: string}
  | {readonly type: 'callerSpoke'}
  /** `spokenMs`: how long the caller really spoke, the silence that proved the end not counted. */
  | {readonly type: 'callerStopped'; readonly spokenMs: Millis}
  | {readonly type: 'markReturned'; readonly name: string}
  | {readonly type: 'streamOpened'}
  | {readonly type: 'streamLost'}
  /** The model's session is another one: what it was about to say will not come. */
  | {readonly type: 'modelLost'}
  /** Some time passed; `deadline` says when it is wanted. */
  | {readonly type: 'time'};

export type FloorEffect =
  | {
      readonly do: 'say';
      readonly payload: string;
      readonly mark: string;
      readonly itemId: string;
      readonly responseId: string;
    }
  | {readonly do: 'probe'; readonly mark: string}
  /** Twilio: drop what is buffered. */
  | {readonly do: 'hush'}
  /** The model: forget what was not heard. */
  | ({readonly do: 'truncate'} & Cut)
  /** The model: stop generating. Never where the server stops by itself. */
  | {readonly do: 'cancel'; readonly responseId: string}
  /** From now on the server may interrupt by itself. */
  | {readonly do: 'unprotect'}
  | {readonly do: 'interrupted'; readonly interruption: Interruption; readonly roundTrip: Millis | undefined}
  | {readonly do: 'resumed'; readonly unheardMs: Millis};

interface Response {
  silenced: boolean;
  ended: boolean;
  readonly greeting: boolean;
}

/**
 * Who has the floor. No sockets, no timers, no logs: an event and the time in, effects out.
 *
 *   listening ──reply──> speaking ──callerSpoke──> yielded (immediate)
 *                           │  ^                └─> paused ──noise──> speaking (resume)
 *                           └──┘ protected, or too short to count     └─words──> yielded
 */
export class BargeIn {
  readonly #policy: FloorPolicy;
  readonly #ledger: PlaybackLedger;
  readonly #responses = new Map<string, Response>();
  readonly #unfinished = new Set<string>();
  readonly #itemMs = new Map<string, Millis>();
  /** Nobody to say it to yet (no stream), or not now (paused). */
  #held: Piece[] = [];
  #streamOpen = false;
  #paused: {readonly interruption: Interruption; readonly until: Millis} | undefined;
  #callerSpeaksSince: Millis | undefined;
  #yieldAt: Millis | undefined;
  #greetingHeardAt: Millis | undefined;
  #unprotected = false;

  constructor(policy: FloorPolicy, ledger: PlaybackLedger) {
    this.#policy = policy;
    this.#ledger = ledger;
  }

  /** Whether the server is told to cancel a response by itself when it hears the caller. */
  get serverInterrupts(): boolean {
    const {mode, minSpeechMs, uninterruptible, greetingProtectedMs} = this.#policy;
    return (
      mode === 'immediate' && minSpeechMs === 0 && !uninterruptible && (this.#unprotected || greetingProtectedMs === 0)
    );
  }

  /** Whether the server answers a turn by itself; with `resume` only we know whether it was one. */
  get serverResponds(): boolean {
    return this.#policy.mode === 'immediate';
  }

  /** When `time` is wanted next. */
  get deadline(): Millis | undefined {
    const due = [this.#yieldAt, this.#paused?.until, this.#protectedUntil()].filter(each => each !== undefined);
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  /** Whether everything that was said has been heard, by proof. */
  get quiet(): boolean {
    return !this.#ledger.playing && this.#held.length === 0 && this.#paused === undefined;
  }

  get callerSpeaks(): boolean {
    return this.#callerSpeaksSince !== undefined;
  }

  on(event: FloorEvent, at: Millis): FloorEffect[] {
    switch (event.type) {
      case 'responseStarted':
        this.#responses.set(event.responseId, {silenced: false, ended: false, greeting: event.greeting});
        return [];
      case 'assistantAudio':
        return this.#assistantAudio(event, at);
      case 'itemFinished':
        this.#unfinished.delete(event.itemId);
        return [];
      case 'responseEnded': {
        const response = this.#responses.get(event.responseId);
        if (response) response.ended = true;
        this.#forgetOldResponses();
        return [];
      }
      case 'callerSpoke':
        return this.#callerSpoke(at);
      case 'callerStopped':
        return this.#callerStopped(event.spokenMs, at);
      case 'markReturned':
        this.#ledger.returned(event.name, at);
        return [];
      case 'streamOpened':
        this.#streamOpen = true;
        return [...this.#measure(at), ...this.#sayHeld(at)];
      case 'streamLost':
        this.#streamOpen = false;
        if (!this.#paused) this.#held.unshift(...this.#ledger.streamLost(at));
        return [];
      case 'modelLost':
        for (const response of this.#responses.values()) response.ended = true;
        this.#unfinished.clear();
        return [];
      case 'time':
        return this.#time(at);
      default:
        return unreachable(event);
    }
  }

  #assistantAudio(event: Extract<FloorEvent, {type: 'assistantAudio'}>, at: Millis): FloorEffect[] {
    const {responseId, itemId, payload} = event;
    // A delta can come without its response.created only from a server that is not strict; it is still speech.
    const response = this.#responses.get(responseId) ?? {silenced: false, ended: false, greeting: false};
    this.#responses.set(responseId, response);
    if (response.silenced) return []; // it was already on its way when we hushed
    const itemFrom = this.#itemMs.get(itemId) ?? 0;
    if (itemFrom === 0) this.#unfinished.add(itemId);
    this.#itemMs.set(itemId, itemFrom + bytesOfBase64(payload) / BYTES_PER_MS);
    const piece = {itemId, responseId, itemFrom, payload};
    if (!this.#streamOpen || this.#paused) {
      this.#held.push(piece);
      return [];
    }
    return [...this.#measure(at), this.#say(piece, at)];
  }

  #say(piece: Piece, at: Millis): FloorEffect {
    if (this.#greetingHeardAt === undefined && this.#responses.get(piece.responseId)?.greeting) {
      this.#greetingHeardAt = at;
    }
    const mark = this.#ledger.sent(piece, at);
    return {do: 'say', payload: piece.payload, mark, itemId: piece.itemId, responseId: piece.responseId};
  }

  #sayHeld(at: Millis): FloorEffect[] {
    return this.#held.splice(0).map(piece => this.#say(piece, at));
  }

  #measure(at: Millis): FloorEffect[] {
    const mark = this.#ledger.probe(at);
    return mark === undefined ? [] : [{do: 'probe', mark}];
  }

  #callerSpoke(at: Millis): FloorEffect[] {
    this.#callerSpeaksSince = at;
    if (this.#paused || !this.#hasFloor()) return this.#silenceWhatNobodyHeard();
    if (this.#policy.uninterruptible) return [];
    const protectedUntil = this.#protectedUntil() ?? at;
    const yieldAt = Math.max(at + this.#policy.minSpeechMs, protectedUntil);
    if (yieldAt > at) {
      this.#yieldAt = yieldAt;
      return [];
    }
    return this.#yield(at);
  }

  #callerStopped(spokenMs: Millis, at: Millis): FloorEffect[] {
    this.#callerSpeaksSince = undefined;
    this.#yieldAt = undefined;
    if (!this.#paused) return [];
    return spokenMs < this.#policy.noiseMs ? this.#resume(at) : this.#giveWay();
  }

  #time(at: Millis): FloorEffect[] {
    const effects: FloorEffect[] = [];
    if (this.#yieldAt !== undefined && at >= this.#yieldAt) {
      this.#yieldAt = undefined;
      if (this.#callerSpeaksSince !== undefined && this.#hasFloor()) effects.push(...this.#yield(at));
    }
    // Speech that never ended and never became a turn: the reply must not stay unsaid.
    if (this.#paused && at >= this.#paused.until) effects.push(...this.#resume(at));
    const protectedUntil = this.#protectedUntil();
    if (protectedUntil !== undefined && at >= protectedUntil) {
      this.#unprotected = true;
      effects.push({do: 'unprotect'});
    }
    return effects;
  }

  #yield(at: Millis): FloorEffect[] {
    const hush: FloorEffect[] = this.#ledger.playing ? [{do: 'hush'}] : [];
    const roundTrip = this.#ledger.roundTrip;
    const interruption = this.#ledger.interrupt(at, this.#unfinished);
    if (this.#policy.mode === 'resume') {
      this.#paused = {interruption, until: at + PAUSED_AT_MOST_MS};
      this.#held = [...interruption.unheard];
      return hush;
    }
    return [...hush, ...this.#forget(interruption), {do: 'interrupted', interruption, roundTrip}];
  }

  /** It was a turn: what the caller did not hear must not be remembered as said. */
  #giveWay(): FloorEffect[] {
    if (!this.#paused) return [];
    const {interruption} = this.#paused;
    this.#paused = undefined;
    const known = new Set(interruption.cuts.map(cut => cut.itemId));
    const later = new Map<string, Cut>();
    for (const {itemId} of this.#held) {
      if (!known.has(itemId)) later.set(itemId, {itemId, audioEndMs: 0, receivedMs: this.#itemMs.get(itemId) ?? 0});
    }
    this.#held = [];
    const whole = {...interruption, cuts: [...interruption.cuts, ...later.values()]};
    return [...this.#forget(whole), {do: 'interrupted', interruption: whole, roundTrip: this.#ledger.roundTrip}];
  }

  #forget(interruption: Interruption): FloorEffect[] {
    return [
      ...interruption.cuts.map((cut): FloorEffect => ({do: 'truncate', ...cut})),
      ...this.#silenceWhatNobodyHeard(),
    ];
  }

  /** Responses that are still being made are over for the caller, also one that has not said anything yet. */
  #silenceWhatNobodyHeard(): FloorEffect[] {
    if (this.#paused || this.#policy.uninterruptible || (this.#policy.mode === 'resume' && this.#ledger.playing))
      return [];
    const effects: FloorEffect[] = [];
    for (const [responseId, response] of this.#responses) {
      if (response.ended || response.silenced) continue;
      if (response.greeting && !this.#unprotected && this.#policy.greetingProtectedMs > 0) continue;
      response.silenced = true;
      if (!this.serverInterrupts) effects.push({do: 'cancel', responseId});
    }
    this.#unfinished.clear();
    return effects;
  }

  #resume(at: Millis): FloorEffect[] {
    const unheardMs = this.#held.reduce((sum, piece) => sum + bytesOfBase64(piece.payload) / BYTES_PER_MS, 0);
    this.#paused = undefined;
    return [{do: 'resumed', unheardMs}, ...(this.#streamOpen ? this.#sayHeld(at) : [])];
  }

  /** Something is audible, or about to be. */
  #hasFloor(): boolean {
    return this.#ledger.playing || this.#held.length > 0;
  }

  /** Until when the greeting cannot be stopped; undefined when it can. A greeting nobody hears yet is protected. */
  #protectedUntil(): Millis | undefined {
    if (this.#unprotected || this.#policy.greetingProtectedMs === 0) return undefined;
    return this.#greetingHeardAt === undefined ? undefined : this.#greetingHeardAt + this.#policy.greetingProtectedMs;
  }

  #forgetOldResponses(): void {
    for (const [responseId, response] of this.#responses) {
      if (this.#responses.size <= 8) return;
      if (response.ended) this.#responses.delete(responseId);
    }
  }
}

/** A pause that nobody ended: a lost speech_stopped must not swallow the reply. */
const PAUSED_AT_MOST_MS = 15_000;
