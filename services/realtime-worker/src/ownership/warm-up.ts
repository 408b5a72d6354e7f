import type {WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {CallSid, type ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** So fast askers want to be answered. */
const ANSWER_WITHIN: Millis = 300;
/** A machine that is busy for good must have workers all the same. */
const MAX_TRIES = 20;

/**
 * Asks this worker to take a call that does not exist, through Redis and its own inbox, until it answers as fast as
 * callers need it. What only the first call would have waited for (code that was never run, schemas, the scripts of the
 * directory) is done then. The call is in an epoch that nobody can win, so no model is asked and no place is taken.
 */
export async function warmUp(options: {
  readonly worker: ProcessId;
  readonly workerClient: Pick<WorkerClient, 'ask'>;
  readonly directory: Pick<CallDirectory, 'forget'>;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<void> {
  const {worker, workerClient, directory, clock, log} = options;
  const callSid = CallSid.parse(`warm-up-${worker}`);
  const began = clock.now();
  let tries = 0;
  let answer: string;
  do {
    tries += 1;
    const ask = {type: 'take', callSid, epoch: 1, assistant: 'warm-up', facts: {}, cause: 'worker-lost'} as const;
    ({answer} = await workerClient.ask(worker, ask, ANSWER_WITHIN));
    if (answer === 'unreachable') await sleep(clock, ANSWER_WITHIN);
  } while (answer !== 'taken' && tries < MAX_TRIES);
  await directory.forget(callSid).catch(() => false); // else the sweep of open calls does
  const facts = {answer, tries, ms: Math.round(clock.now() - began)};
  if (answer === 'taken') log.debug(facts, 'worker is warm');
  else log.warn(facts, 'worker begins cold: it does not answer its own inbox in time');
}
