import {isRecord, missing, notSupported, outOfBounds, textIn, tooLong} from '../json/json-schema.ts';
import {ModelItem} from './model-item.ts';
import {refusal, type Refusal} from '../json/refusal.ts';

export type Outcome<Value> =
  | {readonly ok: true; readonly value: Value}
  | {readonly ok: false; readonly refusal: Refusal};

/** Where an item was inserted. */
export interface Placed {
  readonly item: ModelItem;
  readonly previousItemId: string | null;
  /** Its position in the conversation when it was added, from 1. */
  readonly ordinal: number;
}

/** What the errors of this version of the server look like. */
export interface ConversationHabits {
  readonly truncateErrorCode: 'unsupported_content_type' | null;
  readonly heldShortMs: number;
}

/** The model's conversation history: an ordered list of items, and everything a client may do to it. */
export class Conversation {
  readonly #items: ModelItem[] = [];
  #spoken = false;
  #added = 0;

  get items(): readonly ModelItem[] {
    return this.#items;
  }

  get lastId(): string | null {
    return this.#items.at(-1)?.id ?? null;
  }

  /** The model has produced audio in this session; its voice can no longer change. */
  get hasSpoken(): boolean {
    return this.#spoken;
  }

  noteSpeech(): void {
    this.#spoken = true;
  }

  find(id: unknown): ModelItem | undefined {
    return this.#items.find(item => item.id === id);
  }

  /** Adds an item of the server's own making at the end. */
  append(item: ModelItem): Placed {
    const previousItemId = this.lastId;
    this.#items.push(item);
    return this.#placed(item, previousItemId);
  }

  /**
   * `conversation.item.create`: without a previous id (or with an empty one) at the end, `root` at the front. An id that
   * exists already is not refused: the item is appended, and its previous id names itself (seen on gpt-realtime-1.5).
   */
  create(given: Readonly<Record<string, unknown>>, freshId: string, previousItemId: unknown): Outcome<Placed> {
    const problem = problemWithItem(given) ?? this.#problemWithOutput(given) ?? this.#problemWithApproval(given);
    if (problem) return {ok: false, refusal: problem};
    const item = itemFrom(given, freshId);
    if (this.find(item.id)) {
      this.#items.push(item);
      return {ok: true, value: this.#placed(item, item.id)};
    }
    if (previousItemId === undefined || previousItemId === '') return {ok: true, value: this.append(item)};
    if (previousItemId === 'root') {
      this.#items.unshift(item);
      return {ok: true, value: this.#placed(item, null)};
    }
    const previous = textIn(previousItemId);
    const after = this.#items.findIndex(other => other.id === previous);
    if (after < 0) {
      const message = `Error creating item: the previous item with id '${previous}' does not exist.`;
      return {ok: false, refusal: refusal('invalid_value', message, 'previous_item_id')};
    }
    this.#items.splice(after + 1, 0, item);
    return {ok: true, value: this.#placed(item, previous)};
  }

  /** `conversation.item.truncate`: the model forgets what it said after a moment, and every word of that item. */
  truncate(event: Readonly<Record<string, unknown>>, habits: ConversationHabits): Outcome<ModelItem> {
    const {item_id: id, audio_end_ms: asked, content_index: index} = event;
    const item = this.find(id);
    if (!item) return {ok: false, refusal: noSuchItem('truncat', id)};
    if (item.role !== 'assistant' || item.content !== 'output_audio' || item.generatedBytes === 0) {
      const message = 'Only model output audio messages can be truncated';
      return {ok: false, refusal: refusal(habits.truncateErrorCode, message)};
    }
    if (index !== 0) {
      return {ok: false, refusal: refusal('invalid_value', `Invalid content index ${String(index)}.`, 'content_index')};
    }
    const at = typeof asked === 'number' ? asked : -1;
    const outside = outOfBounds({type: 'integer', minimum: 0}, at, 'audio_end_ms');
    if (outside) return {ok: false, refusal: outside};
    const have = Math.max(0, Math.floor(item.audioMs) - habits.heldShortMs);
    if (at > have) {
      const message = `Audio content of ${have}ms is already shorter than ${at}ms`;
      return {ok: false, refusal: refusal('invalid_value', message, 'audio_end_ms')};
    }
    item.truncatedAtMs = at;
    return {ok: true, value: item};
  }

  delete(id: unknown): Outcome<ModelItem> {
    const at = this.#items.findIndex(item => item.id === id);
    const [item] = at < 0 ? [] : this.#items.splice(at, 1);
    return item ? {ok: true, value: item} : {ok: false, refusal: noSuchItem('delet', id)};
  }

  retrieve(id: unknown): Outcome<ModelItem> {
    const item = this.find(id);
    return item ? {ok: true, value: item} : {ok: false, refusal: noSuchItem('retriev', id)};
  }

  #placed(item: ModelItem, previousItemId: string | null): Placed {
    this.#added += 1;
    return {item, previousItemId, ordinal: this.#added};
  }

  #problemWithApproval({type, approval_request_id: id}: Readonly<Record<string, unknown>>): Refusal | undefined {
    if (type !== 'mcp_approval_response') return undefined;
    const path = 'item.approval_request_id';
    const isAsked = this.#items.some(item => item.type === 'mcp_approval_request' && item.id === id);
    if (!isAsked) return refusal('invalid_value', `Approval request '${String(id)}' not found in conversation.`, path);
    const isAnswered = this.#items.some(item => item.type === 'mcp_approval_response' && item.approves === id);
    return isAnswered
      ? refusal('invalid_value', `Approval request '${String(id)}' was answered already.`, path)
      : undefined;
  }

  #problemWithOutput({type, call_id: callId}: Readonly<Record<string, unknown>>): Refusal | undefined {
    if (type !== 'function_call_output') return undefined;
    if (this.#items.some(item => item.type === 'function_call' && item.callId === callId)) return undefined;
    const message = `Tool call ID '${String(callId)}' not found in conversation.`;
    return refusal('invalid_tool_call_id', message, 'item.call_id');
  }
}

/** The verified wording of delete and retrieve; truncate by analogy. */
function noSuchItem(verb: 'truncat' | 'delet' | 'retriev', id: unknown): Refusal {
  const message = `Error ${verb}ing item: the item with id '${String(id)}' does not exist.`;
  return refusal(`item_${verb}e_invalid_item_id`, message);
}

const CONTENT_TYPES: Readonly<Record<string, readonly string[]>> = {
  user: ['input_text', 'input_audio', 'input_image'],
  assistant: ['output_text'],
  system: ['input_text'],
};

/** The field that a part of this type cannot do without. */
const NEEDED: Readonly<Record<string, string>> = {
  input_text: 'text',
  output_text: 'text',
  output_audio: 'text', // an assistant's audio cannot be given: the service asks for the text that is not there
  input_audio: 'audio',
  input_image: 'image_url',
};

/** What the schema does not say about an item. */
export function problemWithItem(item: Readonly<Record<string, unknown>>, path = 'item'): Refusal | undefined {
  const {call_id: callId, role, content} = item;
  if (item['type'] === 'function_call' && callId === undefined) return missing(`${path}.call_id`);
  const overlong = tooLong({maxLength: 32}, textIn(callId), `${path}.call_id`);
  if (overlong) return overlong;
  if (!Array.isArray(content)) return undefined;
  for (const [index, part] of content.entries()) {
    const at = `${path}.content[${index}]`;
    const type = isRecord(part) ? part['type'] : undefined;
    if (typeof type !== 'string') return missing(`${at}.type`);
    const needed = NEEDED[type];
    if (isRecord(part) && needed !== undefined && part[needed] === undefined) return missing(`${at}.${needed}`);
    const allowed = CONTENT_TYPES[String(role)] ?? [];
    if (!allowed.includes(type)) return notSupported(type, allowed, `${at}.type`);
  }
  return undefined;
}

/** An item as a client gave it; audio inside is counted but not echoed. */
export function itemFrom(given: Readonly<Record<string, unknown>>, freshId: string): ModelItem {
  const {id, type, role, content, call_id: callId, name, arguments: args, output} = given;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const item = new ModelItem({
    id: typeof id === 'string' && id !== '' ? id : freshId,
    type: String(type),
    role: role === 'user' || role === 'assistant' || role === 'system' ? role : undefined,
    given: Array.isArray(content) ? {...given, content: parts.map(withoutAudio)} : given,
    call: typeof callId === 'string' ? {callId, name: textIn(name)} : undefined,
  });
  item.payload = textIn(args ?? output);
  item.text = parts
    .map(part => (isRecord(part) ? textIn(part['text'] ?? part['transcript']) : ''))
    .join(' ')
    .trim();
  for (const part of parts) {
    if (isRecord(part) && typeof part['audio'] === 'string') item.addAudio(Buffer.from(part['audio'], 'base64'));
  }
  return item;
}

function withoutAudio(part: unknown): unknown {
  if (!isRecord(part)) return part;
  const {audio: _, ...rest} = part;
  return rest;
}
