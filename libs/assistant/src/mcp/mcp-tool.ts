import {z} from 'zod';
import {HeaderValue, secretsInHeaders} from '../http/http-tool.ts';
import type {ToolOptions} from '../tool.ts';

const toolNames = z.array(z.string().min(1).max(128)).min(1).max(100);

/** A server of the Model Context Protocol: at an address, or a command that a worker runs. */
export const mcpServer = {
  url: z
    .string()
    .regex(/^https?:\/\/[^{}/?#@\s]+([/?]\S*)?$/, 'must be http://… or https://… without a user')
    .max(2_000)
    .optional(),
  /** The program and its arguments. It gets no environment of the worker but what `env` names. */
  command: z.array(z.string().min(1).max(2_000)).min(1).max(50).optional(),
  /** Secrets by reference only: `{authorization: {env: 'CRM_TOKEN', prefix: 'Bearer '}}`. */
  headers: z
    .record(z.string().regex(/^[\w-]{1,100}$/), HeaderValue)
    .superRefine(secretsInHeaders)
    .optional(),
  /** The names of variables of the worker's environment that the command is given. */
  env: z
    .array(z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/))
    .max(50)
    .optional(),
  /** Which of its tools the assistant has; all that it offers if not given. */
  allow: toolNames.optional(),
  /** Which of them need the caller's yes: `true` is all that are not read-only. */
  approve: z.union([z.boolean(), toolNames]).optional(),
  /** The model's provider asks the server by itself, from its own network; a worker never does. */
  hosted: z.boolean().optional(),
  /** A server at an address of this machine or of a private network may be asked. */
  allowPrivate: z.boolean().optional(),
  timeoutMs: z.number().int().min(1).max(120_000).optional(),
  while: z.string().min(1).max(1_000).optional(),
  record: z.enum(['keep', 'mask']).optional(),
} as const;

/** The tools of an MCP server. */
export const McpTool = z
  .strictObject({kind: z.literal('mcp'), ...mcpServer})
  .refine(({url, command}) => (url === undefined) !== (command === undefined), 'needs either url or command')
  .superRefine((tool, context) => {
    for (const [field, message] of hostedMistakes(tool)) context.addIssue({code: 'custom', message, path: [field]});
  });
export type McpTool = Readonly<z.infer<typeof McpTool>>;

/** What a server that the model's provider asks cannot have, each with the field and the cure. */
function hostedMistakes({hosted, url, approve, allow, env, allowPrivate}: McpTool): (readonly [string, string])[] {
  if (hosted !== true) return [];
  const mistakes: (readonly [string, string])[] = [];
  if (url === undefined) mistakes.push(['command', 'runs on a worker: take `hosted` away']);
  else if (!url.startsWith('https://'))
    mistakes.push(['url', 'must be https://…: the provider asks it over the internet']);
  if (env !== undefined) mistakes.push(['env', 'is for a command']);
  if (allowPrivate) mistakes.push(['allowPrivate', 'means nothing: the provider does not reach private addresses']);
  if (Array.isArray(approve) && allow === undefined)
    mistakes.push(['approve', 'with names needs `allow` too: the provider must be told which tools need no yes']);
  return mistakes;
}

type Options = Omit<McpTool, 'kind' | 'url' | 'command'>;

/**
 * The tools of an MCP server, in the file of an assistant: `crm: mcp('https://crm.example.com/mcp', {allow: ['find']})`, or a
 * command as a list. The model knows each as `crm_find`. With `hosted: true` the model's provider asks the server by itself.
 */
export function mcp(server: string | readonly string[], options: Options = {}): McpTool {
  return {...options, kind: 'mcp', ...(typeof server === 'string' ? {url: server} : {command: [...server]})};
}

/** The options of each of its tools. `isReadOnly`: the server says that it changes nothing. */
export function optionsOf(
  {approve = false, timeoutMs, while: words, record}: McpTool,
  name: string,
  isReadOnly: boolean,
) {
  const needsApproval = Array.isArray(approve) ? approve.includes(name) : approve && !isReadOnly;
  return {timeoutMs, while: words, record, approve: needsApproval, repeatable: isReadOnly} satisfies ToolOptions;
}
