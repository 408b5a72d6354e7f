import type {WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {CallSid, type ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** Webhooks and edges wait this long for an answer before they ask another worker. */
const ANSWER_WITHIN: Millis = 300;
/** After this many tries the worker starts cold: a machine that stays busy must still get workers. */
const MAX_TRIES = 20;

/**
 * Asks this worker over Redis to take a call that does not exist, until it answers within 300 ms. That runs everything
 * that the first call would otherwise wait for: uncompiled code, schemas, the directory's scripts. The request names an
 * epoch that cannot be claimed, so no model session is opened and no capacity is used.
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
  await directory.forget(callSid).catch(() => false); // if this fails, the orphan sweep removes the call
  const facts = {answer, tries, ms: Math.round(clock.now() - began)};
  if (answer === 'taken') log.debug(facts, 'worker is warm');
  else log.warn(facts, 'worker begins cold: it does not answer its own inbox in time');
}
