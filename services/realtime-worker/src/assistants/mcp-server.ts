import type {Client} from '@modelcontextprotocol/sdk/client/index.js';
import type {Transport} from '@modelcontextprotocol/sdk/shared/transport.js';
import {guardedFetch} from '@voicebridge/assistant/http/guarded-fetch.ts';
import {secretsOf, withoutSecrets} from '@voicebridge/assistant/http/hidden-secrets.ts';
import {headersOf} from '@voicebridge/assistant/http/send-request.ts';
import type {McpTool} from '@voicebridge/assistant/mcp/mcp-tool.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {serverAway} from '../tools/tool-failure.ts';
import {type OfferedTool, offeredTools} from './offered-tools.ts';
import {toolFault} from '@voicebridge/assistant/http/tool-fault.ts';

/** The pause before each attempt to reach a server again; the last one is repeated. */
const AGAIN_AFTER: readonly Millis[] = [500, 1_000, 3_000, 10_000, 30_000];
const PING_WITHIN: Millis = 2_000;
/** Variables for a command that are secrets, by their names. */
const SECRET_NAME = /KEY|TOKEN|SECRET|PASSW/;

export interface McpDeps {
  /** The value of a variable of the environment. */
  readonly secret: (name: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The connection of a worker with one MCP server, which all its calls share. It is made again when it is lost. */
export class McpServer implements AsyncDisposable {
  readonly #tool: McpTool;
  readonly #deps: McpDeps;
  readonly #log: Log;
  #client: Promise<Client> | undefined;
  #inUse: Client | undefined;
  /** It has not answered yet, and may never do so. */
  #opening: Client | undefined;
  #isChecking = false;
  #again: Cancel | undefined;
  #failures = 0;
  #isOver = false;
  /** The tools that it offered last. They stay while it is away: it may be back when one is called. */
  offered: readonly OfferedTool[] = [];

  constructor(tool: McpTool, deps: McpDeps) {
    this.#tool = tool;
    this.#deps = deps;
    // Some addresses have a key in their path.
    this.#log = deps.log.child({mcp: tool.url === undefined ? tool.command?.[0] : new URL(tool.url).host});
  }

  /** Reaches the server and learns what it offers. Never rejects. */
  async start(): Promise<void> {
    await this.#connected().catch(() => {});
  }

  /** Calls a tool. A server that cannot be reached, or goes meanwhile, is an outcome. */
  async call(name: string, args: ToolArguments, signal: AbortSignal): Promise<ToolOutcome> {
    let client: Client | undefined;
    try {
      client = await this.#connected();
      const {timeoutMs: timeout = 120_000} = this.#tool;
      const result = await client.callTool({name, arguments: {...args}}, undefined, {signal, timeout});
      const output = withoutSecrets(wordsOf(result), this.#secrets());
      return result.isError === true ? {kind: 'failed', output} : {kind: 'output', output};
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      // The server answered that it cannot: the connection is well.
      if (isAnswer(thrown)) throw thrown;
      this.#log.warn({tool: name, ...toolFault(thrown, false)}, 'an MCP server went away while a tool ran');
      if (client) this.#lost(client);
      return serverAway(name);
    }
  }

  /** What it was given to prove who asks. */
  #secrets(): readonly string[] {
    const {headers = {}, env = []} = this.#tool;
    const {secret} = this.#deps;
    return [
      ...secretsOf(headers, secret),
      ...env.filter(name => SECRET_NAME.test(name)).map(name => secret(name) ?? ''),
    ];
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#connect().catch((thrown: unknown) => {
      this.#client = undefined;
      if (!this.#isOver) this.#log.warn(toolFault(thrown, false), 'an MCP server cannot be reached');
      this.#tryAgain();
      throw thrown;
    });
    return this.#client;
  }

  async #connect(): Promise<Client> {
    // Loaded when a first server is asked: workers without any do not pay for it.
    const {Client: McpClient} = await import('@modelcontextprotocol/sdk/client/index.js');
    const {ListToolsResultSchema} = await import('@modelcontextprotocol/sdk/types.js');
    const client = new McpClient({name: 'voicebridge', version: '0.1.0'});
    // The client of the SDK takes one listener of each kind, by these names only.
    // oxlint-disable-next-line prefer-add-event-listener
    client.onclose = () => this.#lost(client);
    // A stream that breaks off is reported here, and what was asked on it would wait for ever.
    // oxlint-disable-next-line prefer-add-event-listener
    client.onerror = () => background(this.#check(client), this.#log, 'asking an MCP server whether it is there');
    this.#opening = client;
    await client.connect(await this.#transport());
    // Not `listTools`: it has each result checked by the schema that the server promises, and so runs the server's regular
    // expressions on the thread that carries calls. One of those may take for ever, and results are words for a model only.
    const {tools} = await client.request({method: 'tools/list'}, ListToolsResultSchema);
    const {allow} = this.#tool;
    const log = this.#log;
    this.offered = offeredTools(tools, {allow, secrets: this.#secrets(), log});
    const missing = allow?.filter(name => !tools.some(each => each.name === name)) ?? [];
    if (missing.length > 0) this.#log.warn({missing}, 'an MCP server does not offer all that an assistant allows');
    this.#failures = 0;
    this.#opening = undefined;
    this.#inUse = client;
    this.#log.info({tools: this.offered.length}, 'an MCP server is reached');
    return client;
  }

  async #transport(): Promise<Transport> {
    const {url, command, headers = {}, env = [], allowPrivate = false} = this.#tool;
    const {secret} = this.#deps;
    if (url !== undefined) {
      const {StreamableHTTPClientTransport} = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
      const transport = new StreamableHTTPClientTransport(new URL(url), {
        requestInit: {headers: headersOf(headers, secret)},
        fetch: guardedFetch({allowPrivate}),
      });
      return transport;
    }
    const [program = '', ...args] = command ?? [];
    const {StdioClientTransport, getDefaultEnvironment} = await import('@modelcontextprotocol/sdk/client/stdio.js');
    const given = env.flatMap(name => {
      const value = secret(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const environment = {...getDefaultEnvironment(), ...Object.fromEntries(given)};
    return new StdioClientTransport({command: program, args, env: environment, stderr: 'ignore'});
  }

  /** Something went wrong on a connection: it is given up unless the server answers. */
  async #check(client: Client): Promise<void> {
    if (this.#inUse !== client || this.#isChecking) return;
    this.#isChecking = true;
    const isThere = await client.ping({timeout: PING_WITHIN}).then(
      () => true,
      () => false,
    );
    this.#isChecking = false;
    if (!isThere) this.#lost(client);
  }

  /** Closing it makes all that was asked on it fail. */
  #lost(client: Client): void {
    if (this.#inUse !== client || this.#isOver) return;
    this.#inUse = undefined;
    this.#client = undefined;
    background(client.close(), this.#log, 'closing a connection with an MCP server');
    this.#tryAgain();
  }

  #tryAgain(): void {
    if (this.#isOver || this.#again) return;
    const after = AGAIN_AFTER[Math.min(this.#failures, AGAIN_AFTER.length - 1)] ?? 0;
    this.#failures += 1;
    this.#again = this.#deps.clock.after(after, () => {
      this.#again = undefined;
      background(this.start(), this.#log, 'reaching an MCP server');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#again?.();
    // Closing it makes all that was asked on it fail, the first question too.
    await this.#opening?.close();
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }
}

/** An error that the server itself answered, by its code: not one of the connection. */
function isAnswer(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'number' && code <= -32_600 && code >= -32_700;
}

/** A result in words: its texts, or its data. */
function wordsOf(result: Readonly<Record<string, unknown>>): string {
  const parts: unknown[] = Array.isArray(result['content']) ? result['content'] : [];
  const texts = parts.flatMap(part => {
    if (typeof part !== 'object' || part === null) return [];
    const {type, text} = {type: '', text: undefined, ...part} as {type: string; text: unknown};
    return typeof text === 'string' ? [text] : [`(${type}, which cannot be said)`];
  });
  if (texts.length > 0) return texts.join('\n');
  return result['structuredContent'] === undefined ? 'Done.' : JSON.stringify(result['structuredContent']);
}
