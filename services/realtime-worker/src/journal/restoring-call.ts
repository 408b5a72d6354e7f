import type {ToolCallRecord, TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Conversation, type KeptItem} from '../conversation/conversation.ts';
import type {Fact} from '../events/call-effect.ts';
import type {CallSnapshot, KeptAssistant} from '../events/call-snapshot.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {KeysFact} from '../events/keys-fact.ts';
import type {RestoredCall} from './restore-call.ts';
import {notLongPlayed, truncationsWhenCleared, type TwilioBuffer} from './twilio-buffer.ts';
import type {InheritedTurn} from './turn-log.ts';

/** Of a conversation, a snapshot has at most so many items and so many letters of them, and at least so many items. */
const KEPT_ITEMS = 40;
const KEPT_LETTERS = 12_000;
const LEAST_ITEMS = 6;
/** Of the tool calls, the last. */
const KEPT_TOOLS = 40;

type Entry<Is extends JournalEntry['is']> = Extract<JournalEntry, {is: Is}>;

/** The number of the model sessions that made the items of a journal. Sessions of this process count from 0. */
const EARLIER_SESSION = -1;

/** A call as far as its journal was read: one method for each entry that matters to the next owner. */
export class RestoringCall {
  readonly #conversation = new Conversation();
  /** Up to where each item was said, and the items of which no more is to come. */
  readonly #saidMs = new Map<string, Millis>();
  readonly #whole = new Set<string>();
  #buffer: TwilioBuffer = {state: 'filled', said: []};
  #stream: RestoredCall['stream'];
  /** Keys that the model was not told of. */
  #pressed = '';
  #openTurn: InheritedTurn | undefined;
  /** The item that is being spoken, until the caller says something. */
  #speaking: string | undefined;
  #owner: string | undefined;
  #assistant: KeptAssistant | undefined;
  #openedWall: number | undefined;
  #greeted = false;
  /** It was so when the journal was compacted. */
  #wasGreeted = false;
  /** The item that was said first, once all of it was heard. */
  #disclosed: string | undefined;
  #answeredBy: string | undefined;
  #recorded = false;
  #captured = false;
  #heldUntil = 0;
  #turns = 0;
  #interruptions = 0;
  #toolCalls = 0;
  readonly #tools = new Map<string, ToolCallRecord>();
  #failovers = 0;
  #switches = 0;
  /** What the caller entered, by the call of the tool. */
  readonly #keys = new Map<string, KeysFact>();
  #aways = 0;
  #away: CallSnapshot['away'];

  get conversation(): Conversation {
    return this.#conversation;
  }

  read(entry: JournalEntry): void {
    this.#openedWall ??= entry.wall;
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
        if (entry.callId !== undefined) this.#tools.set(entry.callId, withoutOldWords(entry.tool));
        return;
      case 'assistant':
        this.#switches += 1;
        this.#assistant = {version: entry.version, variables: entry.variables};
        return;
      case 'keys':
        this.#keys.delete(entry.callId);
        this.#keys.set(entry.callId, keysOf(entry));
        return;
      case 'failover':
        this.#failovers += 1;
        return;
      case 'away':
        return this.#absence(entry);
      case 'held':
        this.#heldUntil = entry.wall + entry.ms;
        return;
      case 'snapshot':
        return this.#snapshot(entry.call);
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
      case 'disclosed':
        this.#disclosed = entry.id;
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
    const unwritten = this.#interruptionWhenCleared();
    const cutOffItem = this.#speaking !== undefined && !this.#whole.has(this.#speaking) ? this.#speaking : undefined;
    if (cutOffItem !== undefined) this.#conversation.truncateToAudio(cutOffItem, this.#saidMs.get(cutOffItem) ?? 0);
    this.#conversation.withdrawUnspoken(id => this.#saidMs.has(id));
    const openTurn = this.#openTurn;
    if (openTurn) openTurn.complete = [...openTurn.said.keys()].every(id => this.#whole.has(id));
    const said = this.#buffer.state === 'filled' ? notLongPlayed(this.#buffer.said, nowWall) : [];
    return {
      conversation: this.#conversation,
      openedWall: this.#openedWall ?? nowWall,
      greeted: this.#isGreeted,
      disclosed: this.#disclosed !== undefined,
      answeredBy: this.#answeredBy,
      recorded: this.#recorded,
      captured: this.#captured,
      answerOwed: this.#conversation.awaitsAnswer,
      cutOffItem,
      stream: this.#stream,
      pressed: this.#pressed,
      said: said.map(({wall, ...each}) => ({...each, agoMs: Math.max(0, nowWall - wall)})),
      heldMs: Math.max(0, this.#heldUntil - nowWall),
      turns: this.#turns,
      openTurn,
      interruptions: this.#interruptions,
      toolCalls: this.#toolCalls,
      tools: this.#tools,
      failovers: this.#failovers,
      keys: [...this.#keys.values()],
      switches: this.#switches,
      aways: this.#aways,
      away: this.#away && {...this.#away, leftMs: Math.max(0, this.#away.untilWall - nowWall)},
      owner: this.#owner,
      assistant: this.#assistant,
      unwritten,
    };
  }

  /** Something was said besides what is said first. */
  get #isGreeted(): boolean {
    if (this.#disclosed === undefined) return this.#greeted;
    return this.#greeted && (this.#wasGreeted || [...this.#saidMs.keys()].some(id => id !== this.#disclosed));
  }

  /** The state so far, without what is too old to matter at the moment `wall`. */
  snapshot(wall: number): CallSnapshot {
    const items = lastItems(this.#conversation.items);
    const said = notLongPlayed(this.#buffer.said, wall);
    const openTurn = this.#openTurn;
    const ids = [this.#speaking, ...(openTurn?.said.keys() ?? []), ...said.map(({itemId}) => itemId)];
    const matters = new Set([...ids, ...items.map(({item}) => item.id)]);
    return {
      openedWall: this.#openedWall ?? wall,
      items: [...items],
      saidMs: [...this.#saidMs].filter(([id]) => matters.has(id)),
      whole: [...this.#whole].filter(id => matters.has(id)),
      buffer: {said: [...said], clearedWall: this.#buffer.state === 'cleared' ? this.#buffer.wall : undefined},
      stream: this.#stream,
      ...(this.#pressed === '' ? {} : {pressed: this.#pressed}),
      openTurn: openTurn && {
        turn: openTurn.turn,
        said: [...openTurn.said],
        heard: [...openTurn.heard],
        interrupted: openTurn.interrupted,
      },
      speaking: this.#speaking,
      owner: this.#owner,
      assistant: this.#assistant,
      greeted: this.#isGreeted,
      ...(this.#disclosed === undefined ? {} : {disclosed: this.#disclosed}),
      ...(this.#answeredBy === undefined ? {} : {answeredBy: this.#answeredBy}),
      ...(this.#recorded ? {recorded: true} : {}),
      ...(this.#captured ? {captured: true} : {}),
      heldUntil: this.#heldUntil,
      turns: this.#turns,
      interruptions: this.#interruptions,
      toolCalls: this.#toolCalls,
      tools: [...this.#tools].slice(-KEPT_TOOLS),
      failovers: this.#failovers,
      keys: lastKeys([...this.#keys.values()]),
      switches: this.#switches,
      aways: this.#aways,
      away: this.#away,
    };
  }

  /** Goes on from a snapshot. */
  #snapshot({items, saidMs, whole, buffer, openTurn, ...call}: CallSnapshot): void {
    for (const {item, cut} of items) {
      this.#conversation.add(item, EARLIER_SESSION);
      if (cut) this.#conversation.truncate(item.id, cut.heardMs, cut.totalMs);
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
    this.#openedWall = call.openedWall;
    this.#stream = call.stream;
    this.#pressed = call.pressed ?? '';
    this.#speaking = call.speaking;
    this.#owner = call.owner;
    this.#assistant = call.assistant;
    this.#greeted = this.#wasGreeted = call.greeted;
    this.#disclosed = call.disclosed;
    this.#answeredBy = call.answeredBy;
    this.#recorded = call.recorded ?? false;
    this.#captured = call.captured ?? false;
    this.#heldUntil = call.heldUntil;
    this.#turns = call.turns;
    this.#interruptions = call.interruptions;
    this.#toolCalls = call.toolCalls;
    for (const [callId, tool] of call.tools ?? []) this.#tools.set(callId, tool);
    this.#failovers = call.failovers;
    this.#switches = call.switches ?? 0;
    for (const keys of call.keys ?? []) this.#keys.set(keys.callId, keys);
    this.#aways = call.aways;
    this.#away = call.away;
  }

  #absence({away: record, callId, order, ms, wall}: Entry<'away'>): void {
    this.#aways = Math.max(this.#aways, record.away + 1);
    const isOpen = callId !== undefined && order !== undefined && ms !== undefined;
    this.#away = isOpen ? {callId, order, record, untilWall: wall + ms} : undefined;
  }

  #streamBegan({streamSid, digits}: Entry<'stream'>): void {
    const isSame = this.#stream?.streamSid === streamSid;
    this.#stream = {streamSid, settledMs: isSame ? (this.#stream?.settledMs ?? 0) : 0, digits};
    if (isSame) return;
    if (this.#buffer.state === 'filled') this.#buffer = {state: 'filled', said: []};
  }

  #settled({streamSid, timestamp}: Entry<'settled'>): void {
    if (this.#stream?.streamSid === streamSid) this.#stream = {...this.#stream, settledMs: timestamp};
  }

  #keysPressed({streamSid, number, keys}: Entry<'pressed'>): void {
    if (this.#stream?.streamSid === streamSid) this.#stream = {...this.#stream, digits: number};
    this.#pressed = keys;
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

  /**
   * The owner died after it had silenced the assistant and before it wrote where the clear landed: the time of day tells
   * how far each item was heard. Returns what it would have written, as far as anybody knows.
   */
  #interruptionWhenCleared(): Fact[] {
    if (this.#buffer.state !== 'cleared') return [];
    const {said, wall} = this.#buffer;
    const cuts = truncationsWhenCleared(said, wall).map(({id, heardMs}) => {
      return {is: 'cut' as const, id, heardMs, totalMs: Math.max(heardMs, this.#saidMs.get(id) ?? 0)};
    });
    const [first] = cuts;
    if (!first) return [];
    for (const {id, heardMs, totalMs} of cuts) this.#truncate(id, heardMs, totalMs);
    const numbers = {interruption: this.#interruptions, turn: this.#openTurn?.turn.turn ?? this.#turns};
    const at = Math.max(0, wall - (this.#openedWall ?? wall));
    const unheardMs = cuts.reduce((sum, {heardMs, totalMs}) => sum + totalMs - heardMs, 0);
    const interruption = {...numbers, ...UNMEASURED, at, unheardMs, truncatedAtMs: first.heardMs};
    this.#interruption();
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

/** What the next owner needs of a tool call. The words of one that is over are in the journal for the record alone. */
function withoutOldWords(tool: ToolCallRecord): ToolCallRecord {
  return tool.durationMs === null ? tool : {...tool, arguments: null, result: null};
}

function keysOf({callId, as, keys, isWhole}: Entry<'keys'>): KeysFact {
  return {callId, as, keys, isWhole};
}

/** The last entry of each name: a snapshot does not keep what was entered before. */
function lastKeys(all: readonly KeysFact[]): KeysFact[] {
  return [...new Map(all.map(keys => [`${keys.as} ${keys.isWhole}`, keys])).values()];
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
