import {parseArgs} from 'node:util';
import {z} from 'zod';
import {misspelt} from './did-you-mean.ts';

/** A command, as its `--help` describes it. */
export interface CommandLine<Options extends z.ZodObject> {
  /** What is typed before the options: `npm run chaos --`. */
  readonly command: string;
  /** What it does, in a sentence or a few lines. */
  readonly about: string;
  /** Read from text, as environment variables are; a field that takes `true` is a switch. `describe` explains it. */
  readonly options: Options;
}

/** The command line is wrong. The message says in one sentence which option and why. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** Reads the options; `help` is the text to show instead of running. Throws `WrongUsage`. */
export function readCommandLine<Options extends z.ZodObject>(
  line: CommandLine<Options>,
  args: readonly string[],
): {readonly help: string} | {readonly help: undefined; readonly values: Readonly<z.infer<Options>>} {
  const options = Object.fromEntries(
    fieldsOf(line.options).map(([name, field]) => [name, {type: isSwitch(field) ? 'boolean' : 'string'} as const]),
  );
  const given = parsed(args, {...options, help: {type: 'boolean', short: 'h'}});
  if (given['help'] === true) return {help: helpOf(line)};
  const {success, error, data} = line.options.safeParse(given);
  if (success) return {help: undefined, values: data};
  const wrong = error.issues.map(({path, message}) => `--${String(path[0])} ${message}`);
  throw new WrongUsage(`${wrong.join('; ')} (${line.command} --help tells more)`);

  function parsed(all: readonly string[], known: NonNullable<Parameters<typeof parseArgs>[0]>['options']) {
    try {
      return parseArgs({args: [...all], options: known ?? {}}).values;
    } catch (thrown) {
      // `Unknown option '--day'. To specify a positional argument …`: the first sentence is enough.
      const [sentence = ''] = thrown instanceof Error ? thrown.message.split(/\.\s|\n/) : [];
      const wrong = sentence.replace(/\.$/, '') + meantBy(sentence, Object.keys(options));
      throw new WrongUsage(`${wrong} (${line.command} --help lists the options)`, {cause: thrown});
    }
  }
}

/** `; did you mean --workers?`, if the sentence of `parseArgs` names an option that is almost one of ours. */
function meantBy(sentence: string, options: readonly string[]): string {
  const [, unknown = ''] = /^Unknown option '--([^']+)'/.exec(sentence) ?? [];
  const [near] = misspelt(
    [unknown],
    options.map(name => name.toUpperCase()),
  );
  return near ? `; did you mean --${near.meant.toLowerCase()}?` : '';
}

/** The options of this process. With `--help` or wrong options it prints a text and exits. */
export function commandLine<Options extends z.ZodObject>(line: CommandLine<Options>): Readonly<z.infer<Options>> {
  try {
    const read = readCommandLine(line, process.argv.slice(2));
    if (read.help === undefined) return read.values;
    process.stdout.write(`${read.help}\n`);
    return process.exit(0);
  } catch (thrown) {
    if (!(thrown instanceof WrongUsage)) throw thrown;
    process.stderr.write(`${thrown.message}\n`);
    return process.exit(1);
  }
}

/** A switch: present or not. */
export const toggle = () => z.boolean().default(false);

function fieldsOf({shape}: z.ZodObject): [name: string, field: z.ZodType][] {
  return Object.entries(shape).flatMap(([name, field]) => (field instanceof z.ZodType ? [[name, field]] : []));
}

function isSwitch(field: z.ZodType): boolean {
  return field.safeParse(true).success;
}

function helpOf({command, about, options}: CommandLine<z.ZodObject>): string {
  const rows = fieldsOf(options).map(([name, field]) => {
    const about = field.description ?? '';
    if (isSwitch(field)) return [`--${name}`, about] as const;
    const {data: fallback} = field.safeParse(undefined);
    const isShown = typeof fallback === 'number' || (typeof fallback === 'string' && fallback !== '');
    return [`--${name} …`, isShown ? `${about} (${fallback})` : about] as const;
  });
  const width = Math.max(...rows.map(([option]) => option.length));
  return [
    about,
    '',
    `  ${command} [options]`,
    '',
    ...rows.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`),
  ].join('\n');
}
