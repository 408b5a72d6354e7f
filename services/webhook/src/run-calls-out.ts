import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {DelayedError, Queue, Worker, type ConnectionOptions, type Job} from 'bullmq';
import type {CallsOut} from './calls-out/calls-out.ts';
import type {OutCallStore} from './calls-out/out-call-store.ts';

const QUEUE = 'calls-out';
/** Calls that are looked at at the same time: the carrier takes its time to answer. */
const CONCURRENCY = 8;
/** What should have been looked at and was not has lost its job, or was wanted earlier. */
const SWEEP: Millis = 5_000;
const RETRY: Millis = 2_000;
const LOCK: Millis = 30_000;
const GOODBYE: Millis = 1_000;

export interface RunCallsOut extends AsyncDisposable {
  /** Something is to be done for this call now. */
  wake(id: string): void;
  drain(): Promise<void>;
}

/** Looks at each call when it is due, in whichever webhook is free. The store knows all: a job that is lost is made again. */
export function runCallsOut(
  callsOut: Pick<CallsOut, 'step'>,
  {
    store,
    connection,
    clock,
    log,
  }: {
    readonly store: Pick<OutCallStore, 'due'>;
    readonly connection: ConnectionOptions;
    readonly clock: Clock;
    readonly log: Log;
  },
): RunCallsOut {
  const options = {connection, prefix: '{vb}', skipVersionCheck: true};
  const look = async (job: Job<{id: string}>, token: string | undefined): Promise<void> => {
    const step = await callsOut.step(job.data.id).catch((thrown: unknown) => {
      log.warn({err: thrown, out: job.data.id}, 'a call that is to be made could not be looked at');
      return {again: clock.wall() + RETRY, turn: undefined};
    });
    if (step.turn !== undefined) {
      // Nobody else has a turn before, either.
      await worker.rateLimit(Math.max(1, step.turn - clock.wall()));
      throw Worker.RateLimitError();
    }
    if (step.again === undefined) return;
    await job.moveToDelayed(Math.max(step.again, clock.wall() + 1), token);
    throw new DelayedError();
  };
  const worker = new Worker<{id: string}, void>(QUEUE, look, {
    ...options,
    concurrency: CONCURRENCY,
    // The turns are in the store; this only lets one webhook tell the others to wait.
    limiter: {max: 1_000, duration: 1_000},
    lockDuration: LOCK,
    stalledInterval: LOCK / 3,
    maxStalledCount: 25,
    removeOnComplete: {count: 0},
    removeOnFail: {count: 0},
  });
  worker.on('error', () => {}); // ioredis goes on connecting; the log of the connection says that Redis is unavailable
  const queue = new Queue<{id: string}>(QUEUE, {...options, streams: {events: {maxLen: 100}}});
  queue.on('error', () => {});
  const wake = async (ids: readonly string[]) => {
    await queue.addBulk(ids.map(id => ({name: 'look', data: {id}, opts: {jobId: `o.${id}`}})));
    for (const id of ids) {
      const job = await queue.getJob(`o.${id}`);
      if (job && (await job.isDelayed())) await job.promote().catch(() => {}); // it runs already
    }
  };
  const sweep = async () => {
    const waiting = await queue.getJobCounts('waiting', 'prioritized');
    // Those that wait for their turn are not lost.
    if ((waiting['waiting'] ?? 0) > CONCURRENCY) return;
    await wake(await store.due(clock.wall(), 200));
  };
  const stop = every(clock, SWEEP, () => background(sweep(), log, 'looking for calls that are to be made'));
  return {
    wake: id => background(wake([id]), log, 'waking a call that is to be made'),
    async drain() {
      stop();
      await worker.close();
    },
    async [Symbol.asyncDispose]() {
      stop();
      const late = Promise.withResolvers<void>();
      const cancel = clock.after(GOODBYE, late.resolve);
      await Promise.race([Promise.all([worker.close(true), queue.close()]), late.promise]);
      cancel();
    },
  };
}
