import type {Answering} from '../answering/answering.ts';
import type {ClientEvent} from '../wire/client-events.ts';
import {isRecord} from '../json/json-schema.ts';
import type {Refusal} from '../json/refusal.ts';
import type {Stage} from '../answering/response-run.ts';

export interface ItemRequestsParts extends Stage {
  readonly answering: Answering;
  /** Answers a client event that had to wait. */
  readonly refuseLate: (event: ClientEvent, refused: Refusal) => void;
}

/** The four `conversation.item.*` requests of a client: performed at once, or when the running response is done. */
export class ItemRequests {
  readonly #parts: ItemRequestsParts;

  constructor(parts: ItemRequestsParts) {
    this.#parts = parts;
  }

  create(event: ClientEvent): Refusal | undefined {
    const {answering} = this.#parts;
    const given = isRecord(event['item']) ? event['item'] : {};
    // The output of a call is accepted while its response still runs, but acknowledged only after it.
    const callId = given['call_id'];
    const isEarly = answering.running?.items.some(item => item.callId !== undefined && item.callId === callId);
    return isEarly ? this.#whenDone(event, () => this.#create(event, given)) : this.#create(event, given);
  }

  truncate(event: ClientEvent): Refusal | undefined {
    // An item that a cancelled response is just closing is cut when that is done.
    const run = this.#parts.answering.running;
    const isClosing = run?.state === 'cancelling' && run.isGenerating(event['item_id']);
    return isClosing ? this.#whenDone(event, () => this.#truncate(event)) : this.#truncate(event);
  }

  delete({item_id: id}: ClientEvent): Refusal | undefined {
    const deleted = this.#parts.conversation.delete(id);
    if (!deleted.ok) return deleted.refusal;
    this.#parts.outbox.emit({type: 'conversation.item.deleted', item_id: id});
    return undefined;
  }

  retrieve({item_id: id}: ClientEvent): Refusal | undefined {
    const found = this.#parts.conversation.retrieve(id);
    if (!found.ok) return found.refusal;
    this.#parts.outbox.emit({type: 'conversation.item.retrieved', item: found.value.toWire('withAudio')});
    return undefined;
  }

  #create(event: ClientEvent, given: Readonly<Record<string, unknown>>): Refusal | undefined {
    const {conversation, outbox, random} = this.#parts;
    const created = conversation.create(given, random.id('item_'), event['previous_item_id']);
    if (!created.ok) return created.refusal;
    outbox.itemAdded(created.value);
    outbox.itemDone(created.value);
    if (given['type'] === 'mcp_approval_response') this.#parts.hosted.answered(given);
    return undefined;
  }

  #truncate(event: ClientEvent): Refusal | undefined {
    const {conversation, outbox, knobs} = this.#parts;
    const cut = conversation.truncate(event, knobs());
    if (!cut.ok) return cut.refusal;
    const {item_id, content_index, audio_end_ms} = event;
    outbox.emit({type: 'conversation.item.truncated', item_id, content_index, audio_end_ms});
    return undefined;
  }

  #whenDone(event: ClientEvent, perform: () => Refusal | undefined): undefined {
    this.#parts.answering.whenDone(() => {
      const refused = perform();
      if (refused) this.#parts.refuseLate(event, refused);
    });
  }
}
