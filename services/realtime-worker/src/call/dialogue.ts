import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Assistant} from '../assistant.ts';
import {type CallEffect, journal, toModel} from '../events/call-effect.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import {CallerSpeech} from './caller-speech.ts';
import {CallerTurn} from './caller-turn.ts';
import {Conversation} from '../conversation/conversation.ts';
import type {EdgeEvent} from '../events/call-event.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import {isAudible} from '../playback/digital-silence.ts';
import {Disclosure, type SentPiece} from '../replies/disclosure.ts';
import {voicemailMessage} from '../replies/prompts.ts';
import {FloorControl} from './floor-control.ts';
import {InterruptionLog} from '../journal/interruption-log.ts';
import {Keypad} from './keypad.ts';
import {ModelContext} from '../conversation/model-context.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {LiveResponse} from '../replies/live-response.ts';
import {PendingReply} from '../replies/pending-reply.ts';
import {Replies} from '../replies/replies.ts';
import type {Cause} from '../replies/response-sequencer.ts';
import type {Absence} from '../tools/absence.ts';
import {KeyEntries} from '../tools/key-entries.ts';
import {ToolCalls} from '../tools/tool-calls.ts';
import {ToolUse} from './tool-use.ts';
import {type TurnCause, TurnLog, turnEffects} from '../journal/turn-log.ts';
import {Unprompted} from './unprompted.ts';

/** Model events that are about what is said; the others are about the session itself. */
export type SpokenEvent = Exclude<ModelEvent, {type: 'ready' | 'lost' | 'mended' | 'callerSpoke' | 'callerStopped'}>;

/**
 * What is said on a call, by whom, and what the model must know of it. Joins the pure rules (who has the floor, one
 * response at a time, the goodbye, the keys) and keeps the conversation. Streams and sessions of the model come and go.
 */
export class Dialogue {
  readonly #settings: DialogueSettings;
  /** Who speaks: another one after the call was given to it. */
  readonly #assistant: {-readonly [Name in keyof Assistant]: Assistant[Name]};
  /** What the caller hears, and who has the floor. */
  readonly floor: FloorControl;
  readonly replies: Replies;
  readonly toolUse: ToolUse;
  readonly #memory: ModelContext;
  readonly #turns: TurnLog;
  readonly #keypad: Keypad;
  readonly #tools: ToolCalls;
  /** What the caller enters for tools. */
  readonly entries: KeyEntries;
  readonly #pendingReply: PendingReply;
  readonly #disclosure: Disclosure;
  /** What answered our call, in the carrier's words. */
  #answeredBy: string | undefined;
  /** A machine records what is said: its answer to nothing. */
  #isRecorded = false;
  readonly #live: LiveResponse;
  readonly #caller = new CallerTurn();
  readonly #unprompted: Unprompted;
  readonly #speech: CallerSpeech;
  readonly #interruptions: InterruptionLog;

  constructor(settings: DialogueSettings, at: Millis, restored?: RestoredCall) {
    this.#settings = settings;
    const {epoch} = settings;
    const assistant = (this.#assistant = {...settings.assistant});
    const truncates = settings.interruption === 'ours';
    this.#memory = new ModelContext(restored?.conversation ?? new Conversation(), {epoch, truncates});
    this.#keypad = new Keypad(this.#memory, restored, at);
    this.#live = new LiveResponse(this.#memory, assistant);
    this.#unprompted = new Unprompted(assistant, at - settings.callTime(at), at);
    this.#interruptions = new InterruptionLog(settings, restored?.interruptions ?? 0);
    this.entries = new KeyEntries(restored?.keys, () => this.#keypad.takeAhead());
    this.#tools = new ToolCalls(this.#memory, assistant, this.entries, restored, at);
    this.#disclosure = new Disclosure(assistant.disclosure || undefined, restored?.disclosed ?? false, {
      callTime: settings.callTime,
      wordsOf: itemId => this.#memory.heardText(itemId),
    });
    this.#pendingReply = new PendingReply(assistant, this.#disclosure, restored);
    this.#answeredBy = restored?.answeredBy;
    this.#turns = new TurnLog(settings.callTime, {model: assistant.model, worker: settings.worker}, restored);
    this.#speech = new CallerSpeech(this.#interruptions, this.#turns, since => settings.given.loudUntil(since));
    const [memory, turns, caller, interruptions] = [this.#memory, this.#turns, this.#caller, this.#interruptions];
    const parts = {memory, turns, caller, interruptions};
    const sounds = (responseId: string, until: Millis) => {
      this.#unprompted.assistantSpeaks(until);
      this.#tools.goodbye.audible(responseId, until);
    };
    const sent = (piece: SentPiece) => this.#disclosure.sent(piece);
    this.floor = new FloorControl({settings, parts, greets: this.#pendingReply.opening, sent, sounds}, restored, at);
    this.#tools.takenOver.adoptGoodbye(at + this.floor.unheardMs(at));
    this.#tools.takenOver.adoptEntry(settings.callTime(at), at);
    this.replies = new Replies({
      answerWithinMs: assistant.answerWithinMs,
      abandon: (responseId, now) => this.floor.on({type: 'abandoned', responseId}, now),
      live: this.#live,
    });
    this.toolUse = new ToolUse({
      calls: this.#tools,
      entries: this.entries,
      floor: this.floor,
      replies: this.replies,
      turns,
      since: settings.callTime,
    });
  }

  get deadline(): Millis | undefined {
    return earliest(
      this.floor.deadline,
      this.replies.deadline,
      this.#keypad.deadline,
      this.toolUse.deadline,
      // Nothing is said unprompted while the call ends, however long that takes, nor to a caller who is away.
      this.#isLeaving ? undefined : this.#unprompted.deadline,
      this.#speech.deadline,
      this.#tools.goodbye.deadline(this.#caller.isOpen),
    );
  }

  /** Where the caller is while the assistant has sent them away. */
  get absence(): Absence {
    return this.#tools.absence;
  }

  /** An operator sends the caller to a person, whoever speaks. Nobody is sent who has no stream, or is away already. */
  transfer(order: AwayOrder, at: Millis): CallEffect[] {
    if (!this.floor.streamOpen || this.absence.current) return [];
    return [...this.floor.on({type: 'keyPressed'}, at), ...this.toolUse.sentAway(order, at)];
  }

  /** The caller, who was away, is back: the assistant speaks first. */
  returned(outcome: AwayOutcome, at: Millis): CallEffect[] {
    this.#unprompted.callerActed(at);
    return this.toolUse.returned(outcome, at);
  }

  /** The call is over, while the caller is away. */
  endedAway(outcome: AwayOutcome, at: Millis): CallEffect[] {
    return this.#tools.endedAway(outcome, this.#settings.callTime(at), at);
  }

  get #isLeaving(): boolean {
    return this.#tools.goodbye.said || this.#tools.absence.current !== undefined;
  }

  /** Whether stream, session or owner could change now without the caller noticing. */
  atTurnBoundary(at: Millis): boolean {
    return this.#isIdle && this.floor.quiet(at);
  }

  get #isIdle(): boolean {
    return !this.floor.callerSpeaks && !this.replies.busy && !this.#tools.isRunning && !this.#tools.goodbye.said;
  }

  /** Whether another assistant could go on now: as at a turn boundary, though a tool runs. */
  mayChangeVoice(at: Millis): boolean {
    const {floor, replies} = this;
    return !floor.callerSpeaks && !replies.busy && !this.#tools.goodbye.said && floor.quiet(at);
  }

  /**
   * Another assistant goes on: what it is told and can do is its own. How it yields, its limits and what is kept of the
   * call are those with which the call began.
   */
  becomes({name, instructions, tools, version, given}: Assistant): CallEffect[] {
    Object.assign(this.#assistant, {name, instructions, tools});
    return [journal({is: 'assistant', assistant: name, version, variables: {...given}})];
  }

  /** A session is configured and knows nothing yet: it is given the conversation, and then asked for the reply that is due. */
  sessionOpened(at: Millis): CallEffect[] {
    const effects = [...this.floor.rights(), ...this.#memory.sessionOpened()];
    const waiting = this.replies.sessionOpened(at);
    effects.push(...waiting, ...this.toolUse.sessionOpened(at), ...this.toolUse.resume(at));
    // A session is free until it speaks. Who only asks for a call and opens no stream gets no greeting for it.
    if (this.#pendingReply.opening && !this.floor.streamOpen) return effects;
    // A caller who is away is told the outcome when they are back: that is what comes next.
    if (this.#tools.absence.current) return effects;
    const pending = this.#takePending();
    // A request that the last session did not answer is asked again, and its answer serves the caller, too.
    const isCovered = waiting.length > 0 && pending?.instructions === undefined;
    if (pending && !isCovered) effects.push(...this.replies.want(pending, at));
    return effects;
  }

  /** The caller's phone is connected: a session that is ready greets now. */
  streamOpened(at: Millis): CallEffect[] {
    const effects = this.floor.on({type: 'streamOpened'}, at);
    if (!this.#pendingReply.opening || !this.replies.hasSession) return effects;
    const greeting = this.#takePending();
    return greeting ? [...effects, ...this.replies.want(greeting, at)] : effects;
  }

  #takePending() {
    return this.#pendingReply.take(itemId => this.#memory.heardText(itemId));
  }

  /** The session is gone, and what it was saying with it. What Twilio has buffered goes on playing. */
  sessionLost(at: Millis): CallEffect[] {
    const speaking = this.#live.sessionLost();
    this.#memory.sessionLost();
    this.#caller.lost();
    const isWanted = this.replies.busy || this.replies.awaited;
    const answer = isWanted ? speaking === undefined : this.#memory.awaitsAnswer;
    this.replies.sessionLost();
    this.#pendingReply.sessionLost({brokenOff: speaking?.itemId, answer});
    if (speaking) this.#turns.ended(speaking.responseId, 'failed');
    return this.floor.on({type: 'modelLost'}, at);
  }

  /** A stream of the caller begins, or goes on with this owner. Returns how many keys of it are known. */
  streamBegan(streamSid: string): number | undefined {
    return this.#keypad.streamBegan(streamSid);
  }

  digit({digit, number}: Extract<EdgeEvent, {kind: 'digit'}>, at: Millis): CallEffect[] {
    if (!this.#keypad.counts(number)) return [];
    this.#unprompted.callerActed(at);
    const stopped: CallEffect[] = [];
    if (this.#settings.assistant.digitsInterrupt && !this.#disclosure.isOpen) {
      this.#interruptions.callerSpoke(at, at);
      stopped.push(...this.floor.on({type: 'keyPressed'}, at), ...this.#tools.stay(at));
    }
    const entered = this.toolUse.pressed(digit, at);
    if (!entered) this.#keypad.pressed(digit, at);
    return [...stopped, ...(entered ?? []), ...this.#keypad.noted()];
  }

  /** For a while nobody could hear the caller, who may have said something. */
  callerCutOff(): void {
    this.#unprompted.callerCutOff();
  }

  /** `onset`: when the first of that speech arrived here. */
  callerSpoke(itemId: string, onset: Millis, at: Millis): CallEffect[] {
    this.#caller.spoke(itemId);
    this.#unprompted.callerActed(at);
    this.#tools.spoken();
    this.#speech.began(onset, at);
    const effects = this.floor.callerSpoke(onset, at);
    this.replies.callerSpoke(at);
    // Where a noise may follow, the line is held open until it is known to be a turn.
    return this.floor.serverRights.serverResponds ? [...effects, ...this.#tools.stay(at)] : effects;
  }

  /** `ended`: when the last of that speech arrived here; undefined if not known. */
  callerStopped(ended: Millis | undefined, at: Millis): CallEffect[] {
    this.#unprompted.callerActed(at);
    return this.floor.callerStopped(this.#speech.ended(ended, at), at);
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
        this.#live.itemEnded(event.itemId);
        return [
          journal({is: 'complete', id: event.itemId}),
          ...this.floor.on({type: 'itemFinished', itemId: event.itemId}, at),
        ];
      case 'words': // they run ahead of the audio they belong to
        return this.#memory.replyWords(event, this.floor.isSilenced(event.responseId));
      case 'callerWords':
        return [
          ...this.#memory.words(event.itemId, event.text, true),
          ...(this.#caller.hasWords(event.itemId, event.text) ? this.#answer(false, at) : []),
        ];
      case 'itemAdded':
        this.replies.itemAdded(event.itemId);
        return [];
      case 'toolCalled':
        return [...this.#startedUnseen(event.responseId, at), ...this.toolUse.called(event, at)];
      case 'hostedCalled':
        return [
          ...(event.responseId === undefined ? [] : this.#startedUnseen(event.responseId, at)),
          ...this.toolUse.hostedCalled(event, at),
        ];
      case 'hostedEnded':
        return this.toolUse.hostedEnded(event, at);
      case 'hostedAway':
        return [
          {do: 'warn', what: 'the model cannot reach an MCP server', code: 'mcp', note: event.server, detail: ''},
        ];
      case 'responseEnded':
        return this.#responseEnded(event, at);
      case 'notTranscribed':
        return this.#memory.notTranscribed(event);
      case 'refused':
        return [...this.replies.refused(event, at), ...this.#memory.truncationRefused(event)];
      default:
        return unreachable(event);
    }
  }

  /** The carrier says what has answered our call. A machine is left alone, talked to, or left a message. */
  answeredBy(by: string, at: Millis): CallEffect[] {
    const told = this.#answeredBy === by ? [] : [journal({is: 'answeredBy', by})];
    this.#answeredBy = by;
    const {voicemail, instructions} = this.#assistant;
    const isLeft = voicemail === 'talk' || this.#isRecorded || this.#tools.goodbye.said;
    if (!isMachine(by) || isLeft) return told;
    this.#isRecorded = true;
    const stopped = this.floor.on({type: 'machineRecords'}, at);
    if (voicemail === 'hang-up' || by === 'fax')
      return [...told, ...stopped, {do: 'leave', intent: 'hang-up', reason: 'assistant.voicemail'}];
    this.#pendingReply.skipGreeting();
    const message = voicemailMessage(instructions, this.#disclosure.joins(), voicemail);
    this.#tools.goodbye.announce({reason: 'assistant.voicemail', isFinal: true}, at);
    return [
      ...told,
      ...stopped,
      ...this.floor.silenceServer(),
      ...this.replies.want({cause: 'farewell', instructions: message, speechOnly: true}, at),
    ];
  }

  /** A limit of money is reached: the caller hears the rest of what was said, and then why the call ends. */
  limitReached(reason: EndReason, at: Millis): CallEffect[] {
    this.#tools.goodbye.conclude(reason, Math.max(at, this.floor.audibleUntil));
    return [];
  }

  time(at: Millis): CallEffect[] {
    const effects = [...this.floor.on({type: 'time'}, at), ...this.#speechStuck(at)];
    const keyed = this.#keypad.due(at);
    if (keyed) effects.push(...keyed.added, ...this.replies.want(keyed.request, at));
    effects.push(...this.toolUse.time(at));
    const prompt = this.#isLeaving ? undefined : this.#unprompted.due(at);
    if (prompt?.ends) this.#tools.goodbye.announce(prompt.ends, Math.max(at, this.floor.audibleUntil));
    if (prompt) effects.push(...this.replies.want(prompt.request, at));
    return [...effects, ...this.replies.time(at)];
  }

  /** What follows from the event just handled: turns that are over, a goodbye that was heard. */
  afterwards(at: Millis): CallEffect[] {
    const quiet = this.floor.quiet(at);
    const disclosed = this.#disclosure.heard(mark => this.floor.isProven(mark), quiet, at);
    if (disclosed.length > 0) return [...disclosed, ...this.floor.unprotect(at), ...this.afterwards(at)];
    const closing = this.#tools.closing(quiet, this.#caller.isOpen, this.#settings.callTime(at), at);
    if (closing) return closing;
    this.replies.waits(this.#isWaiting ? at : undefined, this.floor.audibleUntil);
    this.#unprompted.isQuiet(quiet && this.floor.streamOpen && this.#isIdle, at);
    return quiet ? turnEffects(this.#turns.playoutEnded(at)) : [];
  }

  /** The turn that is open when the call ends. */
  lastTurn(end: {readonly heardFrom: Millis; readonly ahead: boolean}, at: Millis): CallEffect[] {
    return [...this.floor.on({type: 'over', ...end}, at), ...turnEffects(this.#turns.close(at))];
  }

  #turnCommitted(itemId: string, at: Millis): CallEffect[] {
    const what = this.#caller.committed(itemId);
    if (what === 'noise') return [toModel({do: 'delete', itemId}), ...this.replies.noTurn(at)];
    const effects = this.#memory.remember({kind: 'caller', id: itemId, text: ''});
    if (what === 'unanswered' || this.#isRecorded) return [...effects, ...this.replies.noTurn(at)];
    return [...effects, ...this.#answer(this.floor.serverRights.serverResponds, at)];
  }

  /** What the caller said is a turn: the server answers it, or we ask it to. */
  #answer(serverResponds: boolean, at: Millis): CallEffect[] {
    return [...this.#tools.stay(at), ...this.replies.turn(serverResponds, at)];
  }

  #responseStarted(responseId: string, tag: string | undefined, at: Millis): CallEffect[] {
    const request = this.replies.started(responseId, tag, at);
    const cause = request?.cause ?? 'turn';
    const isOpening = cause === 'greeting' || cause === 'disclosure';
    const event = {responseId, greeting: isOpening, asked: request !== undefined};
    if (isOpening || this.#isRecorded) this.#disclosure.started(responseId);
    // An interruption whose clear has not landed belongs to the turn before.
    const effects = this.floor.on({type: 'responseStarted', ...event}, at);
    if (this.floor.isSilenced(responseId)) {
      this.replies.takenBack(responseId);
      return effects;
    }
    // The server answers a beep by itself.
    if (this.#isRecorded && cause !== 'farewell')
      return [...effects, ...this.floor.on({type: 'abandoned', responseId}, at)];
    if (cause === 'farewell') this.#tools.goodbye.responseStarted(responseId);
    return [...effects, ...this.#turns.started(responseId, turnCause(cause), at)];
  }

  #audio(event: Extract<SpokenEvent, {type: 'audio'}>, at: Millis): CallEffect[] {
    const {responseId, itemId, payload} = event;
    const ms = msOfBase64(payload);
    const effects = [...this.#startedUnseen(responseId, at), ...this.#live.audio(responseId, itemId, ms)];
    const sound = {isAudible: isAudible(payload), hasSpoken: this.#live.hasSpoken(responseId)};
    if (!this.floor.isSilenced(responseId) && sound.isAudible) {
      this.replies.audible(responseId, at);
      this.#tools.spoken();
      if (!this.floor.callerSpeaks) this.#caller.answered();
    }
    this.#turns.delta(responseId, itemId, ms, at);
    return [...effects, ...this.floor.audio({responseId, itemId, payload}, sound, at)];
  }

  #responseEnded(event: Extract<SpokenEvent, {type: 'responseEnded'}>, at: Millis): CallEffect[] {
    const {responseId, status, tokens} = event;
    const before = this.#startedUnseen(responseId, at);
    if (!this.#live.noteEnd(responseId)) return [];
    this.#turns.ended(responseId, status);
    this.#tools.responseEnded(responseId, this.floor.unheardMs(at), at);
    const billed = tokens ? [journal({is: 'tokens', tokens})] : [];
    const isHeeded = !this.floor.isSilenced(responseId) && !this.#tools.goodbye.said;
    const effects = [...before, ...billed, ...this.floor.on({type: 'responseEnded', responseId}, at)];
    // Before the next request is chosen: what the caller says meanwhile is answered after the greeting.
    if (this.#disclosure.ended(responseId, status === 'completed')) effects.push(...this.#afterDisclosure(at));
    effects.push(...this.replies.ended(event, isHeeded, at));
    this.#live.noItemOf(responseId);
    return effects;
  }

  #afterDisclosure(at: Millis): CallEffect[] {
    const next = this.#isRecorded ? undefined : this.#takePending();
    return next ? this.replies.want(next, at) : [];
  }

  /** Some servers do not say that a response begins. */
  #startedUnseen(responseId: string, at: Millis): CallEffect[] {
    return this.#live.hasBegun(responseId) ? [] : this.#responseStarted(responseId, undefined, at);
  }

  /** The caller is silent and hears nothing, though something is to come. */
  get #isWaiting(): boolean {
    if (!this.floor.streamOpen || this.floor.callerSpeaks || this.#isLeaving) return false;
    return this.replies.busy || this.replies.awaited || this.#caller.isOpen || this.#pendingReply.isPending;
  }

  /** The model never reported that the caller stopped: their frames count. */
  #speechStuck(at: Millis): CallEffect[] {
    const endedAt = this.#speech.overdueSince(at);
    if (endedAt === undefined || !this.floor.callerSpeaks) return [];
    const effects = this.callerStopped(endedAt, at);
    this.replies.waits(endedAt, this.floor.audibleUntil);
    return effects;
  }
}

/** Twilio's words for machines: machine_start, machine_end_beep, machine_end_silence, machine_end_other, fax. */
function isMachine(answeredBy: string): boolean {
  return answeredBy.startsWith('machine_') || answeredBy === 'fax';
}

/** What made the assistant speak, in a turn's record. */
function turnCause(cause: Cause): TurnCause {
  if (cause === 'turn') return 'caller';
  if (cause === 'disclosure') return 'greeting';
  return cause === 'wait' ? 'tool' : cause;
}
