import {z} from 'zod';
import {CannotStart} from './errors.ts';

/** An environment: names to text, as Node and dotenv give it. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads an environment once against a schema. Throws `CannotStart` that names every problem at the same time, each
 * with what the variable is for, and never prints a value. An empty text counts as not set.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Env,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map(issue => {
    const name = String(issue.path[0] ?? 'environment');
    const about = schema.shape[name] instanceof z.ZodType ? schema.shape[name].description : undefined;
    const problem = set[name] === undefined ? 'is not set' : issue.message;
    return `  ${name} ${problem}${about ? ` (${about})` : ''}`;
  });
  throw new CannotStart(
    `the environment needs ${problems.length === 1 ? 'one change' : `${problems.length} changes`}:\n${problems.join('\n')}\n` +
      'Set it in the environment or in a .env file; .env.example lists every variable.',
  );
}

/** A whole number in an environment variable. */
export const wholeNumber = () => z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);

/** A TCP port in an environment variable; 0 lets the system choose. */
export const port = () => wholeNumber().refine(value => value <= 65_535, 'must be a port, 0 to 65535');

/** `on` or `off` in an environment variable. */
export const onOff = () => z.enum(['on', 'off'], 'must be on or off').transform(value => value === 'on');

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
