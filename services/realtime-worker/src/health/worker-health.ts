import type {ModelTrouble, NotTaking} from '@voicebridge/shared/observability/metric-labels.ts';
import {REDIS_CURES, type RedisTrouble} from '@voicebridge/shared/redis/redis-trouble.ts';

/** What a worker knows of itself, and the one thing that it must know of the others. */
export interface WorkerState {
  readonly isDraining: boolean;
  readonly isFull: boolean;
  /** Why it should open no more sockets; undefined while there are enough descriptors. */
  readonly descriptors: string | undefined;
  readonly redis: RedisTrouble | undefined;
  /** What is wrong with the Redis of the records' queue. */
  readonly queue: RedisTrouble | undefined;
  readonly queueHasWorked: boolean;
  readonly model: ModelTrouble | undefined;
  readonly modelHasWorked: boolean;
  /** Whether another worker that takes calls can use the model. */
  readonly othersAreWell: boolean;
}

export interface Verdict {
  /** Why the process is of no use: a rolling restart goes no further. Undefined: it is of use. */
  readonly notReady?: string;
  /** Why it takes no new calls, as a label… */
  readonly notTaking?: NotTaking;
  /** …and in words. */
  readonly why?: string;
}

/** The cure of each trouble with the model, for the operator. */
export const MODEL_CURES: Readonly<Record<ModelTrouble, string>> = {
  unreachable: 'the model server cannot be reached: check OPENAI_REALTIME_URL and the network',
  slow: 'the model server does not open sessions in time: check the network, and their status page',
  refused: 'the model server refuses us: check OPENAI_API_KEY, OPENAI_MODEL and what the key may use',
  quota: 'the quota of OPENAI_API_KEY is used up: pay, or raise the limit',
  misconfigured: 'the model server refuses our settings: check OPENAI_MODEL and VOICE',
};

const FULL = 'every place is taken';

/**
 * Whether a worker is of use and whether it takes calls. The two differ on purpose (ADR 18):
 * - A full worker is ready. Otherwise a fleet at its peak would look broken to whoever replaces processes.
 * - A worker that cannot use the model leaves calls to those that can. If none can, the model itself is down: then every
 *   worker takes calls, for a caller must be told so in words, and stays ready, for replacing workers helps nobody.
 * - A process that has never reached what it needs was started wrongly, and is not ready: a rolling restart stops there.
 */
export function judge(state: WorkerState): Verdict {
  const notReady = whyNotReady(state);
  const {isDraining, isFull, descriptors, redis, model, othersAreWell} = state;
  const ready = notReady === undefined ? {} : {notReady};
  if (isDraining) return {...ready, notTaking: 'draining', why: 'draining'};
  if (redis !== undefined) return {...ready, notTaking: 'redis', why: REDIS_CURES[redis]};
  if (model !== undefined && othersAreWell) return {...ready, notTaking: 'model', why: MODEL_CURES[model]};
  if (descriptors !== undefined) return {...ready, notTaking: 'descriptors', why: descriptors};
  if (isFull) return {...ready, notTaking: 'full', why: FULL};
  return ready;
}

function whyNotReady(state: WorkerState): string | undefined {
  const {isDraining, redis, queue, queueHasWorked, model, modelHasWorked, othersAreWell} = state;
  if (isDraining) return 'draining';
  if (redis !== undefined) return REDIS_CURES[redis];
  if (model !== undefined && (othersAreWell || (!modelHasWorked && isOurFault(model)))) return MODEL_CURES[model];
  if (queue !== undefined && !queueHasWorked) return `QUEUE_REDIS_URL: ${REDIS_CURES[queue]}`;
  return undefined;
}

/** Troubles that come from how this process is configured, rather than from the model server. */
function isOurFault(trouble: ModelTrouble): boolean {
  return trouble === 'refused' || trouble === 'misconfigured' || trouble === 'quota';
}
