import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {headersOf} from '@voicebridge/assistant/http/send-request.ts';
import {type McpTool, optionsOf} from '@voicebridge/assistant/mcp/mcp-tool.ts';
import {background} from '@voicebridge/shared/observability/log.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {hostedTool} from '../tools/hosted-tool.ts';
import {inWords, parametersOf, rulesOf} from '../tools/own-tool.ts';
import type {BackgroundTool, HostedTool} from '../tools/tool.ts';
import {type McpDeps, McpServer} from './mcp-server.ts';

/** A worker that starts waits for the servers of its assistants, but not longer. */
const REACHED_WITHIN: Millis = 3_000;
const LONGEST_NAME = 64;

/**
 * The MCP servers of this worker's assistants. Each is reached once, however many calls use it; a command runs from the
 * moment in which a file names it until the worker ends. Those of versions that only other workers have read are not known.
 */
export class McpServers implements AsyncDisposable {
  readonly #deps: McpDeps;
  readonly #servers = new Map<string, McpServer>();

  constructor(deps: McpDeps) {
    this.#deps = deps;
  }

  /** Reaches the servers that these assistants name. Resolves when all are, or after a while. */
  async renew(catalogue: Catalogue): Promise<void> {
    const {log, clock} = this.#deps;
    const started: Promise<void>[] = [];
    for (const {stored} of catalogue.versions) {
      for (const tool of Object.values(stored.tools)) {
        if (tool === false || tool.kind !== 'mcp' || tool.hosted || this.#servers.has(keyOf(tool))) continue;
        const server = new McpServer(tool, this.#deps);
        this.#servers.set(keyOf(tool), server);
        const start = server.start();
        background(start, log, 'reaching an MCP server');
        started.push(start);
      }
    }
    if (started.length > 0) await Promise.race([Promise.all(started), sleep(clock, REACHED_WITHIN)]);
  }

  /** The tools of a server, as the model is told about them: those that it offered last. */
  toolsOf(name: string, tool: McpTool): BackgroundTool[] {
    const server = this.#servers.get(keyOf(tool));
    return (server?.offered ?? []).map(offered => ({
      ...rulesOf(optionsOf(tool, offered.name, offered.isReadOnly)),
      name: `${name}_${offered.name}`.replaceAll(/[^\w-]/g, '_').slice(0, LONGEST_NAME),
      description: offered.about.slice(0, 1_000),
      parameters: parametersOf(offered.parameters),
      async run(args, {signal}) {
        const outcome = await server?.call(offered.name, args, signal);
        if (!outcome || outcome.kind === 'leave') return {kind: 'failed', output: 'It is not there.'};
        return {...outcome, output: inWords(outcome.output)};
      },
    }));
  }

  /** A server that the model's provider asks: only its secrets are filled in here. */
  hosted(name: string, {url, ...rest}: McpTool): HostedTool[] {
    const {secret, log} = this.#deps;
    if (url === undefined) return [];
    try {
      return [hostedTool(name, {...rest, url}, headersOf(rest.headers ?? {}, secret))];
    } catch (thrown) {
      log.error({err: thrown, mcp: new URL(url).host}, 'an assistant lacks the tools of an MCP server');
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#servers.values()].map(server => server[Symbol.asyncDispose]()));
  }
}

function keyOf({url, command, headers, env, allowPrivate, timeoutMs, allow}: McpTool): string {
  return JSON.stringify([url, command, headers, env, allowPrivate, timeoutMs, allow]);
}
