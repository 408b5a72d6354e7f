import type {Millis} from '@voicebridge/shared/time.ts';
import {heardWords, speakingMs} from './heard-words.ts';
import type {ConversationItem} from '../model/model-adapter.ts';

export type ToolCallItem = Extract<ConversationItem, {kind: 'toolCall'}>;

/** Characters of one item: twenty minutes of speech. */
export const WORDS_AT_MOST = 20_000;

/** A call of a tool, and what the conversation says of it. */
export interface MadeToolCall {
  readonly call: ToolCallItem;
  readonly isAnswered: boolean;
  readonly output: string | undefined;
  /** The caller has said something since, or pressed a key. */
  readonly callerSince: boolean;
}

/** An item and, if the caller did not hear all of its audio, how much of it. */
export interface KeptItem {
  readonly item: ConversationItem;
  readonly cut?: {readonly heardMs: Millis; readonly totalMs: Millis} | undefined;
}

interface Entry extends KeptItem {
  item: ConversationItem;
  cut?: KeptItem['cut'];
  /** The number of the model session that holds it as audio. Other sessions know it as text. */
  readonly session: number;
}

/**
 * What was said on this call, in words and in order, as the caller heard it. Another model session is given these items,
 * and a call that moves to another worker goes on with them. The model forgets the words of an item that was truncated,
 * so this is the only copy.
 */
export class Conversation {
  #items: Entry[] = [];
  readonly #byId = new Map<string, Entry>();
  readonly #withdrawn = new Set<string>();

  /** Adds an item, or replaces the one with the same id. `session`: the number of the model session that holds it. */
  add(item: ConversationItem, session: number): void {
    const known = this.#byId.get(item.id);
    if (known) {
      known.item = item;
      return;
    }
    const entry: Entry = {item, session};
    this.#items.push(entry);
    this.#byId.set(item.id, entry);
  }

  /** All items, oldest first. */
  get items(): readonly KeptItem[] {
    return this.#items.map(({item, cut}) => (cut ? {item, cut} : {item}));
  }

  /** Puts the items of an earlier part of the call, of which this one has the end, before its own. */
  recall(earlier: Conversation): void {
    const before = earlier.#items.filter(({item}) => !this.#byId.has(item.id) && !this.#withdrawn.has(item.id));
    this.#items = [...before, ...this.#items];
    for (const entry of before) this.#byId.set(entry.item.id, entry);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /**
   * Text of an item arrived; `whole` replaces the text so far, otherwise it is appended. A caller's words may come long
   * after the answer to them.
   */
  words(id: string, text: string, whole: boolean): void {
    const known = this.#byId.get(id);
    if (!known || !('text' in known.item)) return;
    known.item = {...known.item, text: (whole ? text : known.item.text + text).slice(0, WORDS_AT_MOST)};
  }

  /** The caller heard `heardMs` of the item's audio, of `totalMs`. */
  truncate(id: string, heardMs: Millis, totalMs: Millis): void {
    const known = this.#byId.get(id);
    if (known) known.cut = {heardMs, totalMs};
  }

  /** The item's audio stopped coming after `audioMs`. Its text came ahead of the audio, so it is shortened in proportion. */
  truncateToAudio(id: string, audioMs: Millis): void {
    this.truncate(id, audioMs, Math.max(audioMs, speakingMs(this.heardText(id))));
  }

  /** Whether the session holds this item as audio of its own, so that it can be truncated there. */
  isAudioOf(id: string, session: number): boolean {
    return this.#byId.get(id)?.session === session;
  }

  /** The words of an item that the caller heard. */
  heardText(id: string): string {
    const known = this.#byId.get(id);
    return known && 'text' in known.item ? heardWords(known.item.text, known.cut) : '';
  }

  /**
   * Everything another session must know, in order: only what was heard, no empty items, and no tool call without its
   * result, for which the model would wait for ever.
   */
  history(): ConversationItem[] {
    const answered = new Set(this.#items.flatMap(({item}) => (item.kind === 'toolResult' ? [item.callId] : [])));
    const called = new Set(this.#items.flatMap(({item}) => (item.kind === 'toolCall' ? [item.callId] : [])));
    return this.#items.flatMap(({item, cut}): ConversationItem[] => {
      if (item.kind === 'toolCall') return answered.has(item.callId) ? [item] : [];
      if (item.kind === 'toolResult') return called.has(item.callId) ? [item] : [];
      const text = heardWords(item.text, cut).trim();
      if (text === '')
        return item.kind === 'caller'
          ? [{...item, text: '(the caller said something that could not be written down)'}]
          : [];
      return [{...item, text: cut ? `${text} — (interrupted)` : text}];
    });
  }

  /** The tool calls, oldest first. */
  get toolCalls(): readonly MadeToolCall[] {
    const items = this.#items.map(({item}) => item);
    return items.flatMap((call, at) => {
      if (call.kind !== 'toolCall') return [];
      const later = items.slice(at + 1);
      const result = later.find(item => item.kind === 'toolResult' && item.callId === call.callId);
      const output = result?.kind === 'toolResult' ? result.output : undefined;
      return [{call, output, isAnswered: result !== undefined, callerSince: later.some(isOfCaller)}];
    });
  }

  /** Whether the caller has said something, or pressed a key. */
  get hasCaller(): boolean {
    return this.#items.some(({item}) => isOfCaller(item));
  }

  /** A tool call that this session does not know, because another one made it. */
  foreignToolCall(callId: string, session: number): ToolCallItem | undefined {
    const known = this.#items.find(({item}) => item.kind === 'toolCall' && item.callId === callId);
    return known?.item.kind === 'toolCall' && known.session !== session ? known.item : undefined;
  }

  /** Whether the caller waits for an answer: the last item is the caller's words or keys, or a tool's result. */
  get awaitsAnswer(): boolean {
    const last = this.#items.at(-1)?.item;
    return last !== undefined && (isOfCaller(last) || last.kind === 'toolResult');
  }

  /** Takes answers at the end back of which nothing was spoken: nobody heard them, whatever words came of them. */
  withdrawUnspoken(isSpoken: (id: string) => boolean): void {
    for (
      let last = this.#items.at(-1);
      last?.item.kind === 'assistant' && !isSpoken(last.item.id);
      last = this.#items.at(-1)
    ) {
      this.#items.pop();
      this.#byId.delete(last.item.id);
      this.#withdrawn.add(last.item.id);
    }
  }
}

const isOfCaller = ({kind}: ConversationItem) => kind === 'caller' || kind === 'note';
