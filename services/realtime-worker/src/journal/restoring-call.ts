import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Conversation} from '../conversation/conversation.ts';
import type {CallSnapshot, KeptAssistant} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {RestoredCall} from './restore-call.ts';
import {RestoringSpeech} from './restoring-speech.ts';
import {RestoringTools} from './restoring-tools.ts';
import {RestoringWait} from './restoring-wait.ts';

type Entry<Is extends JournalEntry['is']> = Extract<JournalEntry, {is: Is}>;

/**
 * A call as far as its journal was read: each entry that matters to the next owner goes to what it is about, which is what
 * was said, the tools, or the call itself.
 */
export class RestoringCall {
  readonly #speech = new RestoringSpeech();
  readonly #tools = new RestoringTools();
  readonly #wait = new RestoringWait();
  #stream: RestoredCall['stream'];
  /** Keys that the model was not told of. */
  #pressed = '';
  #owner: string | undefined;
  #assistant: KeptAssistant | undefined;
  #openedWall: number | undefined;
  #answeredBy: string | undefined;
  #recorded = false;
  #captured = false;
  #heldUntil = 0;
  #failovers = 0;
  #switches = 0;

  get conversation(): Conversation {
    return this.#speech.conversation;
  }

  read(entry: JournalEntry): void {
    this.#openedWall ??= entry.wall;
    this.#wait.read(entry);
    switch (entry.is) {
      case 'owner':
        this.#owner = entry.worker;
        return;
      case 'stream':
        return this.#streamBegan(entry);
      case 'pressed':
        return this.#keysPressed(entry);
      case 'settled':
        return this.#settled(entry);
      case 'item':
        return this.#speech.item(entry);
      case 'words':
        return this.conversation.words(entry.id, entry.text, true);
      case 'said':
        this.#heldUntil = 0;
        return this.#speech.said(entry);
      case 'hushed':
        return this.#speech.hushed(entry);
      case 'complete':
        return this.#speech.complete(entry);
      case 'brokenOff':
        return this.#speech.brokenOff(entry);
      case 'cut':
        return this.#speech.cut(entry);
      case 'turn':
        return this.#speech.turn(entry);
      case 'interruption':
        return this.#speech.interruption();
      case 'disclosed':
        return this.#speech.disclosed(entry);
      case 'tool':
        return this.#tools.called(entry);
      case 'keys':
        return this.#tools.entered(entry);
      case 'away':
        return this.#tools.absence(entry);
      case 'assistant':
        this.#switches += 1;
        this.#assistant = {version: entry.version, variables: entry.variables};
        return;
      case 'failover':
        this.#failovers += 1;
        return;
      case 'held':
        this.#heldUntil = entry.wall + entry.ms;
        return;
      case 'snapshot':
        return this.#goOn(entry.call);
      case 'opened':
        this.#assistant =
          entry.version === undefined ? undefined : {version: entry.version, variables: entry.variables};
        return;
      case 'recording':
        this.#recorded = true;
        return;
      case 'captured':
        this.#captured = true;
        return;
      case 'answeredBy':
        this.#answeredBy = entry.by;
        return;
      case 'modelReady':
      case 'greeted':
      case 'firstAudio':
      case 'cutRefused':
      case 'notes':
      case 'tokens':
      case 'frames':
      case 'ended':
        return;
      default:
        return unreachable(entry);
    }
  }

  /** What is known now that the journal has no more to say. */
  end(nowWall: number): RestoredCall {
    return {
      ...this.#speech.end(this.#openedWall, nowWall),
      ...this.#tools.end(nowWall),
      ...this.#wait.end(this.#heldUntil, nowWall),
      openedWall: this.#openedWall ?? nowWall,
      answeredBy: this.#answeredBy,
      recorded: this.#recorded,
      captured: this.#captured,
      stream: this.#stream,
      pressed: this.#pressed,
      heldMs: Math.max(0, this.#heldUntil - nowWall),
      failovers: this.#failovers,
      switches: this.#switches,
      owner: this.#owner,
      assistant: this.#assistant,
    };
  }

  /** The state so far, without what is too old to matter at the moment `wall`. */
  snapshot(wall: number): CallSnapshot {
    return {
      ...this.#speech.snapshot(wall),
      ...this.#tools.snapshot(),
      ...this.#wait.snapshot(),
      openedWall: this.#openedWall ?? wall,
      stream: this.#stream,
      ...(this.#pressed === '' ? {} : {pressed: this.#pressed}),
      owner: this.#owner,
      assistant: this.#assistant,
      ...(this.#answeredBy === undefined ? {} : {answeredBy: this.#answeredBy}),
      ...(this.#recorded ? {recorded: true} : {}),
      ...(this.#captured ? {captured: true} : {}),
      heldUntil: this.#heldUntil,
      failovers: this.#failovers,
      switches: this.#switches,
    };
  }

  /** Goes on from a snapshot. */
  #goOn(call: CallSnapshot): void {
    this.#speech.goOn(call);
    this.#tools.goOn(call);
    this.#openedWall = call.openedWall;
    this.#stream = call.stream;
    this.#pressed = call.pressed ?? '';
    this.#owner = call.owner;
    this.#assistant = call.assistant;
    this.#answeredBy = call.answeredBy;
    this.#recorded = call.recorded ?? false;
    this.#captured = call.captured ?? false;
    this.#heldUntil = call.heldUntil;
    this.#failovers = call.failovers;
    this.#switches = call.switches ?? 0;
  }

  #streamBegan({streamSid, digits}: Entry<'stream'>): void {
    const isSame = this.#stream?.streamSid === streamSid;
    this.#stream = {streamSid, settledMs: isSame ? (this.#stream?.settledMs ?? 0) : 0, digits};
    if (!isSame) this.#speech.streamBegan();
  }

  #settled({streamSid, timestamp}: Entry<'settled'>): void {
    if (this.#stream?.streamSid === streamSid) this.#stream = {...this.#stream, settledMs: timestamp};
  }

  #keysPressed({streamSid, number, keys}: Entry<'pressed'>): void {
    if (this.#stream?.streamSid === streamSid) this.#stream = {...this.#stream, digits: number};
    this.#pressed = keys;
  }
}
