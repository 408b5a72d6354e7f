import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import {BargeIn} from './barge-in.ts';
import {type CallEffect, journal, toModel} from './call-effect.ts';
import {earliest} from './earliest.ts';
import type {RestoredCall} from './call-restore.ts';
import {CallerTurn} from './caller-turn.ts';
import {Conversation} from './conversation.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {Digits} from './digits.ts';
import {type FloorEvent, HAS_YIELDED, type ServerRights} from './floor.ts';
import {FloorOutcomes} from './floor-outcomes.ts';
import {IdlePrompt} from './idle-prompt.ts';
import {Interruptions} from './interruptions.ts';
import {Memory} from './memory.ts';
import type {ModelEvent} from './model-adapter.ts';
import {PlaybackLedger} from './playback-ledger.ts';
import {Owed} from './owed.ts';
import {askWhetherThere, pressed} from './prompts.ts';
import {Replies} from './replies.ts';
import {ToolCalls} from './tool-calls.ts';
import {TurnLog, turnEffects} from './turn-log.ts';

/** Model events that are about what is said; the others are about the session itself. */
export type SpokenEvent = Exclude<ModelEvent, {type: 'ready' | 'lost' | 'callerSpoke' | 'callerStopped'}>;

/**
 * What is said on a call, by whom, and what the model must know of it. Joins the pure rules (who has the floor, one
 * response at a time, the goodbye, the keys) and keeps the conversation. Survives the loss of streams and sessions.
 */
export class Dialogue {
  readonly #settings: DialogueSettings;
  readonly #ledger: PlaybackLedger;
  readonly #floor: BargeIn;
  readonly #replies = new Replies();
  readonly #memory: Memory;
  readonly #turns: TurnLog;
  readonly #digits = new Digits();
  readonly #tools: ToolCalls;
  readonly #owed: Owed;
  #speaking: {readonly itemId: string; readonly responseId: string; ms: Millis} | undefined;
  readonly #caller = new CallerTurn();
  readonly #idle: IdlePrompt;
  #streamOpen = false;
  readonly #interruptions: Interruptions;
  readonly #outcomes: FloorOutcomes;
  /** How long one hop between edge and worker takes; undefined until it was measured. */
  hopMs: Millis | undefined;

  constructor(settings: DialogueSettings, at: Millis, restored?: RestoredCall) {
    this.#settings = settings;
    this.#ledger = new PlaybackLedger(settings.epoch);
    const {assistant, epoch} = settings;
    const isOurs = settings.interruption === 'ours';
    this.#memory = new Memory(restored?.conversation ?? new Conversation(), {epoch, truncates: isOurs});
    this.#owed = new Owed(assistant, restored);
    this.#floor = new BargeIn(isOurs ? assistant.floor : HAS_YIELDED, this.#ledger, this.#owed.greeting);
    this.#idle = new IdlePrompt(assistant.idlePromptMs);
    this.#floor.adopt(restored?.said ?? [], at);
    this.#interruptions = new Interruptions(settings, restored?.interruptions ?? 0);
    this.#tools = new ToolCalls(this.#memory, restored?.toolCalls ?? 0);
    const labels = {model: assistant.model, worker: settings.worker};
    this.#turns = new TurnLog(settings.since, labels, restored);
    const [memory, turns, caller, interruptions] = [this.#memory, this.#turns, this.#caller, this.#interruptions];
    this.#outcomes = new FloorOutcomes({memory, turns, caller, interruptions});
  }

  /** What the next model session must be told about interruption. */
  get serverRights(): ServerRights {
    return this.#floor.serverRights;
  }

  get deadline(): Millis | undefined {
    return earliest(
      this.#floor.deadline,
      this.#replies.deadline,
      this.#digits.deadline,
      this.#idle.deadline,
      this.#caller.isOpen ? undefined : this.#tools.goodbye.deadline,
    );
  }

  /** Whether stream, session or owner could change now without anybody noticing. */
  atTurnBoundary(at: Millis): boolean {
    return this.#isNobodysTurn && this.#floor.quiet(at);
  }

  get #isNobodysTurn(): boolean {
    return !this.#floor.callerSpeaks && !this.#replies.busy && !this.#tools.goodbye.said;
  }

  /** A session is configured and knows nothing yet: what was said, and then whatever is owed. */
  sessionOpened(at: Millis): CallEffect[] {
    const effects = [...this.#rights(), ...this.#memory.sessionOpened()];
    const waiting = this.#replies.sessionOpened(at);
    const owed = this.#owed.take(itemId => this.#memory.heardText(itemId));
    effects.push(...waiting);
    // What was asked for and comes now answers the caller, too.
    const isCovered = waiting.length > 0 && owed?.instructions === undefined;
    if (owed && !isCovered) effects.push(...this.#replies.want(owed, at));
    return effects;
  }

  /** The session is gone, and what it was saying with it. What Twilio has buffered goes on playing. */
  sessionLost(at: Millis): CallEffect[] {
    const speaking = this.#speaking;
    this.#speaking = undefined;
    this.#caller.lost();
    const answer = this.#replies.busy ? speaking === undefined : this.#memory.answerOwed;
    this.#owed.sessionLost({brokenOff: speaking?.itemId, answer});
    if (speaking) {
      this.#memory.brokeOff(speaking.itemId, speaking.ms);
      this.#turns.ended(speaking.responseId, 'failed');
    }
    return this.#floorOn({type: 'modelLost'}, at);
  }

  /** The caller's stream comes and goes, and brings marks back. */
  stream(event: Extract<FloorEvent, {type: 'streamOpened' | 'streamLost' | 'markReturned'}>, at: Millis): CallEffect[] {
    if (event.type !== 'markReturned') this.#streamOpen = event.type === 'streamOpened';
    return this.#floorOn(event, at);
  }

  digit(digit: string, at: Millis): void {
    this.#digits.pressed(digit, at);
    this.#idle.callerActed();
  }

  /** A frame of the caller arrived: it tells the time at Twilio, and whether they speak on. */
  callerFrame(timestamp: Millis, at: Millis): CallEffect[] {
    this.#ledger.callerFrame(timestamp, at);
    const isHeard = this.#floor.weighing && this.#settings.heard.isSpeech;
    return isHeard ? this.#floorOn({type: 'callerHeard'}, at) : [];
  }

  /** `onset`: when the first of that speech arrived here. */
  callerSpoke(itemId: string, onset: Millis, at: Millis): CallEffect[] {
    this.#caller.spoke(itemId);
    this.#idle.callerActed();
    this.#interruptions.callerSpoke(onset, at);
    this.#turns.callerSpoke(onset);
    const effects = this.#floorOn({type: 'callerSpoke', since: onset, heard: this.#settings.heard.isSpeech}, at);
    this.#replies.callerSpoke();
    // Where a noise may follow, the line is held open until it is known to be a turn.
    return this.serverRights.serverResponds ? [...effects, ...this.#tools.stay(at)] : effects;
  }

  /** `ended`: when the last of that speech arrived here; undefined when that cannot be told. */
  callerStopped(ended: Millis | undefined, at: Millis): CallEffect[] {
    this.#turns.callerStopped(ended, at);
    return this.#floorOn({type: 'callerStopped', spokenMs: this.#interruptions.spokenMs(ended ?? at)}, at);
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
      case 'words': // they run ahead of the audio they belong to
        // Of a reply that was never heard: another session must not be told that it was.
        if (this.#floor.isSilenced(event.responseId) && !this.#memory.knows(event.itemId)) return [];
        return [
          ...this.#memory.remember({kind: 'assistant', id: event.itemId, text: ''}),
          ...this.#memory.words(event.itemId, event.text, event.whole),
        ];
      case 'callerWords':
        return [
          ...this.#memory.words(event.itemId, event.text, true),
          ...(this.#caller.hasWords(event.itemId, event.text) ? this.#answer(false, at) : []),
        ];
      case 'itemAdded':
        this.#replies.itemAdded(event.itemId);
        return [];
      case 'toolCalled':
        return this.#toolCalled(event, at);
      case 'responseEnded':
        return this.#responseEnded(event, at);
      case 'refused':
        return [...this.#replies.refused(event), ...this.#memory.cutRefused(event)];
      default:
        return unreachable(event);
    }
  }

  time(at: Millis): CallEffect[] {
    const effects = this.#floorOn({type: 'time'}, at);
    const keys = this.#digits.take(at);
    if (keys !== undefined) {
      const {id, added} = this.#memory.note(pressed(keys));
      effects.push(...added, ...this.#replies.want({cause: 'digits', after: [id]}, at));
    }
    if (this.#idle.due(at)) {
      const instructions = askWhetherThere(this.#settings.assistant.instructions);
      effects.push(...this.#replies.want({cause: 'idle', instructions}, at));
    }
    return [...effects, ...this.#replies.time(at)];
  }

  /** What follows from whatever just happened: turns that are over, a goodbye that was heard. */
  afterwards(at: Millis): CallEffect[] {
    const quiet = this.#floor.quiet(at);
    if (!this.#caller.isOpen && this.#tools.goodbye.over(quiet, at)) {
      return [...this.#tools.hungUp(at), {do: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'}];
    }
    this.#idle.isQuiet(quiet && this.#streamOpen && this.#isNobodysTurn, at);
    return quiet ? turnEffects(this.#turns.quiet(at)) : [];
  }

  /** The turn that is open when the call ends. */
  lastTurn(end: {readonly heardFrom: Millis; readonly ahead: boolean}, at: Millis): CallEffect[] {
    return [...this.#floorOn({type: 'over', ...end}, at), ...turnEffects(this.#turns.close(at))];
  }

  #turnCommitted(itemId: string, at: Millis): CallEffect[] {
    const what = this.#caller.committed(itemId);
    if (what === 'noise') return [toModel({do: 'delete', itemId}), ...this.#replies.noTurn(at)];
    const effects = this.#memory.remember({kind: 'caller', id: itemId, text: ''});
    if (what === 'unanswered') return [...effects, ...this.#replies.noTurn(at)];
    return [...effects, ...this.#answer(this.serverRights.serverResponds, at)];
  }

  /** What the caller said is a turn: the server answers it, or we ask it to. */
  #answer(serverResponds: boolean, at: Millis): CallEffect[] {
    return [...this.#tools.stay(at), ...this.#replies.turn(serverResponds, at)];
  }

  #responseStarted(responseId: string, tag: string | undefined, at: Millis): CallEffect[] {
    const request = this.#replies.started(responseId, tag);
    const cause = request?.cause ?? 'turn';
    const event = {responseId, greeting: cause === 'greeting', asked: request !== undefined};
    // An interruption that is still being settled belongs to the turn before.
    const effects = this.#floorOn({type: 'responseStarted', ...event}, at);
    if (this.#floor.isSilenced(responseId)) {
      this.#replies.takenBack(responseId);
      return effects;
    }
    return [...effects, ...this.#turns.started(responseId, cause === 'turn' ? 'caller' : cause, at)];
  }

  #audio(event: Extract<SpokenEvent, {type: 'audio'}>, at: Millis): CallEffect[] {
    const {responseId, itemId, payload} = event;
    const ms = msOfBase64(payload);
    const effects: CallEffect[] = [];
    if (this.#speaking?.itemId !== itemId) {
      this.#speaking = {itemId, responseId, ms: 0};
      effects.push(...this.#memory.remember({kind: 'assistant', id: itemId, text: ''}));
    }
    this.#speaking.ms += ms;
    this.#replies.spoke(responseId);
    this.#turns.delta(responseId, itemId, ms, at);
    return [...effects, ...this.#floorOn({type: 'assistantAudio', responseId, itemId, payload}, at)];
  }

  #toolCalled(event: Extract<SpokenEvent, {type: 'toolCalled'}>, at: Millis): CallEffect[] {
    const isSilenced = this.#floor.isSilenced(event.responseId);
    const facts = {turn: this.#turns.turn, at, since: this.#settings.since(at), isSilenced};
    const {effects, request} = this.#tools.called(event, facts);
    return request ? [...effects, ...this.#replies.want(request, at)] : effects;
  }

  #responseEnded(event: Extract<SpokenEvent, {type: 'responseEnded'}>, at: Millis): CallEffect[] {
    const {responseId, status, tokens} = event;
    if (!this.#replies.isNewEnd(responseId)) return [];
    if (this.#speaking?.responseId === responseId) this.#speaking = undefined;
    this.#turns.ended(responseId, status);
    this.#tools.goodbye.responseEnded(responseId, this.#ledger.sentMs - this.#ledger.heard(at), at);
    const billed = tokens ? [journal({is: 'tokens', tokens})] : [];
    return [...billed, ...this.#floorOn({type: 'responseEnded', responseId}, at), ...this.#replies.ended(event, at)];
  }

  /** A session is opened before the greeting is protected no more; the next must know. */
  #rights(): CallEffect[] {
    if (this.#settings.interruption === 'model') return [];
    const {serverInterrupts: on, serverResponds: responds} = this.serverRights;
    return on || responds ? [toModel({do: 'interruptible', on, responds})] : [];
  }

  #floorOn(event: FloorEvent, at: Millis): CallEffect[] {
    return this.#floor
      .on(event, at)
      .flatMap(effect => (effect.do === 'unprotect' ? this.#rights() : this.#outcomes.of(effect, at, this.hopMs)));
  }
}
