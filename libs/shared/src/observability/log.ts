import {pino, type DestinationStream, type Logger} from 'pino';
import type {CallSid} from '../protocol/ids.ts';
import type {FailedTry} from '../retry.ts';
import {traceIdOf} from './traceparent.ts';

/**
 * A structured log. Messages are constant phrases, and facts are fields. Audio, spoken words and telephone numbers are
 * never logged.
 */
export type Log = Logger;

export interface LogOptions {
  /** `fatal` to `trace`, or `silent`. */
  readonly level?: string;
  readonly to?: DestinationStream;
  /** Facts that every line carries, such as the id of the process. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * Fields that are redacted in every line, in case they are logged by mistake. The paths are fixed, because a wildcard
 * would double the cost of a line.
 */
const REDACTED = [
  'authorization',
  'apiKey',
  'token',
  'signature',
  'ticket',
  'password',
  'from',
  'to',
  'caller',
  'callee',
  'number',
  'text',
  'transcript',
  'payload',
  'audio',
  'headers',
  'body',
  'url',
];

/** The longest message and stack of an error in a line, in characters. */
const MESSAGE_MAX = 500;
const STACK_MAX = 4_000;
/** How many errors of a chain of causes are logged. */
const DEPTH = 3;

/**
 * An error as it may be logged: without its other fields. Errors of Redis clients hold the arguments of the command and
 * errors of databases its parameters; both may contain words of a call and telephone numbers.
 */
function tellError(thrown: unknown, depth = DEPTH): unknown {
  if (!(thrown instanceof Error)) return {type: typeof thrown, message: tellMessage(String(thrown))};
  const code = 'code' in thrown ? thrown.code : undefined;
  const frames = thrown.stack?.split('\n').filter(line => /^\s+at /.test(line));
  return {
    type: thrown.name === 'Error' ? thrown.constructor.name : thrown.name,
    message: tellMessage(thrown.message),
    ...(typeof code === 'string' || typeof code === 'number' ? {code} : {}),
    ...(frames ? {stack: frames.join('\n').slice(0, STACK_MAX)} : {}),
    ...(thrown.cause !== undefined && depth > 1 ? {cause: tellError(thrown.cause, depth - 1)} : {}),
  };
}

/** Removes the arguments that Redis repeats when it does not know a command. */
function tellMessage(message: string): string {
  return message.replace(/, with args beginning with:.*/s, '').slice(0, MESSAGE_MAX);
}

/** The log of a process. */
export function createLog(service: string, {level = 'info', to, facts = {}}: LogOptions = {}): Log {
  const options = {
    level,
    base: {service, ...facts},
    serializers: {err: (thrown: unknown) => tellError(thrown)},
    redact: {paths: [...REDACTED], censor: '[redacted]'},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {level: (label: string) => ({level: label})},
  };
  return to ? pino(options, to) : pino(options);
}

/** The log of a call: each line has its CallSid, and the id of its trace once that is known. */
export function logOfCall(log: Log, callSid: CallSid, traceparent?: string | null): Log {
  return log.child({callSid, traceId: traceIdOf(traceparent)});
}

/**
 * The `onFailure` of a retry that logs the first failure only: an outage of ten seconds is one line, not a hundred.
 * `what` is what was tried.
 */
export function logFirstFailure(log: Log, what: string): (thrown: unknown, failed: FailedTry) => void {
  return (thrown, {failures}) => {
    if (failures === 1) log.warn({err: thrown, what}, 'failed, trying again');
  };
}

/**
 * Runs a promise without awaiting it and logs a failure. The only place where that is allowed, so that no failure is
 * silent and none ends the process.
 */
export function background(promise: PromiseLike<unknown>, log: Log, what: string): void {
  promise.then(undefined, (thrown: unknown) => log.warn({err: thrown, what}, 'background work failed'));
}
