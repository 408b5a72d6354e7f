import {z} from 'zod';
import {DigitsTool} from './digits-tool.ts';
import {httpRequest} from './http/http-tool.ts';
import {McpTool} from './mcp/mcp-tool.ts';
import {NoteTool} from './note-tool.ts';
import {SwitchTool} from './switch-tool.ts';
import {TransferTool} from './transfer-tool.ts';
import {BUILT_IN_NAMES, type Tool, toolOptions} from './tool.ts';

/** A tool as it is kept in Redis: all that the model is told about it, and all that a worker needs unless it is code. */
export const StoredTool = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('code'),
    about: z.string(),
    /** The JSON Schema of its arguments. */
    parameters: z.record(z.string(), z.unknown()),
    ...toolOptions,
  }),
  z.object({
    kind: z.literal('http'),
    about: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    ...httpRequest,
    ...toolOptions,
  }),
  NoteTool,
  DigitsTool,
  SwitchTool,
  TransferTool,
  McpTool,
  z.object({kind: z.literal('built-in'), name: z.enum(BUILT_IN_NAMES)}),
]);
export type StoredTool = z.infer<typeof StoredTool>;

export function storedTool(tool: Tool): StoredTool {
  if (tool.kind !== 'code' && tool.kind !== 'http') return tool;
  const {input, ...rest} = tool;
  return StoredTool.parse({...rest, parameters: z.toJSONSchema(input, {io: 'input', unrepresentable: 'any'})});
}
