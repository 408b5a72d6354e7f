import type {Job} from 'bullmq';

/** The records in the queue, as far as erasing needs them. */
export interface QueuedRecords {
  getJobs(
    types: ('waiting' | 'prioritized' | 'delayed' | 'active' | 'failed' | 'completed')[],
    start: number,
    end: number,
  ): Promise<(Pick<Job<unknown>, 'data' | 'remove'> | undefined)[]>;
}

/** In the order in which a record passes through them, so that none is missed while it moves. */
const STATES = ['delayed', 'prioritized', 'waiting', 'active', 'failed', 'completed'] as const;
const PAGE = 200;

/**
 * Removes the records that mention one of these texts from the queue, and returns how many. One that is just being stored
 * cannot be removed, and is dropped by `storeCall` if the calls are erased afterwards.
 */
export async function eraseQueued(queue: QueuedRecords, mentions: readonly string[]): Promise<number> {
  let removed = 0;
  for (const state of STATES) {
    for (let from = 0; ; from += PAGE) {
      const jobs = await queue.getJobs([state], from, from + PAGE - 1);
      let here = 0;
      for (const job of jobs) {
        // The record may be one that cannot be read, so its text decides.
        const text = JSON.stringify(job?.data ?? null);
        if (!job || !mentions.some(mention => text.includes(JSON.stringify(mention)))) continue;
        const gone = await job.remove().then(
          () => true,
          () => false, // a worker has it
        );
        if (gone) here += 1;
      }
      removed += here;
      // What was removed made room: the next page begins that much earlier.
      from -= here;
      if (jobs.length < PAGE) break;
    }
  }
  return removed;
}
