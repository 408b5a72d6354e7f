import {Queue, type ConnectionOptions} from 'bullmq';
import {CallFinished} from './call-record.ts';
import {within} from '../retry.ts';
import {systemClock, type Clock, type Millis} from '../time.ts';

/** The queue that carries finished calls to analytics. Everything it writes shares one Redis Cluster slot. */
export const CALLS_QUEUE = 'calls';
export const CALLS_QUEUE_PREFIX = '{vb}';
export const CALL_FINISHED = 'call-finished';

/** Sends finished calls to analytics. Idempotent: the database stores a call once, however often it is sent. */
export interface AnalyticsQueue extends AsyncDisposable {
  /**
   * Resolves when Redis has every part. Rejects when Redis refuses one, or has not answered within `SEND_WITHIN`; then
   * keep the record and try again.
   */
  send(parts: readonly CallFinished[]): Promise<void>;
}

/** A record that Redis has not accepted within this time counts as not sent. */
const SEND_WITHIN: Millis = 5_000;
const WHO = "the queue's Redis";

/**
 * BullMQ allows no colon in a job id, and no whole number. The id only filters repeated jobs while one waits. The id of a call never contains a dot.
 */
export function jobIdOf(job: CallFinished): string {
  const {callSid} = job.summary;
  const call = /^-?\d+$/.test(callSid) ? `call.${callSid}` : callSid;
  return job.part === 0 ? call : `${call}.${job.part}`;
}

/** `connection` must be BullMQ's own: the settings of the connections for media would lose jobs. */
export function openAnalyticsQueue(connection: ConnectionOptions, clock: Clock = systemClock): AnalyticsQueue {
  const queue = new Queue<CallFinished>(CALLS_QUEUE, {
    connection,
    prefix: CALLS_QUEUE_PREFIX,
    // Its check asks for INFO, which may be forbidden; `checkRedis` has asked in another way.
    skipVersionCheck: true,
    defaultJobOptions: {
      attempts: 1_000,
      backoff: {type: 'fixed', delay: 5_000},
      // The database has it, and knows it again.
      removeOnComplete: true,
      removeOnFail: {age: 7 * 24 * 3_600},
    },
    streams: {events: {maxLen: 1_000}},
  });
  queue.on('error', () => {}); // every failed send rejects, and the connection retries by itself
  return {
    async send(parts) {
      const jobs = parts.map(part => ({
        name: CALL_FINISHED,
        data: CallFinished.parse(part),
        opts: {jobId: jobIdOf(part)},
      }));
      // Not while Redis is unavailable: BullMQ would hold every attempt in memory and send all of them afterwards.
      await within(clock, SEND_WITHIN, queue.waitUntilReady(), WHO);
      await within(clock, SEND_WITHIN, queue.addBulk(jobs), WHO);
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
    },
  };
}
