import type {z} from 'zod';
import {CannotStart, messageOf} from '../errors.ts';
import {cannotStart, loadConfig, problemsIn} from '../config/config.ts';
import {loadEnvFile} from '../config/env-file.ts';
import {readGiven} from '../config/given.ts';
import {configLines, shownConfig} from '../config/print-config.ts';
import {createLog, toggleDebug, type Log} from '../observability/log.ts';
import {systemClock, type Clock, type Millis} from '../time.ts';

/** One running service. To drain is not to stop: no new work is accepted, and the work in progress goes on. */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Why this process is of no use now, for whoever replaces processes; undefined if it is. Answered by /readyz. */
  notReady(): string | undefined;
  /** Why a process that is ready takes no new work for now, such as because it is full. Answered by /takez. */
  notTaking?(): string | undefined;
  /** Accepts no new work from now on. Resolves when the work in progress is finished or handed over. */
  drain(): Promise<void>;
}

export interface ServeOptions {
  /** Resolves with the reason to stop, such as the name of a signal, for the log. */
  readonly stop: Promise<string>;
  /** How long the work in progress may go on after `stop`, in milliseconds. */
  readonly deadline: Millis;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs until `stop`, then drains, for as long as the deadline at most, and disposes of the service. */
export async function serve(service: Service, {stop, deadline, clock, log}: ServeOptions): Promise<void> {
  await using _ = service;
  log.info({reason: await stop}, 'draining');
  const late = Promise.withResolvers<'deadline'>();
  const cancel = clock.after(deadline, () => late.resolve('deadline'));
  const outcome = await Promise.race([service.drain().then(() => 'drained' as const), late.promise]);
  cancel();
  log.info({outcome}, 'stopped');
}

export interface MainTools<Config> {
  readonly config: Config;
  readonly log: Log;
  readonly stop: Promise<string>;
  readonly clock: Clock;
}

/** What every process has in its settings. */
type ProcessSchema = z.ZodObject<{LOG_LEVEL: z.ZodType<string>; DRAIN_SECONDS: z.ZodType<number>}>;

/** After the deadline of the drain a process may take this long to close everything. Then it is ended. */
const LAST_RESORT_MS = 10_000;

/**
 * The frame of every `main.ts`: settings, a log, signals, uncaught exceptions, and one readable message instead of a stack
 * if the process cannot start. SIGTERM and SIGINT begin the drain, and the process exits with 0; a second signal ends it
 * at once, with 1. An uncaught exception begins the drain too, and the process exits with 1 (ADR 12). SIGUSR2 turns the
 * level `debug` on and off. With the argument `--print-config` it only prints its settings, without secrets, and exits.
 */
export async function main<Schema extends ProcessSchema>(
  name: string,
  schema: Schema,
  run: (tools: MainTools<Readonly<z.infer<Schema>>>) => Promise<void>,
): Promise<void> {
  const before = {...process.env};
  const unread = loadEnvFile(process.env);
  if (process.argv.includes('--print-config')) return printConfig(name, schema, before, unread);
  let log: Log | undefined;
  try {
    const hints: string[] = [];
    const config = loadConfig(schema, process.env, hint => hints.push(hint));
    const {LOG_LEVEL: level, DRAIN_SECONDS: drain} = config;
    log = createLog(name, {level, facts: {pid: process.pid}});
    debugOnSignal(log, level);
    for (const hint of hints) log.warn({hint}, 'an unknown variable is set in the environment');
    await run({config, log, stop: reasonToStop(log, drain * 1_000), clock: systemClock});
    process.exitCode ??= 0;
  } catch (thrown) {
    process.exitCode = 1;
    if (thrown instanceof CannotStart || !log) tellWhy(name, messageOf(thrown), unread);
    else log.fatal({err: thrown}, 'cannot go on');
  }
  // A socket that is still open after the drain must not keep the process alive.
  setTimeout(() => process.exit(), 500).unref();
}

/** Prints every setting and its source, and on stderr what is wrong with them; then the exit code is 1. */
function printConfig(name: string, schema: ProcessSchema, before: NodeJS.ProcessEnv, unread: string | undefined): void {
  const given = readGiven(process.env, Object.keys(schema.shape));
  const lines = configLines(shownConfig(schema, given, variable => (before[variable] ? 'environment' : '.env')));
  process.stdout.write(`${lines.join('\n')}\n`);
  const problems = problemsIn(schema, given);
  if (problems.length === 0) return;
  process.exitCode = 1;
  tellWhy(name, cannotStart(problems).message, unread);
}

/** `unread`: why the `.env` file could not be read, if that may be the cause. */
function tellWhy(name: string, why: string, unread: string | undefined): void {
  process.stderr.write(`${name} cannot start: ${why}${unread === undefined ? '' : `\n${unread}.`}\n`);
}

/** SIGUSR2 turns the level `debug` on, and off again: no restart, which would move calls. */
function debugOnSignal(log: Log, usual: string): void {
  if (process.platform === 'win32') return;
  process.on('SIGUSR2', () => log.warn({now: toggleDebug(log, usual)}, 'log level changed'));
}

/**
 * Resolves with the first reason to stop: a signal or an uncaught exception. From then on the process has `drain`
 * milliseconds, and some more to close everything.
 */
function reasonToStop(log: Log, drain: Millis): Promise<string> {
  const stop = Promise.withResolvers<string>();
  const ask = (reason: string) => {
    stop.resolve(reason);
    // A drain that waits for something that is gone as well, such as Redis, must not keep the process for ever.
    setTimeout(() => process.exit(1), drain + LAST_RESORT_MS).unref();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    let asked = false;
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      ask(signal);
    });
  }
  process.on('uncaughtException', thrown => {
    log.fatal({err: thrown}, 'bug: uncaught exception');
    process.exitCode = 1;
    ask('uncaught exception');
  });
  // Client libraries leave rejections unhandled when Redis goes away: a drain of all processes at once would make it worse.
  process.on('unhandledRejection', thrown => log.error({err: thrown}, 'bug: unhandled rejection'));
  return stop.promise;
}
