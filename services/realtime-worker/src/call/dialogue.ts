import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {earliest, type Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';
import type {CallEvent, EdgeEvent} from '../events/call-event.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import {turnEffects} from '../journal/turn-log.ts';
import {voicemailMessage} from '../replies/prompts.ts';
import type {Replies} from '../replies/replies.ts';
import type {Absence} from '../tools/absence.ts';
import type {KeyEntries} from '../tools/key-entries.ts';
import {type DialogueParts, dialogueParts} from './dialogue-parts.ts';
import type {DialogueSettings} from './dialogue-settings.ts';
import type {FloorControl} from './floor-control.ts';
import {type SpokenEvent, SpokenEvents} from './spoken-events.ts';
import type {ToolUse} from './tool-use.ts';

/**
 * What is said on a call, by whom, and what the model must know of it. Joins the pure rules (who has the floor, one
 * response at a time, the goodbye, the keys) and keeps the conversation. Streams and sessions of the model come and go.
 */
export class Dialogue {
  readonly #settings: DialogueSettings;
  readonly #parts: DialogueParts;
  readonly #spoken: SpokenEvents;
  /** The item that an earlier owner was speaking. */
  readonly #cutOffItem: string | undefined;
  /** What the caller hears, and who has the floor. */
  readonly floor: FloorControl;
  readonly replies: Replies;
  readonly toolUse: ToolUse;
  /** What the caller enters for tools. */
  readonly entries: KeyEntries;

  constructor(settings: DialogueSettings, at: Millis, restored?: RestoredCall) {
    this.#settings = settings;
    this.#parts = dialogueParts(settings, restored, at);
    this.#spoken = new SpokenEvents(this.#parts);
    this.#cutOffItem = restored?.cutOffItem;
    ({floor: this.floor, replies: this.replies, toolUse: this.toolUse, entries: this.entries} = this.#parts);
  }

  get deadline(): Millis | undefined {
    const {caller, floor, keypad, replies, speech, tools, toolUse, unprompted} = this.#parts;
    return earliest(
      floor.deadline,
      replies.deadline,
      keypad.deadline,
      toolUse.deadline,
      // Nothing is said unprompted while the call ends, however long that takes, nor to a caller who is away.
      this.#isLeaving ? undefined : unprompted.deadline,
      speech.deadline,
      tools.goodbye.deadline(caller.isOpen),
    );
  }

  /** Where the caller is while the assistant has sent them away. */
  get absence(): Absence {
    return this.#parts.tools.absence;
  }

  /** An operator sends the caller to a person, whoever speaks. Nobody is sent who has no stream, or is away already. */
  transfer(order: AwayOrder, at: Millis): CallEffect[] {
    if (!this.floor.streamOpen || this.absence.current) return [];
    return [...this.floor.on({type: 'keyPressed'}, at), ...this.toolUse.sentAway(order, at)];
  }

  /** The caller, who was away, is back: the assistant speaks first. */
  returned(outcome: AwayOutcome, at: Millis): CallEffect[] {
    this.#parts.unprompted.callerActed(at);
    return this.toolUse.returned(outcome, at);
  }

  /** The call is over, while the caller is away. */
  endedAway(outcome: AwayOutcome, at: Millis): CallEffect[] {
    return this.#parts.tools.endedAway(outcome, this.#settings.callTime(at), at);
  }

  get #isLeaving(): boolean {
    return this.#parts.tools.goodbye.said || this.#parts.tools.absence.current !== undefined;
  }

  /** Whether stream, session or owner could change now without the caller noticing. */
  atTurnBoundary(at: Millis): boolean {
    return this.#isIdle && this.floor.quiet(at);
  }

  get #isIdle(): boolean {
    return (
      !this.floor.callerSpeaks && !this.replies.busy && !this.#parts.tools.isRunning && !this.#parts.tools.goodbye.said
    );
  }

  /** Whether another assistant could go on now: as at a turn boundary, though a tool runs. */
  mayChangeVoice(at: Millis): boolean {
    const {floor, replies} = this;
    return !floor.callerSpeaks && !replies.busy && !this.#parts.tools.goodbye.said && floor.quiet(at);
  }

  /**
   * Another assistant goes on: what it is told and can do is its own. How it yields, its limits and what is kept of the
   * call are those with which the call began.
   */
  becomes({name, instructions, tools, version, given}: Assistant): CallEffect[] {
    Object.assign(this.#parts.assistant, {name, instructions, tools});
    return [journal({is: 'assistant', assistant: name, version, variables: {...given}})];
  }

  /** A session is configured and knows nothing yet: it is given the conversation, and then asked for the reply that is due. */
  sessionOpened(at: Millis): CallEffect[] {
    const {floor, memory, pendingReply, replies, toolUse, tools} = this.#parts;
    const effects = [...floor.rights(), ...memory.sessionOpened()];
    const waiting = replies.sessionOpened(at);
    effects.push(...waiting, ...toolUse.sessionOpened(at), ...toolUse.resume(at));
    // A session is free until it speaks. Who only asks for a call and opens no stream gets no greeting for it.
    if (pendingReply.opening && !floor.streamOpen) return effects;
    // A caller who is away is told the outcome when they are back: that is what comes next.
    if (tools.absence.current) return effects;
    const pending = pendingReply.take();
    // A request that the last session did not answer is asked again, and its answer serves the caller, too.
    const isCovered = waiting.length > 0 && pending?.instructions === undefined;
    if (pending && !isCovered) effects.push(...replies.want(pending, at));
    return effects;
  }

  /** The caller's phone is connected: a session that is ready greets now. */
  streamOpened(at: Millis): CallEffect[] {
    return [...this.floor.on({type: 'streamOpened'}, at), ...this.#opening(at)];
  }

  /** What is sent does not reach the caller's phone, or does so again. */
  undelivered(event: Extract<CallEvent, {type: 'undelivered'}>, at: Millis): CallEffect[] {
    const wasOpen = this.floor.streamOpen;
    const effects = this.floor.on(event, at);
    return wasOpen || !this.floor.streamOpen ? effects : [...effects, ...this.#opening(at)];
  }

  /** The first words of the call, if they are still to be asked for. */
  #opening(at: Millis): CallEffect[] {
    const {pendingReply, replies} = this.#parts;
    if (!pendingReply.opening || !replies.hasSession) return [];
    const request = pendingReply.take();
    return request ? replies.want(request, at) : [];
  }

  /** The session is gone, and what it was saying with it. What Twilio has buffered goes on playing. */
  sessionLost(at: Millis): CallEffect[] {
    const {caller, floor, live, memory, pendingReply, replies, turns} = this.#parts;
    const speaking = live.sessionLost();
    memory.sessionLost();
    caller.lost();
    const isWanted = replies.busy || replies.awaited;
    const answer = isWanted ? speaking === undefined : memory.awaitsAnswer;
    replies.sessionLost();
    pendingReply.sessionLost({brokenOff: speaking?.itemId, answer});
    if (speaking) turns.ended(speaking.responseId, 'failed');
    return floor.on({type: 'modelLost'}, at);
  }

  /** This process did not run since `from`. */
  paused(from: Millis, at: Millis): void {
    this.#parts.turns.paused(from, at);
  }

  /** A stream of the caller begins, or goes on with this owner. Returns how many keys of it are known. */
  streamBegan(streamSid: string): number | undefined {
    return this.#parts.keypad.streamBegan(streamSid);
  }

  /** The edge says up to which mark an earlier owner had sent: the journal of that one may lack the last of it. */
  sentBefore(mark: string, at: Millis): CallEffect[] {
    const {floor, memory, turns} = this.#parts;
    const more = floor.sentBefore(mark, at);
    if (!more) return [];
    const {itemId: id, from, to: ms} = more;
    if (id === this.#cutOffItem) memory.brokeOff(id, ms);
    turns.saidBefore(id, ms);
    return [journal({is: 'said', id, from, ms, mark})];
  }

  digit({digit, number}: Extract<EdgeEvent, {kind: 'digit'}>, at: Millis): CallEffect[] {
    const {disclosure, floor, interruptions, keypad, tools, toolUse, unprompted} = this.#parts;
    if (!keypad.counts(number)) return [];
    unprompted.callerActed(at);
    const stopped: CallEffect[] = [];
    if (this.#settings.assistant.digitsInterrupt && !disclosure.isOpen) {
      interruptions.callerSpoke(at, at);
      stopped.push(...floor.on({type: 'keyPressed'}, at), ...tools.stay(at));
    }
    const entered = toolUse.pressed(digit, at);
    if (!entered) keypad.pressed(digit, at);
    return [...stopped, ...(entered ?? []), ...keypad.noted()];
  }

  /** For a while nobody could hear the caller, who may have said something. */
  callerCutOff(): void {
    this.#parts.unprompted.callerCutOff();
  }

  /** `onset`: when the first of that speech arrived here. */
  callerSpoke(itemId: string, onset: Millis, at: Millis): CallEffect[] {
    const {caller, floor, replies, speech, tools, unprompted} = this.#parts;
    caller.spoke(itemId);
    unprompted.callerActed(at);
    tools.spoken();
    speech.began(onset, at);
    const effects = floor.callerSpoke(onset, at);
    replies.callerSpoke(at);
    // Where a noise may follow, the line is held open until it is known to be a turn.
    return floor.serverRights.serverResponds ? [...effects, ...tools.stay(at)] : effects;
  }

  /** `ended`: when the last of that speech arrived here; undefined if not known. */
  callerStopped(ended: Millis | undefined, at: Millis): CallEffect[] {
    this.#parts.unprompted.callerActed(at);
    return this.floor.callerStopped(this.#parts.speech.ended(ended, at), at);
  }

  /** The model says something, or makes something of the caller's words. */
  on(event: SpokenEvent, at: Millis): CallEffect[] {
    return this.#spoken.on(event, at);
  }

  /** The carrier says what has answered our call. A machine is left alone, talked to, or left a message. */
  answeredBy(by: string, at: Millis): CallEffect[] {
    const {assistant, disclosure, floor, machine, pendingReply, replies, tools} = this.#parts;
    const {voicemail, instructions} = assistant;
    const answer = machine.answered(by, {voicemail, isEnding: tools.goodbye.said});
    const told = answer.isNews ? [journal({is: 'answeredBy', by})] : [];
    if (answer.gets === 'nothing') return told;
    const stopped = floor.on({type: 'machineRecords'}, at);
    if (answer.gets === 'hang-up')
      return [...told, ...stopped, {do: 'leave', intent: 'hang-up', reason: 'assistant.voicemail'}];
    pendingReply.skipGreeting();
    const message = voicemailMessage(instructions, disclosure.joins(), answer.message);
    tools.goodbye.announce({reason: 'assistant.voicemail', isFinal: true}, at);
    return [
      ...told,
      ...stopped,
      ...floor.silenceServer(),
      ...replies.want({cause: 'farewell', instructions: message, speechOnly: true}, at),
    ];
  }

  /** A limit of money is reached: the caller hears the rest of what was said, and then why the call ends. */
  limitReached(reason: EndReason, at: Millis): CallEffect[] {
    this.#parts.tools.goodbye.conclude(reason, Math.max(at, this.floor.audibleUntil));
    return [];
  }

  time(at: Millis): CallEffect[] {
    const {floor, keypad, replies, tools, toolUse, unprompted} = this.#parts;
    const effects = [...floor.on({type: 'time'}, at), ...this.#speechStuck(at)];
    const keyed = keypad.due(at);
    if (keyed) effects.push(...keyed.added, ...replies.want(keyed.request, at));
    effects.push(...toolUse.time(at));
    const prompt = this.#isLeaving ? undefined : unprompted.due(at);
    if (prompt?.ends) tools.goodbye.announce(prompt.ends, Math.max(at, floor.audibleUntil));
    if (prompt) effects.push(...replies.want(prompt.request, at));
    return [...effects, ...replies.time(at)];
  }

  /** What follows from the event just handled: turns that are over, a goodbye that was heard. */
  afterwards(at: Millis): CallEffect[] {
    const {caller, disclosure, floor, replies, tools, turns, unprompted} = this.#parts;
    const quiet = floor.quiet(at);
    const disclosed = disclosure.heard(mark => floor.isProven(mark), quiet, at);
    if (disclosed.length > 0) return [...disclosed, ...floor.unprotect(at), ...this.afterwards(at)];
    const closing = tools.closing(quiet, caller.isOpen, this.#settings.callTime(at), at);
    if (closing) return closing;
    replies.waits(this.#isWaiting ? at : undefined, floor.audibleUntil);
    unprompted.isQuiet(quiet && floor.streamOpen && this.#isIdle, at);
    return quiet ? turnEffects(turns.playoutEnded(at)) : [];
  }

  /** The turn that is open when the call ends. */
  lastTurn(end: {readonly heardFrom: Millis; readonly ahead: boolean}, at: Millis): CallEffect[] {
    return [...this.floor.on({type: 'over', ...end}, at), ...turnEffects(this.#parts.turns.close(at))];
  }

  /** The caller is silent and hears nothing, though something is to come. */
  get #isWaiting(): boolean {
    if (!this.floor.streamOpen || this.floor.callerSpeaks || this.#isLeaving) return false;
    return this.replies.busy || this.replies.awaited || this.#parts.caller.isOpen || this.#parts.pendingReply.isPending;
  }

  /** The model never reported that the caller stopped: their frames count. */
  #speechStuck(at: Millis): CallEffect[] {
    const endedAt = this.#parts.speech.overdueSince(at);
    if (endedAt === undefined || !this.floor.callerSpeaks) return [];
    const effects = this.callerStopped(endedAt, at);
    this.replies.waits(endedAt, this.floor.audibleUntil);
    return effects;
  }
}
