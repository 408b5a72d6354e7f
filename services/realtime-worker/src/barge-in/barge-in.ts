/* oxlint-disable max-lines -- one state machine: whoever changes a transition must see the others */
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {ServerRights} from '../model/model-adapter.ts';
import type {FloorEffect, FloorEvent, Interruption, SentBefore, Silenced} from './floor-events.ts';
import {cancels, NOTHING_SENT, serverRights, truncations} from './floor-events.ts';
import type {AfterStop, Floor, HeardAtStop, Stop} from './floor-state.ts';
import {floorNow, interruptionOf, maySettle, unsaidOf, withUnsaid} from './floor-state.ts';
import type {PlaybackLedger} from '../playback/playback-ledger.ts';
import {GreetingProtection} from './greeting-protection.ts';
import {AudibleResponses} from './audible-responses.ts';
import type {Piece} from '../playback/playout-timeline.ts';
import {MinSpeech} from './min-speech.ts';
import {sendAudio} from './send-audio.ts';

/** A pause that no event ended: a lost speech_stopped must not swallow the reply. */
const PAUSED_AT_MOST_MS = 15_000;

/** Who has the floor (`Floor` draws it). No sockets, no timers, no logs: an event and the time in, effects out. */
export class BargeIn {
  readonly #policy: FloorPolicy;
  readonly #ledger: PlaybackLedger;
  readonly #responses = new AudibleResponses();
  readonly #minSpeech = new MinSpeech();
  readonly #greeting: GreetingProtection;
  #floor: Floor = {state: 'listening'};
  #streamOpen = false;
  /** The phone has a stream, and for so long nothing has reached it that audio was given up. */
  #isOutOfReach = false;
  #callerSpeaks = false;
  /** A machine listens, and records. */
  #isRecorded = false;
  /** The time of the last event. */
  #lastAt: Millis = 0;

  /** `greets`: the greeting is still to come, and is protected. */
  constructor(policy: FloorPolicy, ledger: PlaybackLedger, greets: boolean) {
    this.#policy = policy;
    this.#ledger = ledger;
    this.#greeting = new GreetingProtection(policy.greetingProtectedMs, greets);
  }

  /** An earlier owner of the call sent this, `agoMs` before `at`; Twilio may still be playing it. */
  adopt({itemId, itemFrom, ms, agoMs, mark}: SentBefore, at: Millis): void {
    this.#lastAt = at;
    this.#responses.restored(itemId, itemFrom + ms);
    this.#ledger.adopt({itemId, responseId: '', itemFrom, ms, payload: ''}, at - agoMs, mark);
  }

  /** The earlier owner had sent more of the item than its journal says, up to this mark. Returns how much. */
  adoptRest({itemId, itemFrom, ms, agoMs}: SentBefore, mark: string, at: Millis): Millis {
    const [from, more] = [itemFrom + ms, this.#ledger.notAdopted(mark)];
    if (more === 0) return 0;
    this.#responses.restored(itemId, from + more);
    this.#ledger.adoptRest({itemId, responseId: '', itemFrom: from, ms: more, payload: ''}, at - agoMs, mark);
    return more;
  }

  /** What the server may do by itself. */
  get serverRights(): ServerRights {
    if (this.#isRecorded) return {serverInterrupts: false, serverResponds: false};
    return serverRights(this.#policy, this.#greeting.isLifted);
  }

  /** When `time` is wanted next. */
  get deadline(): Millis | undefined {
    const resumeAt = this.#floor.state === 'paused' ? this.#floor.until : undefined;
    const unprotectAt = this.#callerSpeaks ? undefined : this.#greeting.until;
    const {confirmsBy, playedBy} = this.#ledger;
    const quietAt = playedBy > this.#lastAt && maySettle(this.#floor) ? playedBy : undefined;
    const first = earliest(this.#minSpeech.until, resumeAt, confirmsBy, unprotectAt, quietAt);
    // What is on its way arrives when it arrives.
    return first === Number.POSITIVE_INFINITY ? undefined : first;
  }

  /** Whether the caller's phone is connected. */
  get streamOpen(): boolean {
    return this.#streamOpen;
  }

  /** Audio that arrived and has not been sent, because there is no stream or the reply is paused; in milliseconds. */
  get unsaidMs(): Millis {
    return unsaidOf(this.#floor).reduce((sum, {ms}) => sum + ms, 0);
  }

  /** Whether the model hears the caller speak. */
  get callerSpeaks(): boolean {
    return this.#callerSpeaks;
  }

  /** Whether everything that was said has been heard, as far as can be known. */
  quiet(at: Millis): boolean {
    return floorNow(this.#floor, this.#ledger.playing(at)).state === 'listening';
  }

  /** Whether `callerHeard` is wanted: the caller speaks over us, and it is not yet known whether for long enough. */
  get awaitsMinSpeech(): boolean {
    return this.#minSpeech.isPending;
  }

  /** Whether the caller spoke over this response, or it was abandoned: what it still brings is not played. */
  isSilenced(responseId: string): boolean {
    return this.#responses.isSilenced(responseId);
  }

  on(event: FloorEvent, at: Millis): FloorEffect[] {
    this.#lastAt = at;
    this.#floor = floorNow(this.#floor, this.#ledger.playing(at));
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
        return this.#policy.uninterruptible ? [] : this.#keyPressed(at);
      case 'protectedHeard':
        return this.#protectedHeard(at);
      case 'machineRecords':
        this.#isRecorded = true;
        return this.#floor.state === 'listening' ? this.#silenceUnheard(at) : this.#keyPressed(at);
      case 'abandoned':
        return cancels(this.#responses.abandon(event.responseId));
      case 'callerHeard':
        this.#minSpeech.heard(at);
        return this.#minSpeech.lasted(at) ? this.#interrupt(at) : [];
      case 'callerStopped':
        return this.#callerStopped(event.spokenMs, at);
      case 'markReturned':
        return this.#ledger.markReturned(event.name, at) === 'landed' ? this.#clearLanded(at) : [];
      case 'undelivered':
        return this.#undelivered(event, at);
      case 'streamOpened':
        this.#streamOpen = true;
        this.#isOutOfReach = false;
        return [{do: 'mark', mark: this.#ledger.streamOpened(at)}, ...this.#sayUnsaid(at)];
      case 'streamLost':
        this.#isOutOfReach = false;
        return this.#phoneLost(at);
      case 'modelLost':
        return this.#modelLost(at);
      case 'over':
        return [...this.#clearLanded(at), ...this.#wasTurn(at), ...this.#cutOff(event)];
      case 'time':
        return this.#time(at);
      default:
        return unreachable(event);
    }
  }

  /** What the phone had and did not play is gone: it is said again as soon as there is a phone. */
  #phoneLost(at: Millis): FloorEffect[] {
    this.#ledger.lostAt(at);
    const effects = this.#clearLanded(at);
    this.#streamOpen = false;
    this.#floor = withUnsaid(this.#floor, [...this.#ledger.streamLost(at), ...unsaidOf(this.#floor)]);
    return effects;
  }

  /** What was sent is late. Where some of it was given up, the reply goes on from where the caller stopped hearing it. */
  #undelivered({since, leftAt, gaveUp}: Extract<FloorEvent, {type: 'undelivered'}>, at: Millis): FloorEffect[] {
    this.#ledger.undelivered(since, leftAt);
    if (gaveUp && this.#streamOpen) {
      this.#isOutOfReach = true;
      return this.#phoneLost(at);
    }
    if (since !== undefined || !this.#isOutOfReach) return [];
    this.#isOutOfReach = false;
    this.#streamOpen = true;
    // What was not given up has arrived just now, and is among what is said again.
    return [{do: 'clear'}, {do: 'mark', mark: this.#ledger.probe(at)}, ...this.#sayUnsaid(at)];
  }

  #responseStarted(event: Extract<FloorEvent, {type: 'responseStarted'}>, at: Millis): FloorEffect[] {
    const {responseId, greeting, asked} = event;
    // Our request and the caller's first word crossed on the way: this is not the answer to what they say.
    const isStoppable = !greeting && !this.#policy.uninterruptible && !this.#isRecorded;
    const silenced = asked && isStoppable && this.#callerSpeaks;
    this.#responses.started(responseId, {greeting, silenced});
    return silenced ? cancels([responseId]) : this.#clearLanded(at);
  }

  #assistantAudio(event: Extract<FloorEvent, {type: 'assistantAudio'}>, at: Millis): FloorEffect[] {
    const {responseId, itemId, payload} = event;
    if (this.#responses.isSilenced(responseId)) {
      // It was on its way when the clear went out. The model must forget even an item that began only then.
      return this.#responses.dropped(itemId) ? [{do: 'truncate', itemId, audioEndMs: 0, receivedMs: 0}] : [];
    }
    const ms = msOfBase64(payload);
    const itemFrom = this.#responses.received(responseId, itemId, ms);
    const isPausing = this.#floor.state === 'stopping' && this.#floor.next.state === 'paused';
    const effects = isPausing ? [] : this.#clearLanded(at);
    this.#floor = withUnsaid(this.#floor, [...unsaidOf(this.#floor), {itemId, responseId, itemFrom, ms, payload}]);
    return [...effects, ...this.#sayUnsaid(at)];
  }

  /** Sends the audio that waits, if there is a stream and the reply is not stopped. */
  #sayUnsaid(at: Millis): FloorEffect[] {
    if (!this.#streamOpen || this.#floor.state !== 'speaking') return [];
    const {unsaid} = this.#floor;
    this.#floor = {state: 'speaking', unsaid: []};
    return unsaid.flatMap(piece => this.#say(piece, at));
  }

  #say(piece: Piece, at: Millis): FloorEffect[] {
    if (piece.payload !== '' && this.#responses.isGreeting(piece.responseId)) this.#greetingSounds(at);
    return sendAudio(piece, this.#ledger, at);
  }

  #greetingSounds(at: Millis): void {
    // The caller hears its first word, and can be heard to react to it, no sooner than a round trip from now.
    const isFirst = this.#greeting.sounds(at + (this.#ledger.averageRoundTrip ?? 0));
    if (isFirst && this.#callerSpeaks && !this.#policy.uninterruptible) this.#awaitMinSpeech(at, at);
  }

  /** The caller speaks over us; it counts if it lasts. */
  #awaitMinSpeech(since: Millis, at: Millis): void {
    const {lastsMs, notBefore} = this.#greeting.yieldsTo;
    this.#minSpeech.begin({since, notBefore, lastsMs: Math.max(lastsMs, this.#policy.minSpeechMs)}, at);
  }

  #callerSpoke({since, heard}: Extract<FloorEvent, {type: 'callerSpoke'}>, at: Millis): FloorEffect[] {
    this.#callerSpeaks = true;
    this.#minSpeech.end();
    if (this.#isRecorded) return [{do: 'uninterruptible'}];
    const {state} = this.#floor;
    if (state === 'stopping' || state === 'paused') return []; // one interruption is claimed once
    const mayBecomeAudible = this.#policy.mode === 'resume' && this.#responses.running;
    if (state === 'listening' && !mayBecomeAudible) return this.#silenceUnheard(at);
    if (this.#policy.uninterruptible) return [{do: 'uninterruptible'}];
    // A server that may interrupt has done so: nothing is left to decide.
    if (this.serverRights.serverInterrupts) return this.#interrupt(at);
    this.#awaitMinSpeech(since, at);
    return heard ? this.on({type: 'callerHeard'}, at) : [];
  }

  /** Speech that waits for the end of the protection is weighed from now on. */
  #protectedHeard(at: Millis): FloorEffect[] {
    this.#greeting.heard(at);
    if (this.#minSpeech.isPending) this.#awaitMinSpeech(at, at);
    return this.#unprotect(at);
  }

  /** The server does not know of keys, so its responses are cancelled by us. */
  #keyPressed(at: Millis): FloorEffect[] {
    if (this.#floor.state === 'listening') return [];
    if (this.#floor.state === 'speaking') return this.#stopForTurn(this.#responses.silence(false, false), at);
    return this.#floor.unsaid.length > 0 ? [...this.#clearLanded(at), ...this.#wasTurn(at)] : [];
  }

  #callerStopped(spokenMs: Millis, at: Millis): FloorEffect[] {
    const {mode, noiseMs} = this.#policy;
    const speech = this.#minSpeech.over(spokenMs, mode === 'resume' ? noiseMs : 0);
    this.#callerSpeaks = false;
    // By the frames it had not lasted; by the model the caller spoke for long enough.
    const effects =
      speech === 'lasted' && !this.#greeting.holds(at) ? this.#interrupt(at, true) : this.#clearLanded(at);
    if (this.#floor.state === 'paused') {
      effects.push(...(spokenMs < this.#policy.noiseMs ? this.#resume(at, true) : this.#wasTurn(at)));
    }
    if (speech === 'tooShort') effects.push({do: 'unanswered'});
    return [...effects, ...this.#unprotect(at)];
  }

  /** Another session will hear the caller anew. */
  #modelLost(at: Millis): FloorEffect[] {
    this.#responses.allLost();
    this.#callerSpeaks = false;
    this.#minSpeech.end();
    return [...this.#clearLanded(at), ...this.#resume(at, false)];
  }

  #time(at: Millis): FloorEffect[] {
    const effects: FloorEffect[] = [];
    const {confirmsBy} = this.#ledger;
    if (confirmsBy === undefined || at >= confirmsBy) effects.push(...this.#clearLanded(at));
    // The model reports the end of speech half a second late; the caller's frames show it now.
    if (this.#minSpeech.lasted(at)) effects.push(...this.#interrupt(at));
    // The end of that speech never came, nor did a turn: the reply goes on.
    if (this.#floor.state === 'paused' && at >= this.#floor.until) effects.push(...this.#resume(at, false));
    return [...effects, ...this.#unprotect(at)];
  }

  /** The caller interrupts: the sound stops now. `isTurn`: it is known already that the reply will not go on. */
  #interrupt(at: Millis, isTurn = this.#policy.mode === 'immediate'): FloorEffect[] {
    if (isTurn) return this.#stopForTurn(this.#silenceAll(at), at);
    return this.#stop({state: 'paused', until: at + PAUSED_AT_MOST_MS}, [], at);
  }

  #stopForTurn({effects, unfinished}: Silenced, at: Millis): FloorEffect[] {
    return this.#stop({state: 'listening', unfinished}, effects, at);
  }

  #stop(next: AfterStop, cancels: readonly FloorEffect[], at: Millis): FloorEffect[] {
    const audible = this.#ledger.playing(at);
    const effects: FloorEffect[] = audible ? [{do: 'clear'}, {do: 'mark', mark: this.#ledger.clear(at)}] : [];
    effects.push(...cancels);
    this.#floor = {state: 'stopping', at, audible, unsaid: unsaidOf(this.#floor), next};
    return audible && this.#ledger.confirmsBy !== undefined ? effects : [...effects, ...this.#clearLanded(at)];
  }

  /** The clear has landed, or is not waited for any longer. What was not heard is known as well as it ever will be. */
  #clearLanded(at: Millis): FloorEffect[] {
    if (this.#floor.state !== 'stopping') return [];
    const {next, ...stop} = this.#floor;
    const {unheard, ...heard} = this.#ledger.confirmClear() ?? {...NOTHING_SENT, unheard: []};
    const unsaid = [...unheard, ...stop.unsaid];
    if (next.state === 'listening') return this.#finishStop({...stop, unsaid}, heard, next.unfinished, at);
    this.#floor = {...stop, state: 'paused', unsaid, heard, until: next.until};
    return [];
  }

  /** What paused the reply was a turn: the model must not remember as said what the caller did not hear. */
  #wasTurn(at: Millis): FloorEffect[] {
    if (this.#floor.state !== 'paused') return [];
    const {effects, unfinished} = this.#silenceAll(at);
    return [...effects, ...this.#finishStop(this.#floor, this.#floor.heard, unfinished, at)];
  }

  #finishStop(stop: Stop, heard: HeardAtStop, unfinished: ReadonlySet<string>, at: Millis): FloorEffect[] {
    const interruption = this.#interruption(stop, heard, unfinished);
    this.#floor = {state: 'listening'};
    const effects = truncations(interruption.cuts);
    // Without cuts, the reply ended just before the clear landed.
    if (stop.audible) effects.push({do: interruption.cuts.length > 0 ? 'interrupted' : 'allHeard', interruption});
    return [...effects, ...this.#unprotect(at)];
  }

  /** What paused the reply was no turn: it goes on where the caller stopped hearing it. */
  #resume(at: Millis, isNoise: boolean): FloorEffect[] {
    const floor = this.#floor;
    if (floor.state !== 'paused') return [];
    const effects: FloorEffect[] = [];
    if (floor.audible) effects.push({do: 'resumed', interruption: this.#interruption(floor, floor.heard)});
    if (isNoise) effects.push({do: 'noise'});
    this.#floor = {state: 'speaking', unsaid: floor.unsaid};
    return [...effects, ...this.#sayUnsaid(at)];
  }

  #interruption(stop: Stop, heard: HeardAtStop, unfinished?: ReadonlySet<string>): Interruption {
    return interruptionOf(stop, heard, this.#responses.cuts(stop.unsaid, unfinished), this.#ledger.typicalRoundTrip);
  }

  /** Nothing was audible, so there is no interruption. The model must not go on, nor believe that it did. */
  #silenceUnheard(at: Millis): FloorEffect[] {
    if (this.#policy.uninterruptible) return [];
    const {effects, unfinished} = this.#silenceAll(at);
    return [...effects, ...truncations(this.#responses.cuts([], unfinished))];
  }

  /** The caller will hear nothing more of the responses that are not over, also of one that has said nothing yet. */
  #silenceAll(at: Millis): Silenced {
    const serverCancels = this.serverRights.serverInterrupts && this.#greeting.isKnownLifted(at);
    return this.#responses.silence(this.#greeting.holds(at), serverCancels);
  }

  /**
   * What the caller did not hear because the line was closed. The last sign of the phone took half a round trip to get
   * here, and what it played then had been sent half a round trip earlier. An end that was reported `ahead` counts from now.
   */
  #cutOff({heardFrom, ahead}: Extract<FloorEvent, {type: 'over'}>): FloorEffect[] {
    const unheard = this.#ledger.streamLost(heardFrom - (this.#ledger.averageRoundTrip ?? 0) / (ahead ? 2 : 1));
    const cuts = this.#responses.cuts([...unheard, ...unsaidOf(this.#floor)]);
    return cuts.length > 0 ? [{do: 'cutOff', cuts}] : [];
  }

  #unprotect(at: Millis): FloorEffect[] {
    const {until} = this.#greeting;
    // While a noise may become a turn, the server must not answer it.
    if (until === undefined || at < until || (this.#callerSpeaks && this.#minSpeech.isPending)) return [];
    this.#greeting.lift(at);
    return [{do: 'unprotect'}];
  }
}
