import type {Clock} from '@voicebridge/shared/time.ts';
import type {Placed} from '../state/conversation.ts';
import type {Knobs} from '../knobs/knobs.ts';
import {mangled} from '../wire/mangle.ts';
import {base62, type Random} from '../random.ts';
import type {Refusal} from '../json/refusal.ts';
import type {SessionLog} from '../state/session-log.ts';
import type {Wire} from '../wire/wire.ts';

/** A server event before it gets its `event_id`. */
export interface ServerEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Recorded event ids begin with the server's seconds since this moment, in base 62. */
const EVENT_EPOCH_SECONDS = 1_576_800_000;

export interface OutboxParts {
  readonly wire: Wire;
  readonly log: SessionLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly knobs: () => Readonly<Knobs>;
}

/** Numbers, logs and sends every event of one session; nothing else sends. */
export class Outbox {
  readonly #parts: OutboxParts;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  emit({type, ...fields}: ServerEvent): void {
    const {wire, log, clock, random, knobs} = this.#parts;
    const seconds = base62(clock.wall() / 1000 - EVENT_EPOCH_SECONDS, 5);
    const event = {type, event_id: random.id(`event_${seconds}`, 16), ...fields};
    const sent = mangled(event, knobs(), random);
    log.note({at: clock.now(), direction: 'out', type, ...(sent === event ? {} : {mangled: true})});
    if (sent) wire.send(JSON.stringify(knobs().strange ? {...sent, field_of_next_year: {mood: 'curious'}} : sent));
    if (knobs().strange && type === 'response.created') {
      this.emit({type: 'response.event_of_next_year', response_id: 'resp_unknown', payload: [1, 2, 3]});
    }
  }

  /** An `error` event. The client's own `event_id` comes back in it and nowhere else. */
  refuse(refusal: Refusal, clientEventId: unknown = null, clientEvent?: string): void {
    this.#parts.log.refused(refusal, this.#parts.clock.now(), clientEvent);
    const isNamed = typeof clientEventId === 'string' && !this.#parts.knobs().errorsNameNothing;
    const eventId = isNamed ? clientEventId : null;
    const {type, code, message, param} = refusal;
    this.emit({type: 'error', error: {type, code, message, param, event_id: eventId}});
  }

  itemAdded({item, previousItemId}: Placed): void {
    this.emit({type: 'conversation.item.added', previous_item_id: previousItemId, item: item.toWire()});
  }

  /** For the second item of a conversation the real service forgets the previous id here, though not in `.added`. */
  itemDone({item, previousItemId, ordinal}: Placed): void {
    const forgets = ordinal === 2 && this.#parts.knobs().nullSecondPreviousId;
    this.emit({type: 'conversation.item.done', previous_item_id: forgets ? null : previousItemId, item: item.toWire()});
  }
}
