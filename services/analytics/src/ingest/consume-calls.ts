import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {logOfCall, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {OutageLog} from '@voicebridge/shared/observability/outage-log.ts';
import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import {within} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import {DelayedError, Queue, UnrecoverableError, type ConnectionOptions, type Job} from 'bullmq';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {DrainingWorker} from '../queue/draining-worker.ts';
import {eraseQueued} from './erase-queued.ts';
import {storeCall} from './store-call.ts';
import {isTakenAway} from './taken-away.ts';

/** Records that are stored concurrently. The embedded database runs one statement at a time. */
const CONCURRENCY = {embedded: 2, postgres: 8} as const;
/** Delay of a record that is given back to the queue when this process stops. */
const RETRY: Millis = 1_000;
/** A queue that fails again within this time was not back. */
const SETTLED: Millis = 5_000;
/** How long to search the queue for what somebody wants erased. */
const ERASE_WITHIN: Millis = 20_000;
/** How long a process may be silent before another process takes its records. Renewed at half of it. */
const LOCK: Millis = 9_000;

export interface ConsumeDeps {
  readonly connection: ConnectionOptions;
  readonly database: DatabaseWatch;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly clock: Clock;
  readonly log: Log;
  /** Who is told about a call whose assistant does not say; undefined: nobody. */
  readonly told: HookTarget | undefined;
  /** A text model is asked for what assistants leave open of an outcome. */
  readonly fillsOutcomes: boolean;
  /** Called for every call that was stored. */
  readonly onRecorded: (callSid: string) => void;
}

export interface Consumer extends AsyncDisposable {
  /** The records that are not stored yet: how many are waiting, and since when the oldest has been (Unix ms). */
  backlog(): Promise<{readonly waiting: number; readonly oldestAt: number | undefined}>;
  /** Removes the records that mention one of these texts from the queue. Rejects while Redis does not answer. */
  erase(mentions: readonly string[]): Promise<number>;
  /** Takes no more records; resolves when the current ones are stored or given back. */
  drain(): Promise<void>;
}

/** Takes finished calls from the queue and stores each. While the database is away, records wait; none is dropped. */
export function consumeCalls(deps: ConsumeDeps): Consumer {
  const {database, metrics, log, told, fillsOutcomes} = deps;
  const stopping = new AbortController();

  const traceRecord = (
    {data, attemptsMade}: {data: CallFinished; attemptsMade: number},
    from: number,
    outcome: string,
  ) =>
    deps.traces
      .begin(`process ${CALLS_QUEUE}`, {
        at: from,
        parent: data.summary.traceparent,
        kind: 'consumer',
        facts: {
          'messaging.system': 'bullmq',
          'messaging.destination.name': CALLS_QUEUE,
          'voicebridge.call_sid': data.summary.callSid,
          'voicebridge.part': data.part,
          'voicebridge.attempts': attemptsMade,
          'voicebridge.outcome': outcome,
        },
      })
      .end(deps.clock.wall());

  const record = async (job: Job<unknown>, token: string | undefined): Promise<string> => {
    const takenAt = deps.clock.wall();
    const parsed = CallFinished.safeParse(job.data);
    const problem = parsed.success ? impossible(parsed.data) : whatIsWrong(parsed.error.issues);
    if (!parsed.success || problem !== undefined) throw refuse(job, problem ?? '');
    for (;;) {
      try {
        const db = await database.ready(stopping.signal);
        const outcome = await storeCall(db, parsed.data, {told, fillsOutcomes, wall: deps.clock.wall()});
        metrics.recordsTotal.inc({outcome});
        const {endedAt} = parsed.data.summary;
        metrics.analyticsFreshnessSeconds.observe(Math.max(0, deps.clock.wall() - endedAt) / 1_000);
        traceRecord({data: parsed.data, attemptsMade: job.attemptsMade}, takenAt, outcome);
        tellRecorded(parsed.data, outcome, takenAt);
        if (outcome === 'recorded') deps.onRecorded(parsed.data.summary.callSid);
        return outcome;
      } catch (thrown) {
        const failure = failureOf(thrown);
        if (!stopping.signal.aborted) {
          if (failure === 'record') throw refuse(job, tellMessage(thrown));
          if (failure === 'statement') throw thrown;
          database.lost(thrown);
          continue;
        }
      }
      // Another process takes it, or this one after its restart.
      await job.moveToDelayed(deps.clock.wall() + RETRY, token);
      throw new DelayedError();
    }
  };

  const tellRecorded = ({summary, part, parts}: CallFinished, outcome: string, takenAt: Millis) => {
    const now = deps.clock.wall();
    const facts = {outcome, ...(parts > 1 ? {part, parts} : {}), tookMs: now - takenAt, afterMs: now - summary.endedAt};
    logOfCall(log, summary.callSid, summary.traceparent).info(facts, 'call recorded');
  };

  const refuse = (job: Job<unknown>, problem: string) => {
    metrics.recordsTotal.inc({outcome: 'refused'});
    log.error({jobId: job.id, problem}, 'record refused; it stays in the failed set of the queue for seven days');
    return new UnrecoverableError(problem);
  };

  const worker = new DrainingWorker(CALLS_QUEUE, record, {
    clock: deps.clock,
    connection: deps.connection,
    prefix: CALLS_QUEUE_PREFIX,
    skipVersionCheck: true,
    concurrency: CONCURRENCY[database.kind],
    lockDuration: LOCK,
    stalledInterval: LOCK / 3,
    // A record is not at fault when its process is killed; one that ends every process would come back for ever.
    maxStalledCount: 25,
    removeOnComplete: {count: 0},
    removeOnFail: {age: 7 * 24 * 3_600},
  });
  // ioredis emits the error again with every attempt to connect.
  const outages = new OutageLog(deps.clock, SETTLED, {
    away: thrown => log.warn({err: thrown}, 'queue is unavailable; records wait in Redis or in their workers'),
    back: outage => log.info(outage, 'queue is back'),
  });
  worker.on('error', error => {
    // BullMQ tries a job whose data is no JSON again each ten seconds. What it says of the job may hold words of a call.
    if (error instanceof SyntaxError)
      log.warn('a job in the queue is not JSON: another program wrote it; it fails after 25 attempts');
    else if (isTakenAway(error))
      log.info('another process has a record that this one had: it did not run for a while; the record is stored once');
    else outages.failed(error);
  });
  worker.on('ready', () => outages.worked());
  worker.on('active', () => outages.worked());

  const queue = new Queue(CALLS_QUEUE, {
    connection: deps.connection,
    prefix: CALLS_QUEUE_PREFIX,
    skipVersionCheck: true,
  });
  queue.on('error', () => {}); // the worker logs that Redis is unavailable

  return {
    async backlog() {
      const counts = await queue.getJobCounts('waiting', 'delayed', 'prioritized');
      const waiting = Object.values(counts).reduce((sum, count) => sum + count, 0);
      // The oldest of each state; active ones may be waiting too, for a database that is away.
      const oldest = await queue.getJobs(['waiting', 'delayed', 'active'], 0, 0, true);
      const since = oldest.flatMap((job: Job | undefined) => (job ? [job.timestamp] : []));
      return {waiting, oldestAt: since.length === 0 ? undefined : Math.min(...since)};
    },
    async erase(mentions) {
      return await within(deps.clock, ERASE_WITHIN, eraseQueued(queue, mentions), 'the queue');
    },
    async drain() {
      stopping.abort();
      await worker.drain();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      outages[Symbol.dispose]();
      await worker.end(queue);
    },
  };
}

/** Times that PostgreSQL and JavaScript both can represent. */
const MOMENT = {from: Date.UTC(2000), to: Date.UTC(2200)} as const;

function impossible({summary, part, parts}: CallFinished): string | undefined {
  for (const name of ['startedAt', 'endedAt'] as const)
    if (!(summary[name] >= MOMENT.from && summary[name] <= MOMENT.to))
      return `summary.${name}: must be Unix milliseconds between the years 2000 and 2200`;
  return part < parts ? undefined : 'part: must be below parts';
}

function whatIsWrong(issues: readonly {readonly path: readonly PropertyKey[]; readonly message: string}[]): string {
  return issues
    .slice(0, 5)
    .map(issue => `${issue.path.map(String).join('.')}: ${issue.message}`)
    .join('; ');
}
