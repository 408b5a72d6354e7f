import {z} from 'zod';
import {declarative, type BeforeAnswer} from './definition.ts';
import {voiceMistake} from './load/check-definition.ts';
import {didYouMean, problemsOf} from './load/problems.ts';

const {variables, ...overrides} = declarative;

/** What may be answered at ring time: who answers, what fills in variables, and what is to be different in this call. */
export const RingAnswer = z.strictObject({
  assistant: z.string().max(64).optional().describe('the name of the assistant that answers'),
  variables,
  overrides: z.strictObject({...overrides, prompt: z.string().trim().min(1).max(100_000).optional()}).optional(),
});
export type RingAnswer = z.output<typeof RingAnswer>;

/** An answer that cannot be used. The message says what is wrong with it, for who wrote it. */
export class BadRingAnswer extends Error {
  override readonly name = 'BadRingAnswer';
}

/** Checks what RING_URL answered. `names`: of the assistants there are. Throws `BadRingAnswer`. */
export function checkRingAnswer(answer: unknown, names: readonly string[]): RingAnswer {
  const {data, error} = RingAnswer.safeParse(answer, {reportInput: true});
  if (!data)
    throw new BadRingAnswer(
      problemsOf(error, keysAt)
        .map(({field, what}) => `${field === '' ? 'it' : `${field}:`} ${what}`)
        .join('; '),
    );
  checkName(data.assistant, names);
  const wrong = voiceMistake(data.overrides?.voice);
  if (wrong !== undefined) throw new BadRingAnswer(`overrides.voice: ${wrong}`);
  return data;
}

/** Checks what `before` returned: variables, and the name of an assistant. Throws `BadRingAnswer`. */
export function checkBefore(answer: BeforeAnswer | undefined | null, names: readonly string[]): RingAnswer {
  const {assistant, ...given} = answer ?? {};
  return checkRingAnswer({...(assistant === undefined ? {} : {assistant}), variables: given}, names);
}

/** The variables of an answer, as texts. */
export function textsOf(variables: RingAnswer['variables']): Record<string, string> {
  return Object.fromEntries(Object.entries(variables ?? {}).map(([name, value]) => [name, String(value)]));
}

function checkName(name: string | undefined, names: readonly string[]): void {
  if (name === undefined || names.includes(name)) return;
  throw new BadRingAnswer(
    `assistant: there is no \`${name}\`${didYouMean(name, names) || `; there is ${names.join(', ')}`}`,
  );
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return path[0] === 'overrides' ? Object.keys(overrides) : Object.keys(RingAnswer.shape);
}
