import {ErrorCode} from 'bullmq';

/** What BullMQ says when a job is not this process's any more. */
const TAKEN_AWAY: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
];

/**
 * Whether an error of a queue's worker means that another process has the job: this one did not run for longer than its lock
 * lasts. The queue works.
 */
export function isTakenAway(error: Error): boolean {
  return ('code' in error && TAKEN_AWAY.includes(error.code)) || error.message.startsWith('could not renew lock');
}
