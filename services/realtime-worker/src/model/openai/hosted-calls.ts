import type {ModelEvent} from '../model-adapter.ts';
import type {EventFields} from './event-fields.ts';

/** Items that are remembered: a server reports what is to say of one soon. */
const REMEMBERED = 64;

interface Known {
  readonly server: string;
  readonly name: string;
  readonly responseId: string | undefined;
  readonly approvedBy: string | undefined;
  arguments: string;
  /** What was told about it last. */
  told: 'nothing' | 'called' | 'ended';
}

/**
 * The calls of MCP tools that the provider makes by itself, in one session. It reports each in several events, some of
 * which come outside of any response, and not all in every flow; each call is told once, and so is its end.
 */
export class HostedCalls {
  readonly #items = new Map<string, Known>();
  /** By item: the server whose tools are listed in it. */
  readonly #lists = new Map<string, string>();

  /** An item of the conversation began, is as it will be, or has changed. `isDone`: nothing is to come but a result. */
  item(
    item: EventFields,
    {responseId, isDone}: {readonly responseId: string | undefined; readonly isDone: boolean},
  ): ModelEvent[] {
    const id = item.idIfAny('id');
    const server = item.idIfAny('server_label') ?? '';
    if (id === undefined) return [];
    switch (item.raw('type')) {
      case 'mcp_list_tools':
        remember(this.#lists, id, server);
        return [];
      case 'mcp_call':
        return this.#call(id, item, {server, responseId, isDone});
      case 'mcp_approval_request':
        return isDone ? this.#called(id, this.#known(id, item, {server, responseId}), true) : [];
      default:
        return [];
    }
  }

  /** The arguments of a call are complete. */
  arguments(fields: EventFields): ModelEvent[] {
    const known = this.#items.get(fields.id('item_id') ?? '');
    const args = argumentsIn(fields);
    if (!known) return [];
    if (args !== '') known.arguments = args;
    return this.#called(fields.id('item_id') ?? '', known, false);
  }

  /** A call runs. */
  running(fields: EventFields): ModelEvent[] {
    const id = fields.id('item_id') ?? '';
    const known = this.#items.get(id);
    return known ? this.#called(id, known, false) : [];
  }

  /** The provider cannot learn what a server offers. */
  notListed(fields: EventFields): ModelEvent[] {
    const server = this.#lists.get(fields.id('item_id') ?? '') ?? '';
    return [{type: 'hostedAway', server}];
  }

  #call(
    id: string,
    item: EventFields,
    {
      server,
      responseId,
      isDone,
    }: {readonly server: string; readonly responseId: string | undefined; readonly isDone: boolean},
  ): ModelEvent[] {
    const known = this.#known(id, item, {server, responseId});
    const args = argumentsIn(item);
    if (args !== '') known.arguments = args;
    // One that was approved comes with its arguments, and with no other event that it begins.
    const begins = isDone || known.approvedBy !== undefined ? this.#called(id, known, false) : [];
    const [output, error] = [item.raw('output'), item.raw('error')];
    const failed = typeof error === 'object' && error !== null;
    if (!isDone || known.told === 'ended' || (typeof output !== 'string' && !failed)) return begins;
    known.told = 'ended';
    const message = item.fieldsIfAny('error').textIfAny('message') ?? '';
    return [
      ...begins,
      {type: 'hostedEnded', itemId: id, ok: !failed, output: typeof output === 'string' ? output : message},
    ];
  }

  #known(
    id: string,
    item: EventFields,
    {server, responseId}: {readonly server: string; readonly responseId: string | undefined},
  ): Known {
    const known = this.#items.get(id) ?? {
      server,
      name: item.idIfAny('name') ?? '',
      responseId,
      approvedBy: item.idIfAny('approval_request_id'),
      arguments: argumentsIn(item),
      told: 'nothing' as const,
    };
    remember(this.#items, id, known);
    return known;
  }

  #called(itemId: string, known: Known, asks: boolean): ModelEvent[] {
    if (known.told !== 'nothing') return [];
    known.told = 'called';
    const {server, name, responseId, arguments: args, approvedBy} = known;
    return [{type: 'hostedCalled', responseId, itemId, server, name, arguments: args, asks, approvedBy}];
  }
}

/** An empty text is usual: they are still to come. */
function argumentsIn(fields: EventFields): string {
  return fields.textOrNone('arguments');
}

function remember<Value>(map: Map<string, Value>, id: string, value: Value): void {
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) break;
    map.delete(oldest);
  }
}
