import {misspelt} from '@voicebridge/shared/config/did-you-mean.ts';
import type {z} from 'zod';

/** What is wrong with a definition: where, and what to do. */
export interface Problem {
  /** Where in the definition: `interruption.mode`. Empty: the whole of it. */
  readonly field: string;
  readonly what: string;
  readonly path: readonly PropertyKey[];
}

type Issue = z.core.$ZodIssue;

/** The problems that a schema found, in words for who wrote the definition. */
export function problemsOf(
  error: z.ZodError,
  schemaKeys: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  return error.issues.flatMap(issue => tell(issue, issue.path, schemaKeys));
}

function tell(
  issue: Issue,
  path: readonly PropertyKey[],
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  const at = (what: string, where = path): Problem => ({field: where.map(String).join('.'), what, path: where});
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => at(`is unknown${didYouMean(key, keysAt(path))}`, [...path, key]));
    case 'invalid_value':
      return [at(unknownWord(issue.input, wordsOf(issue)))];
    case 'invalid_union': {
      if (issue.discriminator !== undefined) return [at(ofNoKind(issue))];
      // Of several forms, the one that was meant: what is wrong lies within it.
      const meant = issue.errors.filter(errors => errors.length > 0 && errors.every(one => !isOtherForm(one)));
      const best = meant.toSorted((a, b) => a.length - b.length)[0];
      if (best !== undefined) return best.flatMap(one => tell(one, [...path, ...one.path], keysAt));
      const words = issue.errors.flat().flatMap(wordsOf);
      const isWord = typeof issue.input === 'string' && words.length > 0;
      if (isWord) return [at(unknownWord(issue.input, words))];
      return [at(issue.message === 'Invalid input' ? 'has a value that is not allowed here' : issue.message)];
    }
    case 'invalid_type':
      return [
        at(
          issue.input === undefined && path.length > 0
            ? `is missing; it must be ${aOrAn(issue.expected)}`
            : `must be ${aOrAn(issue.expected)}`,
        ),
      ];
    case 'too_small':
      return [at(issue.message.startsWith('must') ? issue.message : `must be ${String(issue.minimum)} or more`)];
    case 'too_big':
      return [at(`must be ${String(issue.maximum)} or less`)];
    case 'invalid_key':
      return [at(issue.issues[0]?.message ?? issue.message)];
    case 'invalid_element':
      return issue.issues.flatMap(one => tell(one, [...path, ...one.path], keysAt));
    default:
      return [at(issue.message)];
  }
}

/** What tells several forms apart has none of their names. */
function ofNoKind({input, discriminator, message}: Extract<Issue, {code: 'invalid_union'}>): string {
  const given: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, discriminator ?? '') : input;
  const words = [...message.matchAll(/'([^']+)'/g)].map(([, word = '']) => word);
  return given === undefined ? `is missing; it must be ${oneOf(words)}` : unknownWord(given, words);
}

/** The value has another form than this branch of a union asks for. */
function isOtherForm({code, path}: Issue): boolean {
  return path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(code);
}

/** The words of which one was allowed. */
function wordsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(wordsOf);
  return issue.code === 'invalid_value' ? issue.values.filter(value => typeof value === 'string') : [];
}

function unknownWord(given: unknown, words: readonly string[]): string {
  if (typeof given !== 'string')
    return words.length > 0 ? `must be ${oneOf(words)}` : 'has a value that is not allowed here';
  const meant = didYouMean(given, words);
  return `\`${given}\` is unknown${meant === '' ? `; it must be ${oneOf(words)}` : meant}`;
}

/** `; did you mean \`marin\`?`, if one of the words is almost this one. */
export function didYouMean(given: string, words: readonly string[]): string {
  const upper = new Map(words.map(word => [word.toUpperCase(), word]));
  const [near] = misspelt([given.toUpperCase()], [...upper.keys()]);
  const meant = near === undefined ? upper.get(given.toUpperCase()) : upper.get(near.meant);
  return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
}

const oneOf = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' or $1');
const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};
const aOrAn = (type: string) => NOUNS[type] ?? `a ${type}`;
