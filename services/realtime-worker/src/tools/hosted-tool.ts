import {type McpTool, optionsOf} from '@voicebridge/assistant/mcp/mcp-tool.ts';
import type {ToolDefinition} from '../model/model-adapter.ts';
import {rulesOf} from './own-tool.ts';
import type {HostedTool, Tool} from './tool.ts';

/** What the arguments of its tools are, only the provider knows. */
const ANY: ToolDefinition['parameters'] = {type: 'object', properties: {}, additionalProperties: true};

/** The tools of an MCP server that the model's provider asks by itself. `headers`: with their secrets. */
export function hostedTool(
  label: string,
  tool: McpTool & {readonly url: string},
  headers: Readonly<Record<string, string>>,
): HostedTool {
  const {url, allow, approve = false} = tool;
  const {timeoutMs, waiting, isKept} = rulesOf(optionsOf(tool, '', false));
  return {
    runs: 'hosted',
    name: label,
    description: '',
    parameters: ANY,
    timeoutMs,
    waiting,
    isKept,
    server: {label, url, headers, allow, approve},
  };
}

/** The name by which a tool of a server stands in the conversation and in the record. */
export const hostedName = (server: string, name: string): string => `${server}_${name}`;

/** The server of a tool with such a name, if there is one. */
export function hostedOf(tools: readonly Tool[], name: string): HostedTool | undefined {
  return tools.find((tool): tool is HostedTool => tool.runs === 'hosted' && name.startsWith(hostedName(tool.name, '')));
}
