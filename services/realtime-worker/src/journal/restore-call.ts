import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Conversation} from '../conversation/conversation.ts';
import type {SentBefore} from '../barge-in/floor-events.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {InheritedTurn} from './turn-log.ts';

/** What a worker must know to go on with a call that another worker had. */
export interface RestoredCall {
  readonly conversation: Conversation;
  /** The caller has heard at least the beginning of a greeting. */
  readonly greeted: boolean;
  readonly answerOwed: boolean;
  /** The reply that was being spoken when the last owner went, if its end never came. */
  readonly cutOffItem: string | undefined;
  /** The stream that the last owner served, and up to where on its clock the caller's words are in the conversation. */
  readonly stream: {readonly streamSid: string; readonly settledMs: Millis} | undefined;
  /** What Twilio was given on that stream since it was last silenced, and how long ago. */
  readonly said: readonly SentBefore[];
  /** The last owner had asked the caller to wait for the model, for so much longer; 0: it had not, or that is over. */
  readonly heldMs: Millis;
  /** Turns that are over, and the one that was not. */
  readonly turns: number;
  readonly openTurn: InheritedTurn | undefined;
  readonly interruptions: number;
  readonly toolCalls: number;
  readonly failovers: number;
  /** Who had the call last. */
  readonly owner: string | undefined;
}

/** A piece of audio as it went to Twilio, in Unix milliseconds. */
type Said = Omit<SentBefore, 'agoMs'> & {readonly wall: number};

/** What Twilio was given and, as far as the journal tells, has not dropped. */
type TwilioBuffer =
  | {readonly state: 'filled'; readonly said: Said[]}
  /** It was dropped at `wall`. What was heard of it is not written yet. */
  | {readonly state: 'cleared'; readonly said: readonly Said[]; readonly wall: number};

type Entry<Is extends JournalEntry['is']> = Extract<JournalEntry, {is: Is}>;

/** The number of the model sessions that made the items of a journal. Sessions of this process count from 0. */
const EARLIER_SESSION = -1;

/** Reads a journal to its end. `nowWall` is the time of day, in Unix milliseconds. */
export function restoreCall(entries: readonly JournalEntry[], nowWall: number): RestoredCall {
  const call = new RestoringCall();
  for (const entry of entries) call.read(entry);
  return call.end(nowWall);
}

/** A call as far as its journal was read: one method for each entry that matters to the next owner. */
class RestoringCall {
  readonly #conversation = new Conversation();
  /** Up to where each item was said, and the items of which no more is to come. */
  readonly #saidMs = new Map<string, Millis>();
  readonly #whole = new Set<string>();
  #buffer: TwilioBuffer = {state: 'filled', said: []};
  #stream: RestoredCall['stream'];
  #openTurn: InheritedTurn | undefined;
  /** The item that is being spoken, until the caller says something. */
  #speaking: string | undefined;
  #owner: string | undefined;
  #greeted = false;
  #heldUntil = 0;
  #turns = 0;
  #interruptions = 0;
  #toolCalls = 0;
  #failovers = 0;

  read(entry: JournalEntry): void {
    switch (entry.is) {
      case 'owner':
        this.#owner = entry.worker;
        return;
      case 'stream':
        return this.#streamBegan(entry);
      case 'settled':
        return this.#settled(entry);
      case 'item':
        return this.#item(entry);
      case 'words':
        return this.#conversation.words(entry.id, entry.text, true);
      case 'said':
        return this.#said(entry);
      case 'hushed':
        this.#buffer = {
          state: 'cleared',
          said: this.#buffer.state === 'filled' ? this.#buffer.said : [],
          wall: entry.wall,
        };
        return;
      case 'complete':
        this.#whole.add(entry.id);
        return;
      case 'cut':
        return this.#cut(entry);
      case 'turn':
        return this.#turn(entry);
      case 'interruption':
        return this.#interruption();
      case 'tool':
        this.#toolCalls = Math.max(this.#toolCalls, entry.tool.call + 1);
        return;
      case 'failover':
        this.#failovers += 1;
        return;
      case 'held':
        this.#heldUntil = entry.wall + entry.ms;
        return;
      case 'opened':
      case 'modelReady':
      case 'greeted':
      case 'firstAudio':
      case 'cutRefused':
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
    this.#truncateCleared();
    const cutOffItem = this.#speaking !== undefined && !this.#whole.has(this.#speaking) ? this.#speaking : undefined;
    if (cutOffItem !== undefined) this.#conversation.truncateToAudio(cutOffItem, this.#saidMs.get(cutOffItem) ?? 0);
    const openTurn = this.#openTurn;
    if (openTurn) openTurn.complete = [...openTurn.said.keys()].every(id => this.#whole.has(id));
    const said = this.#buffer.state === 'filled' ? this.#buffer.said : [];
    return {
      conversation: this.#conversation,
      greeted: this.#greeted,
      answerOwed: this.#conversation.awaitsAnswer,
      cutOffItem,
      stream: this.#stream,
      said: said.map(({wall, ...each}) => ({...each, agoMs: Math.max(0, nowWall - wall)})),
      heldMs: Math.max(0, this.#heldUntil - nowWall),
      turns: this.#turns,
      openTurn,
      interruptions: this.#interruptions,
      toolCalls: this.#toolCalls,
      failovers: this.#failovers,
      owner: this.#owner,
    };
  }

  #streamBegan({streamSid}: Entry<'stream'>): void {
    if (this.#stream?.streamSid === streamSid) return;
    this.#stream = {streamSid, settledMs: 0};
    if (this.#buffer.state === 'filled') this.#buffer = {state: 'filled', said: []};
  }

  #settled({streamSid, timestamp}: Entry<'settled'>): void {
    if (this.#stream?.streamSid === streamSid) this.#stream = {streamSid, settledMs: timestamp};
  }

  #item({item}: Entry<'item'>): void {
    this.#conversation.add(item, EARLIER_SESSION);
    if (item.kind === 'caller') this.#speaking = undefined;
  }

  #said({id, from, ms, wall}: Entry<'said'>): void {
    this.#greeted = true;
    this.#heldUntil = 0;
    this.#speaking = id;
    this.#saidMs.set(id, ms);
    this.#openTurn?.said.set(id, ms);
    // What a clear took away was settled before the next word, or given back after a noise.
    if (this.#buffer.state === 'cleared') this.#buffer = {state: 'filled', said: []};
    this.#buffer.said.push({itemId: id, itemFrom: from, ms: ms - from, wall});
  }

  #cut({id, heardMs, totalMs}: Entry<'cut'>): void {
    if (this.#buffer.state === 'cleared') this.#buffer = {state: 'filled', said: []};
    this.#truncate(id, heardMs, totalMs);
  }

  #truncate(id: string, heardMs: Millis, totalMs: Millis): void {
    this.#conversation.truncate(id, heardMs, totalMs);
    this.#openTurn?.heard.set(id, heardMs);
    this.#whole.add(id);
  }

  #turn({turn, open}: Entry<'turn'>): void {
    this.#openTurn = open ? inherited(turn, this.#openTurn) : undefined;
    this.#turns = Math.max(this.#turns, turn.turn + (open ? 0 : 1));
  }

  #interruption(): void {
    this.#interruptions += 1;
    if (this.#openTurn) this.#openTurn.interrupted = true;
    this.#buffer = {state: 'filled', said: []};
  }

  /** The owner died before it wrote where the clear landed: the time of day tells how far each item was heard. */
  #truncateCleared(): void {
    if (this.#buffer.state !== 'cleared') return;
    for (const {id, heardMs} of truncationsWhenCleared(this.#buffer.said, this.#buffer.wall)) {
      this.#truncate(id, heardMs, Math.max(heardMs, this.#saidMs.get(id) ?? 0));
    }
  }
}

/** How far each item was heard that was still playing when Twilio's buffer was dropped, piece after piece. */
function truncationsWhenCleared(
  said: readonly Said[],
  wall: number,
): {readonly id: string; readonly heardMs: Millis}[] {
  const cuts = new Map<string, Millis>();
  let free = 0;
  for (const piece of said) {
    const from = Math.max(free, piece.wall);
    free = from + piece.ms;
    if (free <= wall || cuts.has(piece.itemId)) continue;
    cuts.set(piece.itemId, Math.round(piece.itemFrom + Math.max(0, wall - from)));
  }
  return [...cuts].map(([id, heardMs]) => ({id, heardMs}));
}

function inherited(turn: TurnRecord, before: InheritedTurn | undefined): InheritedTurn {
  if (before?.turn.turn === turn.turn) return {...before, turn};
  return {turn, said: new Map(), heard: new Map(), interrupted: false, complete: false};
}
