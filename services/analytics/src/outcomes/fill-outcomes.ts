import {CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {dueJobs, type DueJobsDeps, type Tried} from '../queue/due-jobs.ts';
import {fillOutcome, type FillDeps} from './fill-outcome.ts';
import {overdueFills} from './outcome-fills.ts';

const OUTCOMES_QUEUE = 'outcomes';
/** A model thinks for seconds, and accounts are limited. */
const CONCURRENCY = 4;
const RETRY: Millis = 1_000;

const FillJob = z.object({id: CallSid});

export interface FillOutcomesDeps extends Pick<FillDeps, 'ask'>, DueJobsDeps {
  readonly database: DatabaseWatch;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The outcome of this call is as full as it will be. */
  readonly onSettled: (callSid: string) => void;
}

export interface OutcomeFilling extends AsyncDisposable {
  /** The record of this call is stored: its open fields are filled, if it has any. */
  fill(callSid: string): void;
  drain(): Promise<void>;
}

/** Has a text model fill in what the assistants of finished calls left open. The database knows what is to be filled. */
export function fillOutcomes(deps: FillOutcomesDeps): OutcomeFilling {
  const {database, metrics, clock, log, onSettled} = deps;
  const stopping = new AbortController();

  const attempt = async (data: unknown): Promise<Tried> => {
    const job = FillJob.safeParse(data);
    if (!job.success) return {outcome: 'unreadable'};
    const {id: callSid} = job.data;
    try {
      const result = await fillOutcome(await database.ready(stopping.signal), callSid, deps);
      metrics.outcomeFillsTotal.inc({outcome: result.outcome});
      if (result.outcome === 'failed')
        logOfCall(log, callSid, null).warn({problem: result.problem}, 'the outcome of a call was not filled in');
      if (result.outcome === 'failed' || result.outcome === 'filled') onSettled(callSid);
      return result;
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure === 'database' && !stopping.signal.aborted) database.lost(thrown);
      else if (!stopping.signal.aborted) log.error({err: thrown}, 'bug: an outcome could not be filled in');
      return {outcome: 'later', at: clock.wall() + RETRY};
    }
  };

  const jobs = dueJobs(
    {
      name: OUTCOMES_QUEUE,
      prefix: CALLS_QUEUE_PREFIX,
      concurrency: CONCURRENCY,
      what: 'filling in an outcome',
      jobId: callSid => `o.${callSid}`,
      attempt,
      overdue: async () => (database.reason === undefined ? await overdueFills(database.now, clock.wall()) : []),
    },
    deps,
  );
  return {
    fill: callSid => jobs.add(callSid),
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
