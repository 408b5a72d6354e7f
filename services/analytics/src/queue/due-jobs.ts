import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {DelayedError, Queue, type ConnectionOptions, type Job} from 'bullmq';
import {DrainingWorker} from './draining-worker.ts';

/** What waits longer than it should has lost its job. */
const SWEEP: Millis = 15_000;
/** Longer than an attempt takes. A process that is killed keeps what it had in hand for this long. */
const LOCK: Millis = 30_000;
/** An attempt that has not ended within this time never will: it must not keep its place, and its job, for ever. */
const HANGS_AFTER: Millis = 90_000;
const RETRY: Millis = 1_000;

/** `at`: when it is to be tried again, in Unix milliseconds; left out: it is over, or the sweep makes its job again. */
export interface Tried {
  readonly outcome: string;
  readonly at?: Millis;
}

export interface DueJobsDeps {
  readonly connection: ConnectionOptions;
  readonly clock: Clock;
  readonly log: Log;
}

export interface DueJobsOptions {
  readonly name: string;
  readonly prefix: string;
  readonly concurrency: number;
  /** What these jobs do, for the log: `sending webhooks`. */
  readonly what: string;
  /** The id of the job for a row. BullMQ allows no colon in it. */
  readonly jobId: (id: string) => string;
  /** Tries one. Never rejects. */
  readonly attempt: (data: unknown) => Promise<Tried>;
  /** The ids of the rows whose time has come. Also called to count what waits. */
  readonly overdue: () => Promise<readonly string[]>;
}

export interface DueJobs extends AsyncDisposable {
  /** Tries these now, unless there is a job for them already. If the queue does not answer, later. */
  add(...ids: readonly string[]): void;
  /** Begins no more attempts; resolves when those in hand are over. */
  drain(): Promise<void>;
}

/**
 * Jobs about rows of the database. The row is the truth: whether something is to be done, and when. The queue says who
 * does it now; a job that is lost with its Redis is made again.
 */
export function dueJobs(options: DueJobsOptions, {connection, clock, log}: DueJobsDeps): DueJobs {
  const common = {connection, prefix: options.prefix, skipVersionCheck: true};

  const run = async (job: Job<unknown>, token: string | undefined): Promise<string> => {
    const late = Promise.withResolvers<Tried>();
    const cancel = clock.after(HANGS_AFTER, () => {
      log.error({jobId: job.id}, `bug: an attempt at ${options.what} does not end; it is tried again`);
      late.resolve({outcome: 'hangs', at: clock.wall() + RETRY});
    });
    const {outcome, at} = await Promise.race([options.attempt(job.data), late.promise]).finally(cancel);
    if (at === undefined) return outcome;
    await job.moveToDelayed(at, token);
    throw new DelayedError();
  };

  const worker = new DrainingWorker(options.name, run, {
    ...common,
    clock,
    concurrency: options.concurrency,
    lockDuration: LOCK,
    stalledInterval: LOCK / 3,
    // What a killed process had in hand is tried again. A job that nobody can read is not for ever: its row has another made.
    maxStalledCount: 25,
    removeOnComplete: {count: 0},
    removeOnFail: {count: 0},
  });
  worker.on('error', () => {}); // the consumer of records logs that Redis is unavailable
  const queue = new Queue<{id: string}>(options.name, {...common, streams: {events: {maxLen: 100}}});
  queue.on('error', () => {});
  // A job that is there already is not added again.
  const add = async (ids: readonly string[]) =>
    void (await queue.addBulk(ids.map(id => ({name: 'due', data: {id}, opts: {jobId: options.jobId(id)}}))));
  const sweep = async () => await add(await options.overdue());
  const stopSweeping = every(clock, SWEEP, () => background(sweep(), log, `looking for what waits: ${options.what}`));

  return {
    add: (...ids) => background(add(ids), log, `asking for ${options.what}`),
    drain: () => worker.drain(),
    async [Symbol.asyncDispose]() {
      stopSweeping();
      await worker.end(queue);
    },
  };
}
