/** The longest message and stack of an error in a line, in characters. */
const MESSAGE_MAX = 500;
const STACK_MAX = 4_000;
/** How many errors of a chain of causes are logged, and how many of those that failed together. */
const DEPTH = 3;
const TOGETHER = 3;

/** What a log line holds of an error. */
export interface ToldError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: ToldError;
  readonly errors?: readonly ToldError[];
}

/**
 * An error as it may be logged: the fields of `ToldError` and no others. Errors of Redis clients hold the arguments of the
 * command, and errors of databases its parameters: both may contain words of a call, telephone numbers and passwords.
 */
export function tellError(thrown: unknown, depth = DEPTH): ToldError {
  if (!(thrown instanceof Error)) return {type: typeof thrown, message: withoutValues(textOf(thrown))};
  const code = codeOf(thrown);
  const frames = framesOf(thrown);
  const isDeeper = depth > 1;
  const together = thrown instanceof AggregateError && isDeeper ? thrown.errors.slice(0, TOGETHER) : [];
  return {
    type: thrown.name !== 'Error' && CODE.test(thrown.name) ? thrown.name : thrown.constructor.name,
    message: tellMessage(thrown),
    ...(code === undefined ? {} : {code}),
    ...(frames === undefined ? {} : {stack: frames.slice(0, STACK_MAX)}),
    ...(thrown.cause !== undefined && isDeeper ? {cause: tellError(thrown.cause, depth - 1)} : {}),
    ...(together.length > 0 ? {errors: together.map(each => tellError(each, depth - 1))} : {}),
  };
}

/** What codes and names of errors look like. Some servers choose them, and could send anything. */
const CODE = /^(?!.*\d{7})[\w.:-]{1,80}$/;
const NUMBER_MAX = 999_999;

function codeOf(thrown: Error): string | number | undefined {
  const code = 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string') return CODE.test(code) ? code : undefined;
  return typeof code === 'number' && Math.abs(code) <= NUMBER_MAX ? code : undefined;
}

/** Where it happened. The text of the error, which stands before, may have lines that look the same. */
function framesOf({stack, message}: Error): string | undefined {
  if (stack === undefined) return undefined;
  const at = stack.indexOf(message);
  const lines = stack.slice(at < 0 ? 0 : at + message.length).split('\n');
  return lines.filter(line => /^\s+at /.test(line)).join('\n');
}

/** The message of anything that was thrown, without the values that it may repeat. */
export function tellMessage(thrown: unknown): string {
  if (!(thrown instanceof Error)) return withoutValues(textOf(thrown));
  const code = 'code' in thrown ? String(thrown.code) : '';
  // JSON.parse quotes the text that it could not read; PostgreSQL quotes data in its errors of the classes 22 and 23.
  const quotesData = thrown instanceof SyntaxError || /^2[23][0-9A-Z]{3}$/.test(code);
  return withoutValues(quotesData ? thrown.message.replace(/["'][^]*["']/, '"…"') : thrown.message);
}

/** Without what Redis repeats of a command it does not know, without passwords in URLs and without telephone numbers. */
function withoutValues(message: string): string {
  return message
    .replace(/, with args beginning with:.*/s, '')
    .replace(/(\w:\/\/)[^\s/@]*@/g, '$1…@')
    .replace(/\+\d{5,}/g, '+…')
    .slice(0, MESSAGE_MAX);
}

function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  // The fields of an object are not logged, and its own way to become a text may throw.
  return Object.prototype.toString.call(thrown);
}
