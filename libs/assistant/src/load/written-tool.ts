import {z} from 'zod';
import {collectDigits, DigitsTool} from '../digits-tool.ts';
import {httpRequest} from '../http/http-tool.ts';
import {McpTool} from '../mcp/mcp-tool.ts';
import {note, NoteTool} from '../note-tool.ts';
import {SwitchTool, switchTo} from '../switch-tool.ts';
import {BUILT_IN_NAMES, secretsOfPost, type Tool, toolOptions} from '../tool.ts';
import {TransferTool} from '../transfer-tool.ts';

const about = z.string().min(1).max(1_000);
const FORMATS = {date: z.iso.date, time: z.iso.time, datetime: z.iso.datetime, email: z.email, url: z.url} as const;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** An argument of a tool, as YAML says it. */
const InputField = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean']).optional().describe('a string if not given'),
  about: about.optional().describe('what belongs there, in words to the model'),
  optional: z.boolean().optional().describe('whether it may be left out'),
  oneOf: z.array(z.string().min(1)).min(1).max(100).optional().describe('the texts that are allowed'),
  format: z.enum(['date', 'time', 'datetime', 'email', 'url']).optional().describe('what kind of text it is'),
  pattern: z.string().max(500).refine(isPattern, 'must be a regular expression').optional().describe('of a text'),
  min: z.number().optional().describe('the least number, or the fewest characters'),
  max: z.number().optional().describe('the greatest number, or the most characters'),
});
type InputField = Readonly<z.infer<typeof InputField>>;

const argumentName = z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'must be a name of letters, digits and _');

/** A tool as YAML can say it: everything but code. */
export const WrittenTool = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('http'),
      about: about.describe('what it does and when to use it, in words to the model'),
      input: z.record(argumentName, InputField).optional().describe('its arguments, by name'),
      ...httpRequest,
      method: httpRequest.method.optional().describe('GET if not given'),
      ...toolOptions,
    })
    .refine(secretsOfPost.isSo, secretsOfPost.message)
    .transform(({input = {}, method = 'GET', ...rest}): Tool => ({...rest, method, input: inputOf(input)})),
  NoteTool.extend({about: about.optional()}).transform((tool): Tool => note(tool)),
  DigitsTool.extend({about: about.optional(), tells: DigitsTool.shape.tells.optional()}).transform((tool): Tool =>
    collectDigits(tool),
  ),
  SwitchTool.extend({about: about.optional()}).transform((tool): Tool => switchTo(tool)),
  TransferTool,
  z.strictObject({kind: z.literal('built-in'), name: z.enum(BUILT_IN_NAMES)}),
  McpTool.transform((tool): Tool => tool),
]);

function inputOf(fields: Readonly<Record<string, InputField>>): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOf(field)])));
}

function schemaOf(field: InputField): z.ZodType {
  const schema = valueOf(field);
  const told = field.about === undefined ? schema : schema.describe(field.about);
  return field.optional ? told.optional() : told;
}

function valueOf({type = 'string', oneOf, format, pattern, min, max}: InputField): z.ZodType {
  if (type === 'boolean') return z.boolean();
  if (type === 'number' || type === 'integer') {
    const number = type === 'integer' ? z.number().int() : z.number();
    return number.min(min ?? -Number.MAX_SAFE_INTEGER).max(max ?? Number.MAX_SAFE_INTEGER);
  }
  if (oneOf) return z.enum(oneOf);
  const text = format === undefined ? z.string() : FORMATS[format]();
  const bounded = text.min(min ?? 0).max(max ?? 10_000);
  return pattern === undefined ? bounded : bounded.regex(new RegExp(pattern));
}
