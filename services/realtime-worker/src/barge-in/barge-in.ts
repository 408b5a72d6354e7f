import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {ServerRights} from '../model/model-adapter.ts';
import type {FloorEffect, FloorEvent, Interruption, Silenced, Stop, SentBefore} from './floor-events.ts';
import {NOTHING_SENT, NOTHING_SILENCED, serverRights, truncations, cancels} from './floor-events.ts';
import type {PlaybackLedger} from '../playback/playback-ledger.ts';
import {GreetingProtection} from './greeting-protection.ts';
import {AudibleResponses} from './audible-responses.ts';
import {splitFirst, type Piece} from '../playback/playout-timeline.ts';
import {MinSpeech} from './min-speech.ts';

/** A pause that nobody ended: a lost speech_stopped must not swallow the reply. */
const PAUSED_AT_MOST_MS = 15_000;

/**
 * Who has the floor. No sockets, no timers, no logs: an event and the time in, effects out.
 *
 *   listening ──reply──> speaking ──callerSpoke──> stopping ──landed──> listening (immediate)
 *                           │  ^                      └─> paused ──noise──> speaking (resume)
 *                           └──┘ protected, or too        └──words──> listening
 *                                short to count
 *
 * `clear` goes out at once; the cuts follow when the clear has landed, or a moment later if nobody tells.
 */
export class BargeIn {
  readonly #policy: FloorPolicy;
  readonly #ledger: PlaybackLedger;
  readonly #responses: AudibleResponses;
  /** Nobody to say it to yet (no stream), or not now (paused), or never (stopping). */
  #held: Piece[] = [];
  #streamOpen = false;
  #stop: Stop | undefined;
  #pausedUntil: Millis | undefined;
  /** Whether the model hears the caller speak. Written here only. */
  callerSpeaks = false;
  readonly #weighing = new MinSpeech();
  readonly #guard: GreetingProtection;

  /** `greets`: the greeting is still to come, and is protected. */
  constructor(policy: FloorPolicy, ledger: PlaybackLedger, greets: boolean) {
    this.#policy = policy;
    this.#ledger = ledger;
    this.#responses = new AudibleResponses();
    this.#guard = new GreetingProtection(policy.greetingProtectedMs, greets);
  }

  /** Another owner of the call said this, `agoMs` before `at`; Twilio may still be playing it. */
  adopt({itemId, itemFrom, ms, agoMs}: SentBefore, at: Millis): void {
    this.#responses.restored(itemId, itemFrom + ms);
    this.#ledger.sent({itemId, responseId: '', itemFrom, ms, payload: ''}, at - agoMs);
  }

  /** What the server is told to do by itself. */
  get serverRights(): ServerRights {
    return serverRights(this.#policy, this.#guard.isLifted);
  }

  /** When `time` is wanted next. */
  get deadline(): Millis | undefined {
    const landsBy = this.#stop?.settled ? undefined : this.#ledger.confirmsBy;
    const unprotectAt = this.callerSpeaks ? undefined : this.#guard.until;
    return earliest(this.#weighing.until, this.#pausedUntil, landsBy, unprotectAt);
  }

  /** Whether everything that was said has been heard, as far as anybody can tell. */
  quiet(at: Millis): boolean {
    return this.#stop === undefined && this.#held.length === 0 && !this.#ledger.playing(at);
  }

  /** Whether it matters what can be heard in the caller's frames: we wait to see if the speech goes on. */
  get weighing(): boolean {
    return this.#weighing.isHolding;
  }

  /** Whether the caller spoke over this response: what it still brings was never said. */
  isSilenced(responseId: string): boolean {
    return this.#responses.isSilenced(responseId);
  }

  on(event: FloorEvent, at: Millis): FloorEffect[] {
    switch (event.type) {
      case 'responseStarted':
        return this.#responseStarted(event, at);
      case 'assistantAudio':
        return this.#assistantAudio(event, at);
      case 'itemFinished':
        this.#responses.itemFinished(event.itemId);
        return [];
      case 'responseEnded':
        this.#responses.ended(event.responseId);
        return [];
      case 'callerSpoke':
        return this.#callerSpoke(event, at);
      case 'keyPressed':
        return this.#keyPressed(at);
      case 'abandoned':
        return cancels(this.#responses.abandon(event.responseId));
      case 'callerHeard':
        this.#weighing.heard(at);
        return this.#weighing.lasted(at) ? this.#yield(at) : [];
      case 'callerStopped':
        return this.#callerStopped(event.spokenMs, at);
      case 'markReturned':
        return this.#ledger.markReturned(event.name, at) === 'landed' ? this.#settle(at) : [];
      case 'streamOpened':
        this.#streamOpen = true;
        return [
          {do: 'mark', mark: this.#ledger.probe(at)},
          ...(this.#stop ? [] : this.#held.splice(0).flatMap(piece => this.#say(piece, at))),
        ];
      case 'streamLost': {
        const effects = this.#settle(at);
        this.#streamOpen = false;
        this.#held.unshift(...this.#ledger.streamLost(at));
        return effects;
      }
      case 'modelLost':
        this.#responses.allLost();
        return this.#modelLost(at);
      case 'over':
        return [...this.#settle(at), ...this.#giveWay(at), ...this.#cutOff(event)];
      case 'time':
        return this.#time(at);
      default:
        return unreachable(event);
    }
  }

  #responseStarted(
    {responseId, greeting, asked}: Extract<FloorEvent, {type: 'responseStarted'}>,
    at: Millis,
  ): FloorEffect[] {
    // We asked before we knew that the caller speaks, and they spoke before the server knew that we asked.
    const silenced = asked && !greeting && this.callerSpeaks && !this.#policy.uninterruptible;
    this.#responses.started(responseId, {greeting, silenced});
    return silenced ? cancels([responseId]) : this.#settle(at);
  }

  #assistantAudio(event: Extract<FloorEvent, {type: 'assistantAudio'}>, at: Millis): FloorEffect[] {
    const {responseId, itemId, payload} = event;
    if (this.#responses.isSilenced(responseId)) {
      // It was on its way when we cleared. The model believes that it said even an item that began only then.
      return this.#responses.dropped(itemId) ? [{do: 'truncate', itemId, audioEndMs: 0, receivedMs: 0}] : [];
    }
    const ms = msOfBase64(payload);
    const itemFrom = this.#responses.received(responseId, itemId, ms);
    const effects = this.#pausedUntil === undefined ? this.#settle(at) : [];
    const piece = {itemId, responseId, itemFrom, ms, payload};
    if (this.#streamOpen && !this.#stop) return [...effects, ...this.#say(piece, at)];
    this.#held.push(piece);
    return effects;
  }

  #say(piece: Piece, at: Millis): FloorEffect[] {
    if (piece.payload === '') return [];
    const {responseId} = piece;
    if (this.#responses.isGreeting(responseId)) this.#greetingSounds(at);
    const opening = this.#ledger.opening(at);
    const effects: FloorEffect[] = opening === undefined ? [] : [{do: 'mark', mark: opening}];
    for (const part of opening === undefined ? [piece] : splitFirst(piece)) {
      const {itemId, itemFrom, payload} = part;
      const mark = this.#ledger.sent(part, at);
      effects.push({do: 'say', payload, mark, itemId, responseId, itemFrom, itemMs: itemFrom + part.ms});
    }
    return effects;
  }

  #greetingSounds(at: Millis): void {
    // Whoever hears its first word is heard here no sooner than a round trip from now.
    const isFirst = this.#guard.sounds(at + (this.#ledger.averageRoundTrip ?? 0));
    if (isFirst && this.callerSpeaks && !this.#policy.uninterruptible) this.#weigh(at, at);
  }

  /** The caller speaks over us; it counts if it lasts. */
  #weigh(since: Millis, at: Millis): void {
    const {lastsMs, notBefore} = this.#guard.yieldsTo;
    this.#weighing.begin({since, notBefore, lastsMs: Math.max(lastsMs, this.#policy.minSpeechMs)}, at);
  }

  #callerSpoke({since, heard}: Extract<FloorEvent, {type: 'callerSpoke'}>, at: Millis): FloorEffect[] {
    this.callerSpeaks = true;
    this.#weighing.end();
    if (this.#stop) return []; // one interruption is claimed once
    const audible = this.#ledger.playing(at) || this.#held.length > 0;
    if (!audible && !(this.#policy.mode === 'resume' && this.#responses.running)) return this.#silenceUnheard(at);
    if (this.#policy.uninterruptible) return [{do: 'uninterruptible'}];
    // A server that may interrupt has done so: nothing is left to decide.
    if (this.serverRights.serverInterrupts) return this.#yield(at);
    this.#weigh(since, at);
    return heard ? this.on({type: 'callerHeard'}, at) : [];
  }

  /** The server hears no keys: what it is saying is cancelled by us. */
  #keyPressed(at: Millis): FloorEffect[] {
    if (this.#policy.uninterruptible || !(this.#ledger.playing(at) || this.#held.length > 0)) return [];
    if (this.#stop) return [...this.#settle(at), ...this.#giveWay(at)];
    return this.#stopSound(this.#responses.silence(false, false), at);
  }

  #callerStopped(spokenMs: Millis, at: Millis): FloorEffect[] {
    const {mode, noiseMs} = this.#policy;
    const weighed = this.#weighing.over(spokenMs, mode === 'resume' ? noiseMs : 0);
    this.callerSpeaks = false;
    // The frames did not show it, and yet the model heard a caller for long enough.
    const effects = weighed === 'lasted' && !this.#guard.holds(at) ? this.#yield(at, true) : this.#settle(at);
    if (this.#pausedUntil !== undefined) {
      effects.push(...(spokenMs < this.#policy.noiseMs ? this.#resume(at, true) : this.#giveWay(at)));
    }
    if (weighed === 'tooShort') effects.push({do: 'unanswered'});
    return [...effects, ...this.#unprotect(at)];
  }

  /** Another session will hear the caller anew. */
  #modelLost(at: Millis): FloorEffect[] {
    this.callerSpeaks = false;
    this.#weighing.end();
    return this.#pausedUntil === undefined ? this.#settle(at) : this.#resume(at, false);
  }

  #time(at: Millis): FloorEffect[] {
    const effects: FloorEffect[] = [];
    const {confirmsBy} = this.#ledger;
    if (confirmsBy === undefined || at >= confirmsBy) effects.push(...this.#settle(at));
    // The model tells the end of speech half a second late; the frames tell it now.
    if (this.#weighing.lasted(at)) effects.push(...this.#yield(at));
    // Speech that never ended and never became a turn: the reply must not stay unsaid.
    if (this.#pausedUntil !== undefined && at >= this.#pausedUntil) effects.push(...this.#resume(at, false));
    return [...effects, ...this.#unprotect(at)];
  }

  /**
   * The sound stops now; what that means for the model follows when the clear has landed. `isTurn`: it is known already
   * that the reply will not go on.
   */
  #yield(at: Millis, isTurn = this.#policy.mode === 'immediate'): FloorEffect[] {
    if (!isTurn) this.#pausedUntil = at + PAUSED_AT_MOST_MS;
    return this.#stopSound(isTurn ? this.#silence(at) : NOTHING_SILENCED, at);
  }

  #stopSound({effects: cancels, unfinished}: Silenced, at: Millis): FloorEffect[] {
    const audible = this.#ledger.playing(at);
    const effects: FloorEffect[] = audible ? [{do: 'clear'}, {do: 'mark', mark: this.#ledger.clear(at)}] : [];
    effects.push(...cancels);
    this.#stop = {at, audible, unfinished, settled: undefined};
    return audible && this.#ledger.confirmsBy !== undefined ? effects : [...effects, ...this.#settle(at)];
  }

  /** The clear has landed, or it cannot be waited for any longer: what was not heard is known as well as ever. */
  #settle(at: Millis): FloorEffect[] {
    const stop = this.#stop;
    if (!stop || stop.settled) return [];
    const settled = this.#ledger.confirmClear();
    stop.settled = settled ?? NOTHING_SENT;
    this.#held.unshift(...(settled?.unheard ?? []));
    return this.#pausedUntil === undefined ? this.#forget(stop, stop.unfinished, at) : [];
  }

  /** It was a turn: what the caller did not hear must not be remembered as said. */
  #giveWay(at: Millis): FloorEffect[] {
    const stop = this.#stop;
    if (!stop || this.#pausedUntil === undefined) return [];
    this.#pausedUntil = undefined;
    const {effects, unfinished} = this.#silence(at);
    return [...effects, ...this.#forget(stop, unfinished, at)];
  }

  #forget(stop: Stop, unfinished: ReadonlySet<string>, at: Millis): FloorEffect[] {
    const interruption = this.#interruption(stop, unfinished);
    this.#stop = undefined;
    this.#held = [];
    const effects = truncations(interruption.cuts);
    // What ended in the very moment was heard.
    if (stop.audible) effects.push({do: interruption.cuts.length > 0 ? 'interrupted' : 'allHeard', interruption});
    return [...effects, ...this.#unprotect(at)];
  }

  #interruption(stop: Stop, unfinished: ReadonlySet<string>): Interruption {
    const cuts = this.#responses.cuts(this.#held, unfinished);
    const unheardMs = this.#held.reduce((sum, {ms}) => sum + ms, 0);
    return {...(stop.settled ?? NOTHING_SENT), cuts, unheardMs, at: stop.at, roundTrip: this.#ledger.typicalRoundTrip};
  }

  #resume(at: Millis, isNoise: boolean): FloorEffect[] {
    const stop = this.#stop;
    const effects = this.#settle(at);
    this.#pausedUntil = undefined;
    this.#stop = undefined;
    if (stop?.audible) effects.push({do: 'resumed', interruption: this.#interruption(stop, new Set())});
    if (isNoise) effects.push({do: 'noise'});
    return [...effects, ...(this.#streamOpen ? this.#held.splice(0).flatMap(piece => this.#say(piece, at)) : [])];
  }

  /** Nothing was audible: no clear and no interruption, but the model must not go on, nor think that it did. */
  #silenceUnheard(at: Millis): FloorEffect[] {
    if (this.#policy.uninterruptible) return [];
    const {effects, unfinished} = this.#silence(at);
    return [...effects, ...truncations(this.#responses.cuts([], unfinished))];
  }

  /** AudibleResponses that are being made are over for the caller, also one that has not said anything yet. */
  #silence(at: Millis): Silenced {
    const serverCancels = this.serverRights.serverInterrupts && this.#guard.isKnownLifted(at);
    return this.#responses.silence(this.#guard.holds(at), serverCancels);
  }

  /** What the caller did not hear because the line was closed; what we say and what their phone says takes time. */
  #cutOff({heardFrom, ahead}: Extract<FloorEvent, {type: 'over'}>): FloorEffect[] {
    const unheard = this.#ledger.streamLost(heardFrom - (this.#ledger.averageRoundTrip ?? 0) / (ahead ? 2 : 1));
    const cuts = this.#responses.cuts([...unheard, ...this.#held]);
    return cuts.length > 0 ? [{do: 'cutOff', cuts}] : [];
  }

  #unprotect(at: Millis): FloorEffect[] {
    const {until} = this.#guard;
    // While a noise may become a turn, the server must not answer it.
    if (until === undefined || at < until || (this.callerSpeaks && this.#weighing.isHolding)) return [];
    this.#guard.lift(at);
    return [{do: 'unprotect'}];
  }
}
