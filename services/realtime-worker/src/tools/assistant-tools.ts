import type {McpTool} from '@voicebridge/assistant/mcp/mcp-tool.ts';
import type {Version} from '@voicebridge/assistant/version.ts';
import {z} from 'zod';
import {digitsTool} from './collect-digits.ts';
import {hangUp} from './hang-up.ts';
import {httpTool} from './http-tool.ts';
import {noteTool} from './note.ts';
import {outcomeTool} from './outcome.ts';
import {mistakes, ownTool} from './own-tool.ts';
import {switchTool} from './switch-to.ts';
import {type CallsApi, scheduleCallback} from './schedule-callback.ts';
import {sendDigits} from './send-digits.ts';
import type {Tool} from './tool.ts';
import {transferTool} from './transfer.ts';

/** What every assistant can do besides speaking, unless it says otherwise. */
export const assistantTools: readonly Tool[] = [hangUp];

/**
 * What a version of an assistant can do besides speaking, on a call with these variables. Where its code is not known, its
 * tools in code are missing. `mcp`: what MCP servers offer.
 */
export function toolsOf(
  {stored, code}: Version,
  variables: Readonly<Record<string, string>> = {},
  {
    transferAllow = [],
    mcp,
    callsApi,
    wall = () => 0,
  }: {
    readonly transferAllow?: readonly string[];
    /** What makes calls back, and the time of day. */
    readonly callsApi?: CallsApi | undefined;
    readonly wall?: () => number;
    readonly mcp?:
      | {toolsOf(name: string, tool: McpTool): readonly Tool[]; hosted(name: string, tool: McpTool): readonly Tool[]}
      | undefined;
  } = {},
): readonly Tool[] {
  const {language, timeZone} = stored.assistant;
  const own = Object.entries(stored.tools).flatMap(([name, tool]): Tool[] => {
    if (tool === false) return [];
    const written = code?.tools[name];
    if (tool.kind === 'built-in' && tool.name === 'schedule_callback')
      return [scheduleCallback(name, {assistant: stored.assistant.name, timeZone, api: callsApi, variables, wall})];
    if (tool.kind === 'built-in') return tool.name === 'send_digits' ? [{...sendDigits, name}] : [];
    if (tool.kind === 'transfer') return [transferTool(name, tool, {variables, allow: transferAllow, language})];
    if (tool.kind === 'note') return [noteTool(name, tool)];
    if (tool.kind === 'mcp') return [...((tool.hosted ? mcp?.hosted(name, tool) : mcp?.toolsOf(name, tool)) ?? [])];
    if (tool.kind === 'switch-to') return [switchTool(name, tool)];
    if (tool.kind === 'collect-digits') return [digitsTool(name, tool)];
    if (tool.kind === 'code') return written?.kind === 'code' ? [ownTool(name, written, variables)] : [];
    const input = written?.kind === 'http' ? written.input : checkerOf(tool.parameters);
    const made = httpTool(name, tool, variables);
    return [input ? {...made, check: args => mistakes(input, args)} : made];
  });
  const {outcome} = stored.assistant;
  const bringable = Object.keys(outcome).length === 0 ? assistantTools : [...assistantTools, outcomeTool(outcome)];
  const brought = bringable.filter(({name}) => stored.tools[name] !== false && !own.some(tool => tool.name === name));
  return [...brought, ...own];
}

/** What checks arguments where the file of the assistant is not known; undefined: zod cannot read such a schema. */
function checkerOf(parameters: Readonly<Record<string, unknown>>): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(parameters);
  } catch {
    return undefined;
  }
}
