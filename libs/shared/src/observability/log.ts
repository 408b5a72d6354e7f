import {pino, type DestinationStream, type Logger, type LoggerOptions} from 'pino';
import type {CallSid} from '../protocol/ids.ts';
import type {FailedTry} from '../retry.ts';
import {tellError} from './tell-error.ts';
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

/** How many lines of this process told of a bug. */
let bugs = 0;

/** How many lines of this process began with `bug:` so far. */
export function bugsLogged(): number {
  return bugs;
}

/** The log of a process. */
export function createLog(service: string, {level = 'info', to, facts = {}}: LogOptions = {}): Log {
  const options: LoggerOptions = {
    level,
    base: {service, ...facts},
    redact: {paths: [...REDACTED], censor: '[redacted]'},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {level: label => ({level: label}), log: tellErrors},
    serializers: {err: (told: unknown) => told},
    hooks: {
      logMethod(args, method) {
        if (args.some(isBug)) bugs += 1;
        // Without a message pino would take that of the error, as it is.
        if (args.length === 1 && typeof args[0] === 'object') args.push('');
        method.apply(this, args);
      },
    },
  };
  return to ? pino(options, to) : pino(options);
}

/**
 * Turns `debug` on for a log and for all logs that were made from it, or back to `usual`. Returns the new level. A log that
 * is made from another one has its level, until it is given one of its own; none of ours is.
 */
export function toggleDebug(log: Log, usual: string): string {
  log.level = log.level === usual ? 'debug' : usual;
  return log.level;
}

function isBug(arg: unknown): boolean {
  return typeof arg === 'string' && arg.startsWith('bug:');
}

/** The facts of a line, with each error in the words that may be logged, under whatever name it comes. */
function tellErrors(facts: Record<string, unknown>): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts))
    told[name] = name === 'err' || value instanceof Error ? tellError(value) : value;
  return told;
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
