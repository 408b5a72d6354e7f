import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
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

/** A piece of audio as it went to Twilio. */
type Said = Omit<SentBefore, 'agoMs'> & {readonly wall: number};

/** The number of the model sessions that made the items of a journal. Sessions of this process count from 0. */
const EARLIER_SESSION = -1;

/** Reads a journal to its end. `nowWall` is the time of day, in Unix milliseconds. */
export function restoreCall(entries: readonly JournalEntry[], nowWall: number): RestoredCall {
  const conversation = new Conversation();
  let [greeted, turns, interruptions, toolCalls, failovers] = [false, 0, 0, 0, 0];
  const said = new Map<string, number>();
  const whole = new Set<string>();
  let speaking: string | undefined;
  let owner: string | undefined;
  let openTurn: InheritedTurn | undefined;
  let heldUntil = 0;
  let stream: RestoredCall['stream'];
  let buffered: Said[] = [];
  /** What was in the buffer when it was dropped, and when: until it is written what of that was heard. */
  let cleared: {readonly wall: number; readonly said: readonly Said[]} | undefined;
  for (const entry of entries) {
    switch (entry.is) {
      case 'item':
        conversation.add(entry.item, EARLIER_SESSION);
        if (entry.item.kind === 'caller') speaking = undefined;
        break;
      case 'words':
        conversation.words(entry.id, entry.text, true);
        break;
      case 'stream':
        if (stream?.streamSid !== entry.streamSid) buffered = [];
        stream = {streamSid: entry.streamSid, settledMs: stream?.streamSid === entry.streamSid ? stream.settledMs : 0};
        break;
      case 'settled':
        if (stream?.streamSid === entry.streamSid) stream = {...stream, settledMs: entry.timestamp};
        break;
      case 'said': {
        greeted = true;
        heldUntil = 0;
        const {id, from, ms, wall} = entry;
        buffered.push({itemId: id, itemFrom: from, ms: ms - from, wall});
        cleared = undefined; // settled before the next word, or only a noise
        said.set(entry.id, entry.ms);
        openTurn?.said.set(id, ms);
        speaking = entry.id;
        break;
      }
      case 'hushed':
        cleared = {wall: entry.wall, said: buffered};
        buffered = [];
        break;
      case 'complete':
        whole.add(entry.id);
        break;
      case 'cut':
        cleared = undefined;
        conversation.truncate(entry.id, entry.heardMs, entry.totalMs);
        openTurn?.heard.set(entry.id, entry.heardMs);
        whole.add(entry.id);
        break;
      case 'turn':
        openTurn = entry.open ? inherited(entry.turn, openTurn) : undefined;
        turns = Math.max(turns, entry.turn.turn + (entry.open ? 0 : 1));
        break;
      case 'interruption':
        interruptions += 1;
        if (openTurn) openTurn.interrupted = true;
        buffered = [];
        cleared = undefined;
        break;
      case 'tool':
        toolCalls = Math.max(toolCalls, entry.tool.call + 1);
        break;
      case 'held':
        heldUntil = entry.wall + entry.ms;
        break;
      case 'owner':
        owner = entry.worker;
        break;
      case 'failover':
        failovers += 1;
        break;
      default:
        break;
    }
  }
  if (cleared) {
    for (const {id, heardMs} of truncationsWhenCleared(cleared.said, cleared.wall)) {
      conversation.truncate(id, heardMs, Math.max(heardMs, said.get(id) ?? 0));
      openTurn?.heard.set(id, heardMs);
      whole.add(id);
    }
  }
  const cutOffItem = speaking !== undefined && !whole.has(speaking) ? speaking : undefined;
  if (cutOffItem !== undefined) conversation.truncateToAudio(cutOffItem, said.get(cutOffItem) ?? 0);
  if (openTurn) openTurn.complete = [...openTurn.said.keys()].every(id => whole.has(id));
  return {
    conversation,
    greeted,
    answerOwed: conversation.awaitsAnswer,
    cutOffItem,
    stream,
    said: buffered.map(({wall, ...each}) => ({...each, agoMs: Math.max(0, nowWall - wall)})),
    heldMs: Math.max(0, heldUntil - nowWall),
    turns,
    openTurn,
    interruptions,
    toolCalls,
    failovers,
    owner,
  };
}

/**
 * The owner dropped Twilio's buffer and died before it knew where that landed: then the clock must tell how far each item
 * was heard, piece after piece.
 */
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
