import {Queue, type ConnectionOptions} from 'bullmq';
import {CallFinished} from './call-record.ts';

/** The queue that carries finished calls to analytics. Everything it writes shares one Redis Cluster slot. */
export const CALLS_QUEUE = 'calls';
export const CALLS_QUEUE_PREFIX = '{vb}';
export const CALL_FINISHED = 'call-finished';

/** Sends finished calls to analytics. A call may be sent twice; the database makes that once. */
export interface AnalyticsQueue extends AsyncDisposable {
  /** Resolves when Redis has every part. Rejects when it has not: the caller keeps the record and tries again. */
  send(parts: readonly CallFinished[]): Promise<void>;
}

/**
 * A job id may not hold a colon or be a number, and is only a filter: BullMQ forgets it when it forgets the job. No id
 * of a call holds a dot.
 */
export function jobIdOf(job: CallFinished): string {
  const {callSid} = job.summary;
  const call = /^-?\d+$/.test(callSid) ? `call.${callSid}` : callSid;
  return job.part === 0 ? call : `${call}.${job.part}`;
}

/** `connection` is BullMQ's own; it must not be shared with media, whose settings would lose jobs. */
export function openAnalyticsQueue(connection: ConnectionOptions): AnalyticsQueue {
  const queue = new Queue<CallFinished>(CALLS_QUEUE, {
    connection,
    prefix: CALLS_QUEUE_PREFIX,
    defaultJobOptions: {
      attempts: 1_000,
      backoff: {type: 'fixed', delay: 5_000},
      removeOnComplete: {age: 600, count: 1_000},
      removeOnFail: {age: 7 * 24 * 3_600},
    },
    streams: {events: {maxLen: 1_000}},
  });
  queue.on('error', () => {}); // every failed send rejects; the connection itself retries
  return {
    async send(parts) {
      await queue.addBulk(
        parts.map(part => ({name: CALL_FINISHED, data: CallFinished.parse(part), opts: {jobId: jobIdOf(part)}})),
      );
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
    },
  };
}
