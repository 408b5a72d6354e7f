import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Conversation, type KeptItem} from '../conversation/conversation.ts';
import type {Fact} from '../events/call-effect.ts';
import type {CallSnapshot} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {RestoredCall} from './restore-call.ts';
import type {InheritedTurn} from './turn-log.ts';
import {notLongPlayed, truncationsWhenCleared, type TwilioBuffer} from './twilio-buffer.ts';

/** Of a conversation, a snapshot has at most so many items and so many letters of them, and at least so many items. */
const KEPT_ITEMS = 40;
const KEPT_LETTERS = 12_000;
const LEAST_ITEMS = 6;

/** The number of the model sessions that made the items of a journal. Sessions of this process count from 0. */
const EARLIER_SESSION = -1;

type Entry<Is extends JournalEntry['is']> = Extract<JournalEntry, {is: Is}>;
type Snapshot = Pick<
  CallSnapshot,
  | 'items'
  | 'saidMs'
  | 'whole'
  | 'buffer'
  | 'openTurn'
  | 'speaking'
  | 'greeted'
  | 'disclosed'
  | 'turns'
  | 'interruptions'
>;
type Restored = Pick<
  RestoredCall,
  | 'conversation'
  | 'greeted'
  | 'disclosed'
  | 'answerOwed'
  | 'cutOffItem'
  | 'said'
  | 'turns'
  | 'openTurn'
  | 'interruptions'
  | 'unwritten'
>;

/** What was said on a call and how much of it was heard, as far as its journal was read. */
export class RestoringSpeech {
  readonly conversation = new Conversation();
  /** Up to where each item was said, and the items of which no more is to come. */
  readonly #saidMs = new Map<string, Millis>();
  readonly #whole = new Set<string>();
  #buffer: TwilioBuffer = {state: 'filled', said: []};
  #openTurn: InheritedTurn | undefined;
  /** The item that is being spoken, until the caller says something. */
  #speaking: string | undefined;
  #greeted = false;
  /** It was so when the journal was compacted. */
  #wasGreeted = false;
  /** The item that was said first, once all of it was heard. */
  #disclosed: string | undefined;
  #turns = 0;
  #interruptions = 0;

  item({item}: Entry<'item'>): void {
    this.conversation.add(item, EARLIER_SESSION);
    if (item.kind === 'caller') this.#speaking = undefined;
  }

  said({id, from, ms, wall, mark}: Entry<'said'>): void {
    this.#greeted = true;
    this.#speaking = id;
    this.#saidMs.set(id, ms);
    this.#openTurn?.said.set(id, ms);
    // What a clear took away was settled before the next word, or given back after a noise.
    const said = this.#buffer.state === 'filled' ? this.#buffer.said : [];
    said.push({itemId: id, itemFrom: from, ms: ms - from, wall, ...(mark === undefined ? {} : {mark})});
    this.#buffer = {state: 'filled', said};
  }

  /** A clear was sent: what it took away is not known before `cut`. */
  hushed({wall}: Entry<'hushed'>): void {
    this.#buffer = {state: 'cleared', said: this.#buffer.state === 'filled' ? this.#buffer.said : [], wall};
  }

  /** No more of an item is to come. */
  complete({id}: Entry<'complete'>): void {
    this.#whole.add(id);
  }

  /** The rest of an item is owed, though all audio came that there is. */
  brokenOff({id}: Entry<'brokenOff'>): void {
    this.#whole.delete(id);
  }

  cut({id, heardMs, totalMs}: Entry<'cut'>): void {
    if (this.#buffer.state === 'cleared') this.#buffer = {state: 'filled', said: []};
    this.#truncate(id, heardMs, totalMs);
  }

  turn({turn, open}: Entry<'turn'>): void {
    this.#openTurn = open ? inherited(turn, this.#openTurn) : undefined;
    this.#turns = Math.max(this.#turns, turn.turn + (open ? 0 : 1));
  }

  interruption(): void {
    this.#interruptions += 1;
    if (this.#openTurn) this.#openTurn.interrupted = true;
    this.#buffer = {state: 'filled', said: []};
  }

  disclosed({id}: Entry<'disclosed'>): void {
    this.#disclosed = id;
  }

  /** The caller has another stream: nothing is buffered there. */
  streamBegan(): void {
    if (this.#buffer.state === 'filled') this.#buffer = {state: 'filled', said: []};
  }

  /** What is known now that the journal has no more to say. `openedWall`: the time of day at which the call began. */
  end(openedWall: number | undefined, nowWall: number): Restored {
    const unwritten = this.#interruptionWhenCleared(openedWall);
    const cutOffItem = this.#speaking !== undefined && !this.#whole.has(this.#speaking) ? this.#speaking : undefined;
    if (cutOffItem !== undefined) this.conversation.truncateToAudio(cutOffItem, this.#saidMs.get(cutOffItem) ?? 0);
    this.conversation.withdrawUnspoken(id => this.#saidMs.has(id));
    const openTurn = this.#openTurn;
    if (openTurn) openTurn.complete = [...openTurn.said.keys()].every(id => this.#whole.has(id));
    const said = this.#buffer.state === 'filled' ? notLongPlayed(this.#buffer.said, nowWall) : [];
    return {
      conversation: this.conversation,
      greeted: this.#isGreeted,
      disclosed: this.#disclosed !== undefined,
      answerOwed: this.conversation.awaitsAnswer,
      cutOffItem,
      said: said.map(({wall, ...each}) => ({...each, agoMs: Math.max(0, nowWall - wall)})),
      turns: this.#turns,
      openTurn,
      interruptions: this.#interruptions,
      unwritten,
    };
  }

  /** The state so far, without what is too old to matter at the moment `wall`. */
  snapshot(wall: number): Snapshot {
    const items = lastItems(this.conversation.items);
    const said = notLongPlayed(this.#buffer.said, wall);
    const openTurn = this.#openTurn;
    const ids = [this.#speaking, ...(openTurn?.said.keys() ?? []), ...said.map(({itemId}) => itemId)];
    const matters = new Set([...ids, ...items.map(({item}) => item.id)]);
    return {
      items: [...items],
      saidMs: [...this.#saidMs].filter(([id]) => matters.has(id)),
      whole: [...this.#whole].filter(id => matters.has(id)),
      buffer: {said: [...said], clearedWall: this.#buffer.state === 'cleared' ? this.#buffer.wall : undefined},
      openTurn: openTurn && {
        turn: openTurn.turn,
        said: [...openTurn.said],
        heard: [...openTurn.heard],
        interrupted: openTurn.interrupted,
      },
      speaking: this.#speaking,
      greeted: this.#isGreeted,
      ...(this.#disclosed === undefined ? {} : {disclosed: this.#disclosed}),
      turns: this.#turns,
      interruptions: this.#interruptions,
    };
  }

  /** Goes on from a snapshot. */
  goOn({items, saidMs, whole, buffer, openTurn, ...call}: Snapshot): void {
    for (const {item, cut} of items) {
      this.conversation.add(item, EARLIER_SESSION);
      if (cut) this.conversation.truncate(item.id, cut.heardMs, cut.totalMs);
    }
    for (const [id, ms] of saidMs) this.#saidMs.set(id, ms);
    for (const id of whole) this.#whole.add(id);
    const {said, clearedWall} = buffer;
    this.#buffer =
      clearedWall === undefined ? {state: 'filled', said: [...said]} : {state: 'cleared', said, wall: clearedWall};
    this.#openTurn = openTurn && {
      ...openTurn,
      said: new Map(openTurn.said),
      heard: new Map(openTurn.heard),
      complete: false,
    };
    this.#speaking = call.speaking;
    this.#greeted = this.#wasGreeted = call.greeted;
    this.#disclosed = call.disclosed;
    this.#turns = call.turns;
    this.#interruptions = call.interruptions;
  }

  /** Something was said besides what is said first. */
  get #isGreeted(): boolean {
    if (this.#disclosed === undefined) return this.#greeted;
    return this.#greeted && (this.#wasGreeted || [...this.#saidMs.keys()].some(id => id !== this.#disclosed));
  }

  #truncate(id: string, heardMs: Millis, totalMs: Millis): void {
    this.conversation.truncate(id, heardMs, totalMs);
    this.#openTurn?.heard.set(id, heardMs);
    this.#whole.add(id);
  }

  /**
   * The owner died after it had silenced the assistant and before it wrote where the clear landed: the time of day tells
   * how far each item was heard. Returns what it would have written, as far as anybody knows.
   */
  #interruptionWhenCleared(openedWall: number | undefined): Fact[] {
    if (this.#buffer.state !== 'cleared') return [];
    const {said, wall} = this.#buffer;
    const cuts = truncationsWhenCleared(said, wall).map(({id, heardMs}) => {
      return {is: 'cut' as const, id, heardMs, totalMs: Math.max(heardMs, this.#saidMs.get(id) ?? 0)};
    });
    const [first] = cuts;
    if (!first) return [];
    for (const {id, heardMs, totalMs} of cuts) this.#truncate(id, heardMs, totalMs);
    const numbers = {interruption: this.#interruptions, turn: this.#openTurn?.turn.turn ?? this.#turns};
    const at = Math.max(0, wall - (openedWall ?? wall));
    const unheardMs = cuts.reduce((sum, {heardMs, totalMs}) => sum + totalMs - heardMs, 0);
    const interruption = {...numbers, ...UNMEASURED, at, unheardMs, truncatedAtMs: first.heardMs};
    this.interruption();
    return [...cuts, {is: 'interruption', interruption}];
  }
}

/** What only the worker that silenced the assistant could have measured. */
const UNMEASURED = {
  reactionMs: null,
  tStopMs: null,
  talkOverMs: null,
  uncertaintyMs: null,
  refused: false,
  false: false,
};

function inherited(turn: TurnRecord, before: InheritedTurn | undefined): InheritedTurn {
  if (before?.turn.turn === turn.turn) return {...before, turn};
  return {turn, said: new Map(), heard: new Map(), interrupted: false, complete: false};
}

/** The last items of a conversation: enough for every decision that a new owner must take at once. */
function lastItems(items: readonly KeptItem[]): readonly KeptItem[] {
  let letters = 0;
  const tooOld = items.findLastIndex(({item}, place) => {
    letters += JSON.stringify(item).length;
    const count = items.length - place;
    return count > KEPT_ITEMS || (count > LEAST_ITEMS && letters > KEPT_LETTERS);
  });
  return items.slice(tooOld + 1);
}
