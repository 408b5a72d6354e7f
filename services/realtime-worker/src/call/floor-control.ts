import type {Millis} from '@voicebridge/shared/time.ts';
import {BargeIn} from '../barge-in/barge-in.ts';
import {type CallEffect, toModel} from '../events/call-effect.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {isAudible} from '../playback/digital-silence.ts';
import {Echo} from '../barge-in/echo.ts';
import type {ServerRights} from '../model/model-adapter.ts';
import {type FloorEvent, HAS_YIELDED, type SentBefore} from '../barge-in/floor-events.ts';
import {applyFloorEffect, type FloorParts} from './apply-floor-effect.ts';
import {HopTime} from './hop-time.ts';
import {LeadIn, type Piece, type Sound} from '../playback/lead-in.ts';
import type {SentPiece} from '../replies/disclosure.ts';
import {PlaybackLedger} from '../playback/playback-ledger.ts';

export interface FloorControlDeps {
  readonly settings: DialogueSettings;
  /** The parts of the call that decisions about the floor concern. */
  readonly parts: Omit<FloorParts, 'hopMs'>;
  /** The greeting is still to come. */
  readonly greets: boolean;
  /** A piece of a response went to the caller's phone. */
  readonly sent: (piece: SentPiece) => void;
  /** Something of a response is audible until then. */
  readonly sounds: (responseId: string, until: Millis) => void;
}

/** Gives events to `BargeIn`, and turns what it decides into effects of the call. */
export class FloorControl {
  readonly #deps: FloorControlDeps;
  readonly #ledger: PlaybackLedger;
  readonly #leadIn = new LeadIn();
  readonly #floor: BargeIn;
  readonly #echo: Echo;
  #audibleUntil: Millis = Number.NEGATIVE_INFINITY;
  /** The last that an earlier owner has sent, as of this moment. */
  readonly #adopted: {readonly last: SentBefore; readonly at: Millis} | undefined;
  readonly hop = new HopTime();

  constructor(deps: FloorControlDeps, restored: RestoredCall | undefined, at: Millis) {
    this.#deps = deps;
    const {assistant, epoch, interruption} = deps.settings;
    this.#ledger = new PlaybackLedger(epoch);
    this.#echo = new Echo(deps.settings.given, this.#ledger);
    this.#floor = new BargeIn(interruption === 'ours' ? assistant.floor : HAS_YIELDED, this.#ledger, deps.greets);
    for (const said of restored?.said ?? []) this.#floor.adopt(said, at);
    if (this.unheardMs(at) > 0) this.#audibleUntil = at + this.unheardMs(at);
    const last = restored?.said.at(-1);
    this.#adopted = last && {last, at};
  }

  get deadline(): Millis | undefined {
    return this.#floor.deadline;
  }

  /** The edge says up to which mark an earlier owner had sent. Returns what of it its journal did not have. */
  sentBefore(
    mark: string,
    at: Millis,
  ): {readonly itemId: string; readonly from: Millis; readonly to: Millis} | undefined {
    if (!this.#adopted) return undefined;
    const {last, at: then} = this.#adopted;
    const more = this.#floor.adoptRest({...last, agoMs: last.agoMs + at - then}, mark, at);
    if (more === 0) return undefined;
    this.#audibleUntil = at + this.unheardMs(at);
    const from = last.itemFrom + last.ms;
    return {itemId: last.itemId, from, to: from + more};
  }

  /** What the next model session may do by itself. */
  get serverRights(): ServerRights {
    const {serverInterrupts, serverResponds} = this.#floor.serverRights;
    return {serverInterrupts, serverResponds: serverResponds && this.#deps.settings.answersTurns};
  }

  get callerSpeaks(): boolean {
    return this.#floor.callerSpeaks;
  }

  /** Whether the caller's phone is connected. */
  get streamOpen(): boolean {
    return this.#floor.streamOpen;
  }

  /** When all that was said so far will have been heard; digital silence does not count. */
  get audibleUntil(): Millis {
    return this.#audibleUntil;
  }

  /** Whether everything that was said has been heard, as far as can be known. */
  quiet(at: Millis): boolean {
    return this.#floor.quiet(at);
  }

  /** How much of what was said is still to be played, in milliseconds. */
  unheardMs(at: Millis): Millis {
    return this.#ledger.sentMs - this.#ledger.heard(at);
  }

  /** How far the model is ahead of the caller's ear, in milliseconds. */
  aheadMs(at: Millis): Millis {
    return this.unheardMs(at) + this.#floor.unsaidMs;
  }

  /** How long a message to the phone and back takes, in milliseconds; undefined until it was measured. */
  get roundTripMs(): Millis | undefined {
    return this.#ledger.typicalRoundTrip;
  }

  /** How long the fastest of them took, in milliseconds; undefined until one was measured. */
  get fastestRoundTripMs(): Millis | undefined {
    return this.#ledger.fastestRoundTrip;
  }

  /** Whether a mark proves that the audio before it was played. */
  isProven(mark: string): boolean {
    return this.#ledger.proves(mark);
  }

  /** What may not be interrupted was heard: from now on everything may be. */
  unprotect(at: Millis): CallEffect[] {
    return this.on({type: 'protectedHeard'}, at);
  }

  /** Whether a response is not to be heard: the caller spoke over it, or it was given up. */
  isSilenced(responseId: string): boolean {
    return this.#floor.isSilenced(responseId);
  }

  /** Whether the next frame of the caller is to be weighed: it may decide whether they interrupt. */
  get awaitsMinSpeech(): boolean {
    return this.#floor.awaitsMinSpeech;
  }

  /** A frame of the caller arrived: it has Twilio's time. */
  callerFrame(timestamp: Millis, at: Millis): void {
    this.#ledger.callerFrame(timestamp, at);
  }

  /** It shows whether the caller goes on speaking. */
  weighFrame(at: Millis): CallEffect[] {
    return this.#floor.awaitsMinSpeech && this.#echo.isCaller(at) ? this.on({type: 'callerHeard'}, at) : [];
  }

  /** The model hears the caller speak. `onset`: when the first of that speech arrived here. */
  callerSpoke(onset: Millis, at: Millis): CallEffect[] {
    return this.on({type: 'callerSpoke', since: onset, heard: this.#echo.speechBegan(at)}, at);
  }

  /** The model hears the caller no longer; they spoke for so long, unless all of it was our own voice. */
  callerStopped(spokenMs: Millis, at: Millis): CallEffect[] {
    return this.on({type: 'callerStopped', spokenMs: this.#echo.wasAll ? 0 : spokenMs}, at);
  }

  /** A session is configured while the greeting is still protected: it must be told when that is over. */
  rights(): CallEffect[] {
    if (this.#deps.settings.interruption === 'model') return [];
    const {serverInterrupts: on, serverResponds: responds} = this.serverRights;
    return on || responds ? [toModel({do: 'interruptible', on, responds})] : [];
  }

  /** The server may not do anything by itself any more. */
  silenceServer(): CallEffect[] {
    if (this.#deps.settings.interruption === 'model') return [];
    return [toModel({do: 'interruptible', on: false, responds: false})];
  }

  /** The model speaks. */
  audio(piece: Piece, sound: Sound, at: Millis): CallEffect[] {
    return this.#leadIn.pass(piece, sound).flatMap(each => this.on({type: 'assistantAudio', ...each}, at));
  }

  on(event: FloorEvent, at: Millis): CallEffect[] {
    const effects = this.#floor.on(event, at);
    // Where the server answers by itself, the echo would be detected too late.
    if (!this.serverRights.serverResponds) this.#echo.follow(effects, at);
    return effects.flatMap(effect => {
      if (effect.do === 'unprotect') return this.rights();
      // The model must not take its own voice, come back from the caller's phone, for the caller's.
      if (effect.do === 'unanswered' && this.#echo.wasAll) return this.#apply({do: 'noise'}, at);
      if (effect.do === 'clear') this.#audibleUntil = at;
      if (effect.do === 'say') this.#deps.sent(effect);
      if (effect.do === 'say' && isAudible(effect.payload)) {
        this.#audibleUntil = at + this.unheardMs(at);
        this.#deps.sounds(effect.responseId, this.#audibleUntil);
      }
      return this.#apply(effect, at);
    });
  }

  #apply(effect: Parameters<typeof applyFloorEffect>[0], at: Millis): CallEffect[] {
    return applyFloorEffect(effect, {...this.#deps.parts, hopMs: this.hop.ms}, at);
  }
}
