import {z} from 'zod';
import {Definition} from '../definition.ts';
import {textsOfTransfer} from '../transfer-tool.ts';
import {CALL_VARIABLES, variablesIn} from '../variables.ts';
import {didYouMean, type Problem, problemsOf} from './problems.ts';

/** Voices of OpenAI's models. Other models have others: only what is almost one of these is a mistake. */
const VOICES = ['alloy', 'ash', 'ballad', 'cedar', 'coral', 'echo', 'marin', 'sage', 'shimmer', 'verse'];

export type Checked =
  | {readonly ok: true; readonly definition: Definition}
  | {readonly ok: false; readonly problems: readonly Problem[]};

/** Checks what a file or an answer says of an assistant, whatever form it had. */
export function checkDefinition(written: unknown, schema: z.ZodType<Definition> = Definition): Checked {
  const parsed = schema.safeParse(written, {reportInput: true});
  if (!parsed.success) return {ok: false, problems: problemsOf(parsed.error, path => keysAt(schema, path))};
  const what = voiceMistake(parsed.data.voice);
  if (what === undefined) return {ok: true, definition: parsed.data};
  return {ok: false, problems: [{field: 'voice', what, path: ['voice']}]};
}

/** What is wrong with the name of a voice; undefined: nothing, as far as anybody here knows. */
export function voiceMistake(voice: string | undefined): string | undefined {
  const meant = voice === undefined || VOICES.includes(voice) ? '' : didYouMean(voice, VOICES);
  return meant === '' ? undefined : `\`${String(voice)}\` is unknown${meant}`;
}

/** Digits that a tool is to be given, and that no tool of the assistant collects. */
export function unknownSecrets({tools = {}}: Definition): Problem[] {
  const all = Object.entries(tools).flatMap(([name, tool]) => (tool === false ? [] : [[name, tool] as const]));
  const known = all.flatMap(([, tool]) => (tool.kind === 'collect-digits' ? [tool.as] : []));
  return all.flatMap(([name, tool]) =>
    (tool.kind === 'code' || tool.kind === 'http' ? (tool.secrets ?? []) : [])
      .filter(secret => !known.includes(secret))
      .map(secret => ({
        field: `tools.${name}.secrets`,
        what: `no tool collects \`${secret}\`${didYouMean(secret, known) || `; add collectDigits({as: '${secret}'}) to the tools`}`,
        path: ['tools', name, 'secrets'],
      })),
  );
}

/**
 * The variables in the texts of an assistant that nothing fills in. `prompt`: the text of its prompt. Where something is
 * asked at ring time, any variable may come from there.
 */
export function unknownVariables(definition: Definition, prompt: string | undefined): Problem[] {
  const own = Object.keys(definition.variables ?? {});
  const early = unknownIn(
    {overloadSay: definition.overloadSay},
    own,
    'give it a value under `variables`: nothing is known of the call yet',
  );
  if (definition.before !== undefined) return early;
  const {greeting, disclosure, failureSay, voicemail} = definition;
  const words = typeof greeting === 'object' ? Object.values(greeting)[0] : greeting;
  const transfers = Object.entries(definition.tools ?? {}).flatMap(([name, tool]) =>
    tool !== false && tool.kind === 'transfer' ? [[`tools.${name}`, textsOfTransfer(tool).join(' ')] as const] : [],
  );
  const message = typeof voicemail === 'object' ? Object.values(voicemail)[0] : undefined;
  const texts = {prompt, greeting: words, disclosure, failureSay, voicemail: message, ...Object.fromEntries(transfers)};
  return [
    ...unknownIn(texts, [...own, ...CALL_VARIABLES], 'give it a value under `variables`, or fill it in with `before`'),
    ...early,
  ];
}

function unknownIn(texts: Readonly<Record<string, unknown>>, known: readonly string[], cure: string): Problem[] {
  return Object.entries(texts).flatMap(([field, text]) =>
    variablesIn(typeof text === 'string' ? text : '')
      .filter(name => !known.includes(name))
      .map(name => ({
        field,
        what: `nothing fills in {{${name}}}${didYouMean(name, known) || `; ${cure}`}`,
        path: field.split('.'),
      })),
  );
}

/** The names of the fields at a place in a definition. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let here: readonly unknown[] = [schema];
  for (const step of path) here = here.flatMap(formsOf).flatMap(form => within(form, String(step)));
  return here.flatMap(formsOf).flatMap(form => (form instanceof z.ZodObject ? Object.keys(form.shape) : []));
}

/** The forms that a schema allows, each on its own. */
function formsOf(schema: unknown): readonly unknown[] {
  if (schema instanceof z.ZodOptional) return formsOf(schema.unwrap());
  if (schema instanceof z.ZodPipe) return formsOf(schema.in);
  return schema instanceof z.ZodUnion ? schema.options.flatMap(formsOf) : [schema];
}

function within(form: unknown, step: string): readonly unknown[] {
  if (form instanceof z.ZodRecord) return [form.valueType];
  if (form instanceof z.ZodArray) return [form.element];
  return form instanceof z.ZodObject && step in form.shape ? [form.shape[step]] : [];
}
