import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {Limit} from '@voicebridge/shared/observability/metric-labels.ts';
import type {Limits} from '@voicebridge/shared/spend/limits.ts';
import type {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {payerFacts, payerOf, type Payer} from '@voicebridge/shared/spend/payer.ts';
import {within} from '@voicebridge/shared/retry.ts';
import {limitsOfDay} from '@voicebridge/shared/spend/spend-settings.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {WebhookConfig} from '../config.ts';
import type {CallContext} from './call-context.ts';
import type {CallRequest} from './call-request.ts';

/** A caller waits so long for the ledger, and no longer: who cannot be judged is let in. */
const ANSWER_WITHIN: Millis = 300;

type LedgerContext = Pick<CallContext, 'ledger' | 'key' | 'config' | 'clock' | 'metrics' | 'log'>;

/**
 * Asks the ledger whether a call may begin, and counts it among those in progress. Returns the limit that is reached;
 * undefined: it may begin. Without an answer it may, too: a Redis that is away must not turn callers away a second time.
 */
export async function limitReached(request: CallRequest, context: LedgerContext): Promise<Limit | undefined> {
  const {ledger, clock, config, metrics, log} = context;
  const payer = payerOfRequest(request, context);
  const admission = await within(clock, ANSWER_WITHIN, ledger.admit(payer, limitsOf(config))).catch(
    (thrown: unknown) => {
      metrics.spendUnjudgedTotal.inc({reason: 'no-answer'});
      logOfCall(log, request.callSid).debug(
        {why: tellMessage(thrown)},
        'the ledger does not answer: the call is let in',
      );
      return undefined;
    },
  );
  if (!admission) return undefined;
  if (!admission.admitted) {
    metrics.limitsReachedTotal.inc({limit: admission.limit});
    return admission.limit;
  }
  for (const limit of admission.near) metrics.limitsNearTotal.inc({limit});
  return undefined;
}

/** A call that was counted does not begin after all. Its place would be free by itself in minutes. */
export async function notBegun(request: CallRequest, context: LedgerContext): Promise<void> {
  await context.ledger.charge(payerOfRequest(request, context), {owner: 0, micros: 0, isOver: true});
}

/**
 * Who pays for a call, as facts of it. Whoever we call counts as a caller does, and no number of ours as called: a
 * hundred calls that we make come from one number.
 */
export function payerFactsOf(
  {caller, callee, direction}: Pick<CallRequest, 'caller' | 'callee' | 'direction'>,
  key: FleetKey,
): Readonly<Record<string, string>> {
  return payerFacts(direction === 'outbound' ? {caller: callee, callee: undefined} : {caller, callee}, key);
}

function payerOfRequest(request: CallRequest, {key}: Pick<LedgerContext, 'key'>): Payer {
  return payerOf({callSid: request.callSid, assistant: 'default', facts: payerFactsOf(request, key)});
}

function limitsOf(config: WebhookConfig): Limits {
  return {
    call: 0,
    ...limitsOfDay(config),
    // The worker that takes the call decides which assistant answers, and asks for it then.
    assistant: 0,
    'calls-of-caller': config.CALLS_PER_CALLER,
    'calls-withheld': config.CALLS_WITHHELD,
    'calls-of-number': config.CALLS_PER_NUMBER,
  };
}
