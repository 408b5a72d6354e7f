import {isIP} from 'node:net';
import {z} from 'zod';
import {isPrivate} from './addresses.ts';
import {misspelt} from './did-you-mean.ts';
import {readGiven, setIn, withFile, type Env, type Given, type Problem} from './given.ts';
import {CannotStart} from '../errors.ts';

export type {Env} from './given.ts';

/**
 * Reads an environment against a schema. Throws `CannotStart` with all problems at once, each with the purpose of the
 * variable and never with its value. An empty text counts as not set. Each variable may be in a file (`readGiven`). `warn`
 * gets the names that are almost ours.
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Env,
  warn: (hint: string) => void = () => {},
): Readonly<z.infer<Schema>> {
  const given = readGiven(env, Object.keys(schema.shape));
  const hints = misspeltNames(given.values, Object.keys(schema.shape));
  const problems = problemsIn(schema, given);
  if (problems.length > 0) throw cannotStart(problems, hints);
  for (const hint of hints) warn(hint);
  return Object.freeze(schema.parse(given.values));
}

/** All problems that a process with this schema would find in what is given: the first of each variable. */
export function problemsIn(schema: z.ZodObject, given: Given): Problem[] {
  const {values, unread} = given;
  const issues = schema.safeParse(values).error?.issues ?? [];
  const wrong = issues.map(issue => {
    const name = String(issue.path[0] ?? 'environment');
    const what = values[name] === undefined && !issue.message.startsWith('is not set') ? 'is not set' : issue.message;
    return withFile({name, what, about: aboutOf(schema, name)}, given);
  });
  const missing = [...unread].filter(([name]) => name in schema.shape);
  return [
    ...missing.map(([name, problem]) => ({...problem, about: aboutOf(schema, name)})),
    // What follows from a file that gave nothing is not its own mistake.
    ...wrong.filter(({name}, index) => !unread.has(name) && wrong.findIndex(one => one.name === name) === index),
  ];
}

function aboutOf({shape}: z.ZodObject, name: string): string {
  const field: unknown = shape[name];
  return field instanceof z.ZodType ? (field.description ?? '') : '';
}

/** The names in an environment that are almost one of ours: `SYSTEM_MESSAGE: did you mean SYSTEM_MESSAGE?` */
export function misspeltNames(env: Env, ours: readonly string[]): string[] {
  const known = ours.flatMap(name => [name, `${name}_FILE`]);
  return misspelt(Object.keys(setIn(env)), known).map(({name, meant}) => `${name}: did you mean ${meant}?`);
}

/** One message for all problems. A problem that several processes share is listed once. */
export function cannotStart(problems: readonly Problem[], hints: readonly string[] = []): CannotStart {
  const lines = new Map(
    problems.map(({name, what, about}) => [`${name} ${what}`, `  ${name} ${what}${about ? ` (${about})` : ''}`]),
  );
  return new CannotStart(
    [
      `the environment needs ${lines.size === 1 ? 'one change' : `${lines.size} changes`}:`,
      ...lines.values(),
      ...hints.map(hint => `  ${hint}`),
      'Set it in the environment or in a .env file; .env.example lists every variable.',
    ].join('\n'),
  );
}

/** The fields whose values are never printed. */
const HIDDEN = z.registry<{readonly hidden: true}>();

/** Whether the value of this field is a secret. */
export function isHidden(field: z.core.$ZodType): boolean {
  const isAround = field instanceof z.ZodOptional || field instanceof z.ZodDefault;
  return HIDDEN.get(field) !== undefined || (isAround && isHidden(field.def.innerType));
}

/** A whole number in an environment variable, within the range. */
export const wholeNumber = ({min = 0, max = Number.MAX_SAFE_INTEGER}: {min?: number; max?: number} = {}) => {
  const bounds = max === Number.MAX_SAFE_INTEGER ? (min === 0 ? '' : ` from ${min}`) : ` from ${min} to ${max}`;
  const message = `must be a whole number${bounds}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine(value => value >= min && value <= max, message);
};

/** An amount of US dollars in an environment variable, such as 20 or 0.50. */
export const dollars = () =>
  z
    .string()
    .regex(/^\d{1,7}(\.\d{1,6})?$/, 'must be an amount of US dollars such as 20 or 0.50')
    .transform(Number);

/** A TCP port in an environment variable; 0 lets the system choose. */
export const port = ({min = 0} = {}) => {
  const message = `must be a port, ${min} to 65535`;
  return z
    .string()
    .regex(/^\d{1,5}$/, message)
    .transform(Number)
    .refine(value => value >= min && value <= 65_535, message);
};

/** The address that a server listens on. */
export const host = () =>
  z
    .string()
    .refine(
      value => isIP(value) !== 0 || value === 'localhost',
      'must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them',
    );

/** One of a few words in an environment variable. */
export const choice = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z.enum(words, `must be ${words.join(', ').replace(/, ([^,]*)$/, ' or $1')}`);

/** `on` or `off` in an environment variable. */
export const onOff = () => choice('on', 'off').transform(value => value === 'on');

/** How much a process logs. */
export const logLevel = () =>
  choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .describe('how much this process logs');

/** How long a process may take to end, in seconds: up to a day, far below where timers overflow. */
export const drainSeconds = () => wholeNumber({max: 86_400}).default(60);

/** A key or token as its issuer prints it: printable ASCII without blanks and quotation marks. */
export const secret = () =>
  z
    .string()
    .regex(
      /^[!#-&(-_a-~]+$/,
      'holds a blank, a quotation mark or a sign that is in no key: copy it again, alone, without quotes',
    )
    .register(HIDDEN, {hidden: true});

/** Several keys or tokens, comma-separated. */
export const secrets = () =>
  z
    .string()
    .transform(text => text.split(',').flatMap(one => one.trim() || []))
    .pipe(z.array(secret()))
    .register(HIDDEN, {hidden: true});

/** A password or phrase that a person chose; it can only be too short. */
export const phrase = (length: number) =>
  z.string().min(length, `must have ${length} characters or more`).register(HIDDEN, {hidden: true});

/** What people or models are told, in characters at most. */
export const text = (max: number) => z.string().max(max, `must have ${max} characters or fewer`);

/** The name of a model or a voice, no longer than the record of a call takes it. */
export const modelName = () =>
  z
    .string()
    .regex(/^[\w.:/@-]{1,100}$/, 'must be a name of 100 characters or fewer, without blanks and quotation marks');

/** Where every process may send its traces. */
export const tracesEndpoint = () =>
  urlOf('http', 'https')
    .optional()
    .describe('an OTLP/HTTP collector that gets traces, such as http://localhost:4318; not set: nothing is sent');

/** A URL in an environment variable, of one of the given schemes, without query or fragment; a last slash is cut off. */
export const urlOf = (...schemes: string[]) =>
  z
    .string()
    .refine(
      value => {
        const url = URL.parse(value);
        return url !== null && schemes.includes(url.protocol.replace(':', '')) && url.search === '' && url.hash === '';
      },
      `must be a URL that starts with ${schemes.map(scheme => `${scheme}://`).join(' or ')}, without ? or #`,
    )
    .transform(value => value.replace(/\/+$/, ''));

/** A URL that must be encrypted, except to this machine and to private networks. */
export const guardedUrl = (plain: 'ws' | 'http') =>
  urlOf(plain, `${plain}s`).refine(value => {
    const url = URL.parse(value);
    return url?.protocol !== `${plain}:` || isPrivate(url.hostname);
  }, `must start with ${plain}s:// where its host is a public one; ${plain}:// would be readable on the way`);
