import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, toModel} from '../events/call-effect.ts';
import type {Conversation} from './conversation.ts';
import type {ConversationItem, ModelEvent} from '../model/model-adapter.ts';

/** The conversation, kept alike in three places: here, in the model's session, and in the journal for other workers. */
export class ModelContext {
  readonly #conversation: Conversation;
  readonly #epoch: number;
  readonly #truncates: boolean;
  readonly #truncatedAgain = new Set<string>();
  readonly #untranscribed = new Set<string>();
  #session = 0;
  #hasSession = true;
  #notes = 0;

  /** `epoch` keeps the names that two owners of one call give apart. `truncates`: the model relies on us for what was heard. */
  constructor(conversation: Conversation, {epoch, truncates}: {readonly epoch: number; readonly truncates: boolean}) {
    this.#conversation = conversation;
    this.#epoch = epoch;
    this.#truncates = truncates;
  }

  /** Whether the caller is owed an answer. */
  get awaitsAnswer(): boolean {
    return this.#conversation.awaitsAnswer;
  }

  /** Another session, which knows nothing yet. */
  sessionOpened(): CallEffect[] {
    this.#session += 1;
    this.#hasSession = true;
    return this.#conversation.history().map(item => toModel({do: 'add', item}));
  }

  /** The session in use is lost. */
  sessionLost(): void {
    this.#hasSession = false;
  }

  has(itemId: string): boolean {
    return this.#conversation.has(itemId);
  }

  /** The model has a new item by itself. Knowing it twice is knowing it once. */
  remember(item: ConversationItem): CallEffect[] {
    if (this.#conversation.has(item.id)) return [];
    this.#conversation.add(item, this.#session);
    return [journal({is: 'item', item})];
  }

  /** An item that is new to the model as well. */
  add(item: ConversationItem): CallEffect[] {
    return [...this.remember(item), toModel({do: 'add', item})];
  }

  /** Something that nobody said, and that the model must know. */
  note(text: string): {readonly id: string; readonly added: CallEffect[]} {
    this.#notes += 1;
    const id = `note-${this.#epoch}-${this.#notes}`;
    return {id, added: this.add({kind: 'note', id, text})};
  }

  /** The tool calls of the conversation, oldest first. */
  get toolCalls(): Conversation['toolCalls'] {
    return this.#conversation.toolCalls;
  }

  /**
   * The result of a tool call. The model refuses a result without its call: a session that did not make the call is
   * given both, and where no session is in use the next one finds both in its history.
   */
  toolResult(callId: string, output: string): CallEffect[] {
    const result = {kind: 'toolResult', id: resultId(callId), callId, output} as const;
    const call = this.#conversation.foreignToolCall(callId, this.#session);
    const remembered = this.remember(result);
    if (!this.#hasSession) return remembered;
    const added = toModel({do: 'add', item: result});
    return call ? [...remembered, toModel({do: 'add', item: call}), added] : [...remembered, added];
  }

  /** Words of an item; `whole` replaces what came before. */
  words(id: string, text: string, whole: boolean): CallEffect[] {
    this.#conversation.words(id, text, whole);
    return whole && this.#conversation.has(id) ? [journal({is: 'words', id, text})] : [];
  }

  /** Words of the caller could not be written down: told once for each reason. */
  notTranscribed({code, message}: Extract<ModelEvent, {type: 'notTranscribed'}>): CallEffect[] {
    if (this.#untranscribed.has(code)) return [];
    this.#untranscribed.add(code);
    return [{do: 'warn', what: 'the caller was not transcribed', code, detail: message}];
  }

  /** Words of a reply. `isSilenced`: it is not heard any more, and another session must not be told that it was. */
  replyWords({itemId, text, whole}: Extract<ModelEvent, {type: 'words'}>, isSilenced: boolean): CallEffect[] {
    if (isSilenced && !this.has(itemId)) return [];
    return [...this.remember({kind: 'assistant', id: itemId, text: ''}), ...this.words(itemId, text, whole)];
  }

  heardText(id: string): string {
    return this.#conversation.heardText(id);
  }

  /** The rest of an item will not come: its session is gone. */
  brokeOff(itemId: string, receivedMs: Millis): void {
    this.#conversation.truncateToAudio(itemId, receivedMs);
  }

  /** The rest of an item was not heard. */
  truncate(itemId: string, heardMs: Millis, totalMs: Millis): CallEffect[] {
    const isAudio = this.#conversation.isAudioOf(itemId, this.#session);
    const wasGiven = this.#conversation.heardText(itemId) !== '';
    this.#conversation.truncate(itemId, heardMs, totalMs);
    const fact = journal({is: 'cut', id: itemId, heardMs, totalMs});
    if (isAudio && this.#truncates) return [toModel({do: 'truncate', itemId, audioEndMs: heardMs}), fact];
    if (isAudio || !wasGiven) return [fact];
    // Another session spoke it; this one knows it only as text.
    const text = this.#conversation.heardText(itemId);
    const shorter: CallEffect[] =
      text === '' ? [] : [toModel({do: 'add', item: {kind: 'assistant', id: `${itemId}-cut`, text}, after: itemId})];
    return [...shorter, toModel({do: 'delete', itemId}), fact];
  }

  /** The model did not take a cut, and remembers more than was heard. `holdsMs`: it has only so much of the item. */
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
