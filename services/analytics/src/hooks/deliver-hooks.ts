import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX, HookJob} from '@voicebridge/shared/cdr/hooks-queue.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {background} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {dueJobs, type DueJobsDeps, type Tried} from '../queue/due-jobs.ts';
import {deliver, type Attempt, type DeliverDeps} from './deliver.ts';
import {countDeliveries, idOfCall, overdue, release} from './deliveries.ts';

/** Webhooks that are sent at the same time. A receiver may take its time to answer. */
const CONCURRENCY = 16;
const RETRY: Millis = 1_000;
/** So many that wait are looked at together. */
const PAGE = 1_000;

export interface HookDeps extends Omit<DeliverDeps, 'clock'>, DueJobsDeps {
  readonly database: DatabaseWatch;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface Hooks extends AsyncDisposable {
  /** The record of this call is stored: whoever is to be told about it is told. */
  tell(callSid: string): void;
  /** What the webhook about this call waited for is there, or will not come. */
  release(callSid: string): void;
  /** Sends this one now; if the queue does not answer, later. */
  send(id: string): void;
  /** Begins no more attempts; resolves when those in hand are over. */
  drain(): Promise<void>;
}

/**
 * Tells other systems what happened, by signed webhooks. The database knows what is to be told and what became of it; the
 * queue says when each is tried.
 */
export function deliverHooks(deps: HookDeps): Hooks {
  const {database, metrics, clock, log} = deps;
  const stopping = new AbortController();

  const attempt = async (data: unknown): Promise<Tried> => {
    const job = HookJob.safeParse(data);
    if (job.success) return await tryOnce(job.data);
    log.error('a job of the webhooks cannot be read');
    return {outcome: 'unreadable'};
  };

  const tryOnce = async (job: HookJob): Promise<Attempt | Tried> => {
    try {
      const result = await deliver(await database.ready(stopping.signal), job, deps);
      // Its row says when; the sweep makes its job again.
      if (result.outcome === 'held') return {outcome: 'held'};
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

  let last = '';
  const nextOverdue = async (): Promise<readonly string[]> => {
    if (database.reason !== undefined) return [];
    const counts = await countDeliveries(database.now);
    metrics.hooksWaiting.set(counts.waiting);
    metrics.hooksGivenUp.set(counts.failed);
    const page = await overdue(database.now, clock.wall(), last, PAGE);
    last = page.length < PAGE ? '' : (page.at(-1) ?? '');
    return page;
  };
  const jobs = dueJobs(
    {
      name: HOOKS_QUEUE,
      prefix: HOOKS_QUEUE_PREFIX,
      concurrency: CONCURRENCY,
      what: 'sending a webhook',
      jobId: id => `d.${id}`,
      attempt,
      overdue: nextOverdue,
    },
    deps,
  );
  const releaseNow = async (callSid: string) => {
    await release(database.now, idOfCall(callSid), clock.wall());
    jobs.add(idOfCall(callSid));
  };

  return {
    tell: callSid => jobs.add(idOfCall(callSid)),
    release: callSid => background(releaseNow(callSid), log, 'letting a webhook go'),
    send: id => jobs.add(id),
    async drain() {
      stopping.abort();
      await jobs.drain();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await jobs[Symbol.asyncDispose]();
    },
  };
}
