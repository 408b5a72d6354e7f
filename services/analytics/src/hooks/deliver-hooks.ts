import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX, HookJob} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {DelayedError, Queue, Worker, type ConnectionOptions, type Job} from 'bullmq';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {deliver, type Attempt, type DeliverDeps} from './deliver.ts';
import {countDeliveries, idOfCall, overdue} from './deliveries.ts';

/** Webhooks that are sent at the same time. A receiver may take its time to answer. */
const CONCURRENCY = 16;
/** What waits longer than it should has lost its job. Also what is shown in the gauges is this old at most. */
const SWEEP: Millis = 15_000;
const RETRY: Millis = 1_000;
/** Longer than a receiver may take. */
const LOCK: Millis = 30_000;
const GOODBYE: Millis = 1_000;

export interface HookDeps extends Omit<DeliverDeps, 'clock'> {
  readonly connection: ConnectionOptions;
  readonly database: DatabaseWatch;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Hooks extends AsyncDisposable {
  /** The record of this call is stored: whoever is to be told of it is told. */
  tell(callSid: string): void;
  /** Sends this one now; if the queue does not answer, later. */
  send(id: string): void;
  /** Begins no more attempts; resolves when those in hand are over. */
  drain(): Promise<void>;
}

/**
 * Tells other systems what happened, by signed webhooks. The database knows what is to be told and what became of it; the
 * queue says when each is tried. A job that is lost with its Redis is made again.
 */
export function deliverHooks(deps: HookDeps): Hooks {
  const {connection, database, metrics, clock, log} = deps;
  const stopping = new AbortController();
  const options = {connection, prefix: HOOKS_QUEUE_PREFIX, skipVersionCheck: true};

  const attempt = async (job: Job<unknown>, token: string | undefined): Promise<string> => {
    const {data} = HookJob.safeParse(job.data);
    if (!data) {
      log.error({jobId: job.id}, 'a job of the webhooks cannot be read');
      return 'unreadable';
    }
    const result = await tryOnce(data);
    if ('at' in result) {
      await job.moveToDelayed(result.at, token);
      throw new DelayedError();
    }
    return result.outcome;
  };

  const tryOnce = async (job: HookJob): Promise<Attempt> => {
    try {
      const result = await deliver(await database.ready(stopping.signal), job, deps);
      if (result.outcome !== 'later') metrics.hooksTotal.inc({outcome: result.outcome});
      if (result.outcome === 'failed')
        log.warn(
          {id: 'event' in job ? job.event.id : job.id},
          'a webhook is given up; the dashboard can send it again',
        );
      return result;
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure === 'database' && !stopping.signal.aborted) database.lost(thrown);
      else if (!stopping.signal.aborted) log.error({err: thrown}, 'bug: a webhook could not be tried');
      return {outcome: 'later', at: clock.wall() + RETRY};
    }
  };

  const worker = new Worker<unknown, string>(HOOKS_QUEUE, attempt, {
    ...options,
    concurrency: CONCURRENCY,
    lockDuration: LOCK,
    stalledInterval: LOCK / 3,
    // What a killed process had in hand is tried again: receivers know it by its id.
    maxStalledCount: 1_000,
    removeOnComplete: {count: 0},
    removeOnFail: {count: 0},
  });
  worker.on('error', () => {}); // the consumer of records logs that Redis is away
  const queue = new Queue<HookJob>(HOOKS_QUEUE, {...options, streams: {events: {maxLen: 100}}});
  queue.on('error', () => {});
  // A job that is there already is not added again.
  const add = async (ids: readonly string[]) =>
    void (await queue.addBulk(ids.map(id => ({name: 'delivery', data: {id}, opts: {jobId: `d.${id}`}}))));

  const sweep = async () => {
    if (database.reason !== undefined) return;
    await add(await overdue(database.now, clock.wall()));
    const counts = await countDeliveries(database.now);
    metrics.hooksWaiting.set(counts.waiting);
    metrics.hooksGivenUp.set(counts.failed);
  };
  const stopSweeping = every(clock, SWEEP, () => background(sweep(), log, 'looking for webhooks that wait'));

  return {
    tell: callSid => background(add([idOfCall(callSid)]), log, 'asking for a webhook'),
    send: id => background(add([id]), log, 'asking for a webhook'),
    async drain() {
      stopping.abort();
      await worker.close();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      stopSweeping();
      const late = Promise.withResolvers<void>();
      const cancel = clock.after(GOODBYE, late.resolve);
      await Promise.race([Promise.all([worker.close(true), queue.close()]), late.promise]);
      cancel();
    },
  };
}
