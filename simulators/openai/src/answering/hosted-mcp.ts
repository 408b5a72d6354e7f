import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {isRecord} from '../json/json-schema.ts';
import type {Random} from '../random.ts';
import type {Conversation} from '../state/conversation.ts';
import {ModelItem} from '../state/model-item.ts';
import type {Tool} from '../state/session-config.ts';
import type {Outbox} from './outbox.ts';

/** A tool of a server that the provider asks. A rejection is an error of the tool. */
export interface RemoteTool {
  readonly readOnly?: boolean;
  readonly run: (args: string, headers: Readonly<Record<string, string>>) => string | Promise<string>;
}

/** The MCP servers that the provider can reach, by address, and their tools by name. */
export type RemoteServers = Readonly<Record<string, Readonly<Record<string, RemoteTool>>>>;

export interface HostedMcpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  readonly servers: RemoteServers;
  readonly tools: () => readonly Tool[];
}

const LISTED_WITHIN: Millis = 40;

/**
 * Asks MCP servers for the model, as the provider does. A call goes on by itself, also after the response that made it is
 * over, and nothing is said of its result before the client asks for a response.
 */
export class HostedMcp {
  readonly #parts: HostedMcpParts;
  readonly #listed = new Set<string>();
  #isOver = false;

  constructor(parts: HostedMcpParts) {
    this.#parts = parts;
  }

  /** The tools of the session have changed: what a new server offers is listed. */
  configured(): void {
    for (const {type, server_label: label, server_url: url, allowed_tools: allowed} of this.#parts.tools()) {
      if (type !== 'mcp' || this.#listed.has(String(label))) continue;
      this.#listed.add(String(label));
      this.#list(String(label), String(url), Array.isArray(allowed) ? allowed.map(String) : undefined);
    }
  }

  /** Whether a call waits for the client's yes. What the client does not say needs one. */
  needsApproval(label: string, name: string): boolean {
    const {tool, remote} = this.#find(label, name);
    const rule = tool?.['require_approval'] ?? 'always';
    if (typeof rule === 'string') return rule === 'always';
    const isReadOnly = remote?.readOnly ?? false;
    const holds = (filter: unknown) =>
      isRecord(filter) &&
      (filter['tool_names'] === undefined ||
        (Array.isArray(filter['tool_names']) && filter['tool_names'].includes(name))) &&
      (filter['read_only'] === undefined || filter['read_only'] === isReadOnly);
    const {always, never} = isRecord(rule) ? rule : {};
    return holds(always) || !holds(never);
  }

  /** The arguments of a call are complete: it runs. */
  run(item: ModelItem, responseId: string | null, index: number): void {
    const {outbox, clock} = this.#parts;
    const place = {output_index: index, item_id: item.id};
    outbox.emit({type: 'response.mcp_call.in_progress', ...place});
    const {remote, headers} = this.#find(item.hosted?.server ?? '', item.name ?? '');
    const end = (ok: boolean, text: string) => {
      if (this.#isOver || !item.hosted) return;
      item.status = 'completed';
      if (ok) item.hosted.output = text;
      else item.hosted.error = {type: 'tool_execution_error', message: text};
      outbox.emit({type: ok ? 'response.mcp_call.completed' : 'response.mcp_call.failed', ...place});
      outbox.emit({type: 'conversation.item.done', previous_item_id: null, item: item.toWire()});
      if (responseId !== null)
        outbox.emit({
          type: 'response.output_item.done',
          response_id: responseId,
          output_index: index,
          item: item.toWire(),
        });
    };
    const running = (async () => {
      if (!remote) throw new Error(`Unknown tool ${String(item.name)}`);
      return await remote.run(item.payload, headers);
    })();
    void running.then(
      text => clock.after(0, () => end(true, text)),
      (thrown: unknown) => clock.after(0, () => end(false, thrown instanceof Error ? thrown.message : String(thrown))),
    );
  }

  /** The client has answered an approval request. */
  answered({approval_request_id: id, approve}: Readonly<Record<string, unknown>>): void {
    const {conversation, outbox, random} = this.#parts;
    const request = conversation.find(id);
    if (approve !== true || !request?.hosted) return;
    const item = new ModelItem({
      id: random.id('mcp_'),
      type: 'mcp_call',
      status: 'in_progress',
      call: {callId: undefined, name: request.name},
      hosted: {server: request.hosted.server, approvalRequestId: request.id},
    });
    item.payload = request.payload;
    outbox.itemAdded(conversation.append(item));
    this.run(item, null, 0);
  }

  abandon(): void {
    this.#isOver = true;
  }

  #list(label: string, url: string, allowed: readonly string[] | undefined): void {
    const {clock, conversation, outbox, random, servers} = this.#parts;
    const item = new ModelItem({
      id: random.id('mcpl_'),
      type: 'mcp_list_tools',
      status: 'in_progress',
      hosted: {server: label, approvalRequestId: undefined},
    });
    const placed = conversation.append(item);
    outbox.itemAdded(placed);
    outbox.emit({type: 'mcp_list_tools.in_progress', item_id: item.id});
    clock.after(LISTED_WITHIN, () => {
      if (this.#isOver) return;
      const known = servers[url];
      if (!known) return outbox.emit({type: 'mcp_list_tools.failed', item_id: item.id});
      const names = Object.keys(known).filter(name => allowed?.includes(name) ?? true);
      item.status = 'completed';
      if (item.hosted) item.hosted.tools = names.map(name => ({name, input_schema: {type: 'object'}}));
      outbox.itemDone(placed);
      outbox.emit({type: 'mcp_list_tools.completed', item_id: item.id});
    });
  }

  #find(label: string, name: string) {
    const tool = this.#parts.tools().find(each => each['server_label'] === label);
    const allowed = tool?.['allowed_tools'];
    const isAllowed = !Array.isArray(allowed) || allowed.includes(name);
    const remote = isAllowed ? this.#parts.servers[String(tool?.['server_url'])]?.[name] : undefined;
    const [authorization, headers] = [tool?.['authorization'], tool?.['headers']];
    const own = isRecord(headers) ? Object.entries(headers).map(([key, value]) => [key, String(value)] as const) : [];
    const bearer = typeof authorization === 'string' ? [['authorization', `Bearer ${authorization}`] as const] : [];
    return {tool, remote, headers: Object.fromEntries([...own, ...bearer])};
  }
}
