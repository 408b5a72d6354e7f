import {z} from 'zod';
import {DigitsTool, SecretName} from './digits-tool.ts';
import {httpRequest, type HttpTool} from './http/http-tool.ts';
import {McpTool} from './mcp/mcp-tool.ts';
import {NoteTool} from './note-tool.ts';
import {SwitchTool} from './switch-tool.ts';
import {TransferTool} from './transfer-tool.ts';

/** What the code of a tool knows of its call. */
export interface ToolCallContext {
  readonly callSid: string;
  /** The same for every attempt at one call of a tool: give it to systems that take an idempotency key. */
  readonly key: string;
  /** The variables of the call, as they stand in the prompt. */
  readonly variables: Readonly<Record<string, string>>;
  /** The digits that the caller entered, by name: those that `secrets` of the tool asks for. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** What every kind of tool can be told. */
export interface ToolOptions {
  /** How long the model waits for the result, in milliseconds; 10 s if not given. */
  readonly timeoutMs?: number | undefined;
  /**
   * What the caller is told, word for word, when they would otherwise hear nothing for longer than `afterMs` (1,000 ms if not
   * given). The model is asked for it so much earlier as it takes to begin, and says it then, though the result came meanwhile.
   */
  readonly while?: string | {readonly say: string; readonly afterMs?: number | undefined} | undefined;
  /** `wait`: the model speaks when it has the result. `background`: it goes on, and is given the result later. */
  readonly mode?: 'wait' | 'background' | undefined;
  /** What becomes of a running tool when the caller speaks: it goes on, or its signal is aborted. */
  readonly whenInterrupted?: 'keep' | 'cancel' | undefined;
  /** The caller must say yes before it runs. */
  readonly approve?: boolean | undefined;
  /** It may run again if nobody knows what became of the first attempt. */
  readonly repeatable?: boolean | undefined;
  /** A second call with the same arguments gets the first result. */
  readonly oncePerCall?: boolean | undefined;
  /** `keep`: the call record has its arguments and its result, 1,000 characters of each. `mask`, if not given: neither. */
  readonly record?: 'keep' | 'mask' | undefined;
  /** The names of digits that `collectDigits` keeps, which it is given past the model. It is refused until they are entered. */
  readonly secrets?: readonly string[] | undefined;
}

/** A tool in code: `tool({about, input, run})`. */
export interface CodeTool extends ToolOptions {
  readonly kind: 'code';
  /** What it does and when to use it, in words to the model. */
  readonly about: string;
  readonly input: z.ZodObject;
  /** What it returns is given to the model: a text as it is, anything else as JSON. A rejection never ends the call. */
  readonly run: (args: Readonly<Record<string, unknown>>, call: ToolCallContext) => unknown;
}

/** A tool that the bridge brings along. */
export interface BuiltInTool {
  readonly kind: 'built-in';
  readonly name: BuiltInName;
}
export const BUILT_IN_NAMES = ['hang_up', 'send_digits', 'schedule_callback'] as const;
type BuiltInName = (typeof BUILT_IN_NAMES)[number];

/** Something an assistant can do besides speaking. */
export type Tool = CodeTool | HttpTool | NoteTool | DigitsTool | SwitchTool | McpTool | TransferTool | BuiltInTool;

/** Defines a tool in code; `args` of `run` have the type of `input`. */
export function tool<const Input extends z.ZodObject>(
  definition: ToolOptions & {
    readonly about: string;
    readonly input: Input;
    readonly run: (args: z.output<Input>, call: ToolCallContext) => unknown;
  },
): CodeTool {
  const {input, run} = definition;
  return {...definition, kind: 'code', run: (args, call) => run(input.parse(args), call)};
}

/**
 * The tools that the bridge brings along. `hang_up` is there unless an assistant switches it off; `send_digits` and
 * `schedule_callback` are there for an assistant that names them.
 */
export const builtIn: Readonly<Record<BuiltInName, BuiltInTool>> = {
  hang_up: {kind: 'built-in', name: 'hang_up'},
  send_digits: {kind: 'built-in', name: 'send_digits'},
  schedule_callback: {kind: 'built-in', name: 'schedule_callback'},
};

/** The schema of `ToolOptions`. */
export const toolOptions = {
  timeoutMs: z.number().int().min(1).max(120_000).optional(),
  while: z
    .union([
      z.string().min(1).max(1_000),
      z.strictObject({say: z.string().min(1).max(1_000), afterMs: z.number().int().min(0).optional()}),
    ])
    .optional(),
  mode: z.enum(['wait', 'background']).optional(),
  whenInterrupted: z.enum(['keep', 'cancel']).optional(),
  approve: z.boolean().optional(),
  repeatable: z.boolean().optional(),
  oncePerCall: z.boolean().optional(),
  record: z.enum(['keep', 'mask']).optional(),
  secrets: z.array(SecretName).min(1).max(10).readonly().optional(),
} as const;

/** Digits that a caller entered never stand in a URL. */
export const secretsOfPost = {
  isSo: ({method, secrets}: {method?: 'GET' | 'POST' | undefined; secrets?: readonly string[] | undefined}) =>
    method === 'POST' || secrets === undefined,
  message: {message: 'would stand in the URL of a GET: use POST', path: ['secrets']},
};

/** Checks a tool as it stands in a definition. */
export const ToolSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('code'),
    about: z.string().min(1).max(1_000),
    input: z.custom<z.ZodObject>(value => value instanceof z.ZodObject, 'must be z.object({…})'),
    run: z.custom<CodeTool['run']>(value => typeof value === 'function', 'must be a function'),
    ...toolOptions,
  }),
  z
    .strictObject({
      kind: z.literal('http'),
      about: z.string().min(1).max(1_000),
      input: z.custom<z.ZodObject>(value => value instanceof z.ZodObject, 'must be z.object({…})'),
      ...httpRequest,
      ...toolOptions,
    })
    .refine(secretsOfPost.isSo, secretsOfPost.message),
  NoteTool,
  DigitsTool,
  SwitchTool,
  TransferTool,
  McpTool,
  z.strictObject({kind: z.literal('built-in'), name: z.enum(BUILT_IN_NAMES)}),
]);
