import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, toModel} from '../events/call-effect.ts';
import {type Conversation, WORDS_AT_MOST} from './conversation.ts';
import {summedUp} from './summed-up.ts';
import type {ConversationItem, ModelEvent} from '../model/model-adapter.ts';

/** A reply that arrives is written down again when it is so many characters longer, or by a quarter. */
const WRITTEN_EVERY = 20;

/** Keeps the conversation the same in three places: in memory, in the model's session, and in the journal. */
export class ModelContext {
  readonly #conversation: Conversation;
  readonly #epoch: number;
  readonly #truncates: boolean;
  readonly #truncatedAgain = new Set<string>();
  readonly #untranscribed = new Set<string>();
  /** How much of a reply that still arrives the journal has. */
  #soFar: {readonly id: string; readonly length: number} | undefined;
  #session = 0;
  #hasSession = true;
  #notes = 0;

  /**
   * `epoch` makes the ids of notes unique across owners of the call. `truncates`: the model must be told what the caller
   * heard.
   */
  constructor(conversation: Conversation, {epoch, truncates}: {readonly epoch: number; readonly truncates: boolean}) {
    this.#conversation = conversation;
    this.#epoch = epoch;
    this.#truncates = truncates;
  }

  /** Whether the caller waits for an answer. */
  get awaitsAnswer(): boolean {
    return this.#conversation.awaitsAnswer;
  }

  /** Another session is configured, and has no items yet. Returns the commands that add the conversation to it. */
  sessionOpened(): CallEffect[] {
    this.#session += 1;
    this.#hasSession = true;
    return summedUp(this.#conversation.history()).map(item => toModel({do: 'add', item}));
  }

  /** The session in use is lost. */
  sessionLost(): void {
    this.#hasSession = false;
  }

  has(itemId: string): boolean {
    return this.#conversation.has(itemId);
  }

  /** The model created an item by itself. Idempotent. */
  remember(item: ConversationItem): CallEffect[] {
    if (this.#conversation.has(item.id)) return [];
    this.#conversation.add(item, this.#session);
    return [journal({is: 'item', item})];
  }

  /** Adds an item that the model does not have yet. */
  add(item: ConversationItem): CallEffect[] {
    return [...this.remember(item), toModel({do: 'add', item})];
  }

  /** Tells the model something that was not said on the call, such as pressed keys. Returns the item's id too. */
  note(text: string): {readonly id: string; readonly added: CallEffect[]} {
    this.#notes += 1;
    const id = `note-${this.#epoch}-${this.#notes}`;
    return {id, added: this.add({kind: 'note', id, text})};
  }

  /** Whether the caller has said something, or pressed a key. */
  get hasCaller(): boolean {
    return this.#conversation.hasCaller;
  }

  /** The tool calls of the conversation, oldest first. */
  get toolCalls(): Conversation['toolCalls'] {
    return this.#conversation.toolCalls;
  }

  /**
   * The result of a tool call. The model refuses a result without its call: a session that did not make the call is
   * given both, and where no session is in use the next one finds both in its history. `isKnown`: the session that made
   * the call has its result already.
   */
  toolResult(
    callId: string,
    output: string,
    {isSecret = false, isKnown = false}: {readonly isSecret?: boolean; readonly isKnown?: boolean} = {},
  ): CallEffect[] {
    const secret = isSecret ? {isSecret} : {};
    const result = {kind: 'toolResult', id: resultId(callId), callId, output, ...secret} as const;
    const call = this.#conversation.foreignToolCall(callId, this.#session);
    const remembered = this.remember(result);
    if (!this.#hasSession || (isKnown && !call)) return remembered;
    const added = toModel({do: 'add', item: result});
    return call ? [...remembered, toModel({do: 'add', item: call}), added] : [...remembered, added];
  }

  /** Text of an item arrived; `whole` replaces the text so far. */
  words(id: string, text: string, whole: boolean): CallEffect[] {
    this.#conversation.words(id, text, whole);
    return whole && this.#conversation.has(id) ? [journal({is: 'words', id, text: text.slice(0, WORDS_AT_MOST)})] : [];
  }

  /** The model server could not transcribe what the caller said. Logged once for each error code. */
  notTranscribed({code, message}: Extract<ModelEvent, {type: 'notTranscribed'}>): CallEffect[] {
    if (this.#untranscribed.has(code)) return [];
    this.#untranscribed.add(code);
    return [{do: 'warn', what: 'the caller was not transcribed', code, detail: message}];
  }

  /** Text of a reply arrived. `isSilenced`: the caller does not hear this reply, so a new item of it is not kept. */
  replyWords({itemId, text, whole}: Extract<ModelEvent, {type: 'words'}>, isSilenced: boolean): CallEffect[] {
    if (isSilenced && !this.has(itemId)) return [];
    const effects = [...this.remember({kind: 'assistant', id: itemId, text: ''}), ...this.words(itemId, text, whole)];
    return whole || isSilenced ? effects : [...effects, ...this.#wordsSoFar(itemId)];
  }

  /** Words of a reply that still arrives. Without them the next worker would have the model begin it again. */
  #wordsSoFar(id: string): CallEffect[] {
    const text = this.#conversation.heardText(id);
    const written = this.#soFar?.id === id ? this.#soFar.length : 0;
    if (text.length - written < Math.max(WRITTEN_EVERY, written / 4)) return [];
    this.#soFar = {id, length: text.length};
    return [journal({is: 'words', id, text})];
  }

  heardText(id: string): string {
    return this.#conversation.heardText(id);
  }

  /** The model's session was lost in the middle of an item, after `receivedMs` of its audio. */
  brokeOff(itemId: string, receivedMs: Millis): void {
    this.#conversation.truncateToAudio(itemId, receivedMs);
  }

  /** The caller heard `heardMs` of an item, of `totalMs`. Tells the model, by truncation or by shorter text. */
  truncate(itemId: string, heardMs: Millis, totalMs: Millis): CallEffect[] {
    const isAudio = this.#conversation.isAudioOf(itemId, this.#session);
    const wasGiven = this.#conversation.heardText(itemId) !== '';
    this.#conversation.truncate(itemId, heardMs, totalMs);
    const fact = journal({is: 'cut', id: itemId, heardMs, totalMs});
    if (isAudio && this.#truncates) return [toModel({do: 'truncate', itemId, audioEndMs: heardMs}), fact];
    if (isAudio || !wasGiven) return [fact];
    // Another session spoke this item; the current one has it as text and cannot truncate audio.
    const text = this.#conversation.heardText(itemId);
    const shorter: CallEffect[] =
      text === '' ? [] : [toModel({do: 'add', item: {kind: 'assistant', id: `${itemId}-cut`, text}, after: itemId})];
    return [...shorter, toModel({do: 'delete', itemId}), fact];
  }

  /**
   * The model refused a truncation, so it remembers more than was heard. `holdsMs`: the server counts only this much
   * audio of the item; then the truncation is repeated there, once.
   */
  truncationRefused({about, holdsMs}: Extract<ModelEvent, {type: 'refused'}>): CallEffect[] {
    if (!about?.startsWith('truncate:')) return [];
    const itemId = about.slice('truncate:'.length);
    // Some servers count a little less audio than they sent. Truncation where theirs ends, the item forgets its unheard words.
    if (holdsMs !== undefined && !this.#truncatedAgain.has(itemId)) {
      this.#truncatedAgain.add(itemId);
      return [toModel({do: 'truncate', itemId, audioEndMs: holdsMs})];
    }
    return [journal({is: 'cutRefused', id: itemId})];
  }
}

/** The id of a tool's result. Ids of items have at most 32 characters. */
export function resultId(callId: string): string {
  return `result-${callId.slice(-25)}`;
}
