import type {CodeTool, ToolOptions} from '@voicebridge/assistant/tool.ts';
import {z} from 'zod';
import type {ToolArguments} from '../events/tool-outcome.ts';
import type {ToolDefinition} from '../model/model-adapter.ts';
import type {BackgroundTool, ToolJob} from './tool.ts';

/** How long the model waits for a result, and the caller for a word, unless the tool says otherwise. Milliseconds. */
const TIMEOUT_MS = 10_000;
const SILENT_MS = 1_000;
/** A longer result is cut off for the model, in characters. */
export const RESULT_AT_MOST = 20_000;
/** At most this many mistakes in arguments are reported at once. */
const MISTAKES_TOLD = 5;

type Options = ToolOptions;

/** What the options of a tool in a definition mean here. */
export function rulesOf({timeoutMs, while: words, mode, whenInterrupted, approve, ...rest}: Options) {
  const say = typeof words === 'string' ? words : words?.say;
  const afterMs = (typeof words === 'string' ? undefined : words?.afterMs) ?? SILENT_MS;
  return {
    runs: 'later',
    timeoutMs: timeoutMs ?? TIMEOUT_MS,
    waiting: say === undefined ? undefined : {say: [say], afterMs},
    isBackground: mode === 'background',
    stopsForCaller: whenInterrupted === 'cancel',
    needsApproval: approve ?? false,
    isRepeatable: rest.repeatable ?? false,
    oncePerCall: rest.oncePerCall ?? false,
    isKept: rest.record === 'keep',
    secrets: rest.secrets ?? [],
  } as const;
}

/** What the model is told about the arguments, from their JSON Schema. */
export function parametersOf(schema: Readonly<Record<string, unknown>>): ToolDefinition['parameters'] {
  const {$schema: _, properties = {}, required, ...rest} = schema;
  const all = {...rest, type: 'object' as const, properties: {...Object(properties)}, additionalProperties: false};
  return Array.isArray(required) ? {...all, required: required.map(String)} : all;
}

/** A tool in the code of an assistant, for calls with these variables. */
export function ownTool(name: string, tool: CodeTool, variables: Readonly<Record<string, string>>): BackgroundTool {
  const {input, run} = tool;
  return {
    ...rulesOf(tool),
    name,
    description: tool.about,
    parameters: parametersOf(z.toJSONSchema(input, {io: 'input', unrepresentable: 'any'})),
    check: args => mistakes(input, args),
    async run(args: ToolArguments, {callSid, key, secrets, signal}: ToolJob) {
      const result = await run(args, {callSid, key, variables, secrets, signal});
      return {kind: 'output', output: inWords(result)};
    },
  };
}

/** What is wrong with arguments, each with its place. */
export function mistakes(input: z.ZodType, args: ToolArguments): string | undefined {
  const {error} = input.safeParse(args);
  const told = error?.issues.map(({path, message}) => `${path.join('.') || 'the arguments'}: ${message}`);
  return told?.slice(0, MISTAKES_TOLD).join('; ');
}

/** A result as the model is given it: a text as it is, anything else as JSON. */
export function inWords(result: unknown): string {
  const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? 'Done.');
  return text.length > RESULT_AT_MOST ? `${text.slice(0, RESULT_AT_MOST)} (cut off)` : text;
}
