import {pino, type DestinationStream, type Logger} from 'pino';
import type {CallSid} from './protocol/ids.ts';
import {traceIdOf} from './traceparent.ts';

/** A structured log. Messages are constant phrases, facts are fields; never audio, words or telephone numbers. */
export type Log = Logger;

export interface LogOptions {
  /** `fatal` to `trace`, or `silent`. */
  readonly level?: string;
  readonly to?: DestinationStream;
  /** Facts that every line carries, such as the id of the process. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * What no line may ever hold, whoever logs it by mistake. Fixed paths: a wildcard would double the cost of a line.
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

/** One per process. */
export function createLog(service: string, {level = 'info', to, facts = {}}: LogOptions = {}): Log {
  const options = {
    level,
    base: {service, ...facts},
    redact: {paths: [...REDACTED], censor: '[redacted]'},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {level: (label: string) => ({level: label})},
  };
  return to ? pino(options, to) : pino(options);
}

/** One per call: every line of it can be found by its CallSid, and by the id of its trace once that is known. */
export function logOfCall(log: Log, callSid: CallSid, traceparent?: string | null): Log {
  return log.child({callSid, traceId: traceIdOf(traceparent)});
}

/**
 * Lets a promise run that nobody waits for, and logs if it fails. The only place where that is allowed, so that no
 * failure is ever silent and none ends the process.
 */
export function background(promise: PromiseLike<unknown>, log: Log, what: string): void {
  promise.then(undefined, (thrown: unknown) => log.warn({err: thrown, what}, 'background work failed'));
}
