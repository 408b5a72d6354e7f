import {z} from 'zod';
import {Definition} from '../definition.ts';
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
  if (!parsed.success) return {ok: false, problems: problemsOf(parsed.error, keysAt)};
  const {voice} = parsed.data;
  const meant = voice === undefined || VOICES.includes(voice) ? '' : didYouMean(voice, VOICES);
  if (meant === '') return {ok: true, definition: parsed.data};
  return {ok: false, problems: [{field: 'voice', what: `\`${String(voice)}\` is unknown${meant}`, path: ['voice']}]};
}

/**
 * The variables in the texts of an assistant that nothing fills in. `prompt`: the text of its prompt. Where something is
 * asked at ring time, any variable may come from there.
 */
export function unknownVariables(definition: Definition, prompt: string | undefined): Problem[] {
  if (definition.before !== undefined) return [];
  const known = [...Object.keys(definition.variables ?? {}), ...CALL_VARIABLES];
  const {greeting, disclosure, failureSay} = definition;
  const own = typeof greeting === 'object' ? Object.values(greeting)[0] : greeting;
  const texts = {prompt, greeting: own, disclosure, failureSay};
  return Object.entries(texts).flatMap(([field, text]) =>
    variablesIn(typeof text === 'string' ? text : '')
      .filter(name => !known.includes(name))
      .map(name => ({
        field,
        what: `nothing fills in {{${name}}}${didYouMean(name, known) || '; give it a value under `variables`, or fill it in with `before`'}`,
        path: [field],
      })),
  );
}

/** The names of the fields at a place in a definition. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let here: unknown = Definition;
  for (const step of path) here = shapesOf(here).flatMap(shape => (step in shape ? [shape[String(step)]] : []))[0];
  return shapesOf(here).flatMap(shape => Object.keys(shape));
}

function shapesOf(schema: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (schema instanceof z.ZodOptional) return shapesOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(shapesOf);
  return schema instanceof z.ZodObject ? [schema.shape] : [];
}
