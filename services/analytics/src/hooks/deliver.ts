import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {HookJob} from '@voicebridge/shared/cdr/hooks-queue.ts';
import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {Viewer} from '../auth/viewer.ts';
import {SCOPES} from '@voicebridge/shared/config/api-tokens.ts';
import type {Schema} from '../database/schema.ts';
import {detailOf} from '../queries/read-call.ts';
import {callBody, partsFor} from './call-body.ts';
import {
  type Delivery,
  deliveryWith,
  dropDelivery,
  keepDelivery,
  postpone,
  settle,
  targetOf,
  turnOf,
} from './deliveries.ts';
import {type Receivers, waitAfter} from './patience.ts';
import {signHook} from './signature.ts';

/** Sends one webhook and answers with its status. Rejects if there is none. */
export type PostHook = (target: HookTarget, headers: Readonly<Record<string, string>>, body: string) => Promise<number>;

/**
 * What became of one attempt. `later`: it is to be tried at this time, in Unix milliseconds. `held`: its time has not come,
 * and may come sooner than this.
 */
export type Attempt =
  | {readonly outcome: 'delivered' | 'failed' | 'erased' | 'known'}
  | {readonly outcome: 'refused' | 'later' | 'held'; readonly at: Millis};

export interface DeliverDeps {
  readonly post: PostHook;
  /** The value of an environment variable. */
  readonly secret: (name: string) => string | undefined;
  readonly receivers: Receivers;
  readonly clock: Pick<Clock, 'wall'>;
  /** Who is told about what names nobody; undefined: nobody. */
  readonly told: HookTarget | undefined;
  /** From 0 to 1. */
  readonly random: () => number;
  /** How long to wait after so many failures; for tests. */
  readonly wait?: (failures: number, random: number) => Millis;
}

/** What waits for something before it looks again after this. */
const SOON: Millis = 1_000;
/** What should come before it and has not come within this time has been lost. */
const LOST_AFTER: Millis = 60_000;
const GONE = 410;
/** Who reads a record to tell it: the assistant's file says that it may be told. */
const TELLER: Viewer = {who: null, may: new Set(SCOPES)};

/** Tries to deliver one webhook, in order for its subject. Rejects only if the database fails. */
export async function deliver(db: Kysely<Schema>, job: HookJob, deps: DeliverDeps): Promise<Attempt> {
  const {clock, receivers} = deps;
  const now = clock.wall();
  if ('event' in job) {
    const {event} = job;
    const target = event.target ?? deps.told;
    if (!target) return {outcome: 'known'};
    await keepDelivery(db, {...event, target}, now);
  }
  const delivery = await deliveryWith(db, 'event' in job ? job.event.id : job.id);
  if (delivery?.state !== 'waiting') return {outcome: 'known'};
  if (delivery.dueAt.getTime() > now) return {outcome: 'held', at: delivery.dueAt.getTime()};
  const target = targetOf(delivery);
  const {origin} = new URL(target.post);
  const again = receivers.askAgainAt(origin, now, deps.random());
  if (again !== undefined) return {outcome: 'later', at: again};
  const turn = await turnOf(db, delivery);
  if (turn.afterDueAt !== undefined) return {outcome: 'later', at: Math.max(now, turn.afterDueAt.getTime()) + SOON};
  if (turn.missing > 0 && now - delivery.createdAt.getTime() < LOST_AFTER) return {outcome: 'later', at: now + SOON};
  const body = delivery.body ?? (await bodyOfCall(db, delivery.subject, target));
  if (body === undefined) {
    await dropDelivery(db, delivery);
    return {outcome: 'erased'};
  }
  const problem = await attempt(delivery, target, body, deps);
  const at = clock.wall();
  if (problem === undefined) {
    receivers.answered(origin);
    await settle(db, delivery, 'delivered', at);
    return {outcome: 'delivered'};
  }
  if (problem.isTheirs) receivers.failed(origin, at);
  const dueAt = at + (deps.wait ?? waitAfter)(delivery.attempts + 1, deps.random());
  if (problem.isFinal || dueAt > delivery.giveUpAt.getTime()) {
    await settle(db, delivery, 'failed', at, problem.what);
    return {outcome: 'failed'};
  }
  await postpone(db, delivery, dueAt, problem.what);
  return {outcome: 'refused', at: dueAt};
}

interface DeliveryProblem {
  readonly what: string;
  /** The receiver is at fault, and not our settings. */
  readonly isTheirs: boolean;
  readonly isFinal?: boolean;
}

async function attempt(
  {id}: Delivery,
  target: HookTarget,
  body: string,
  {post, secret, clock}: DeliverDeps,
): Promise<DeliveryProblem | undefined> {
  const key = secret(target.secret);
  if (key === undefined || key === '')
    return {what: `${target.secret} is not set where analytics runs`, isTheirs: false};
  const headers = {...signHook(key, id, Math.floor(clock.wall() / 1_000), body)};
  try {
    const status = await post(target, headers, body);
    if (status >= 200 && status <= 299) return undefined;
    return {what: `the receiver answered with status ${status}`, isTheirs: true, isFinal: status === GONE};
  } catch (thrown) {
    return {what: tellMessage(thrown), isTheirs: true};
  }
}

async function bodyOfCall(db: Kysely<Schema>, callSid: string, {include}: HookTarget): Promise<string | undefined> {
  const detail = await detailOf(db, callSid, TELLER, partsFor(include));
  return detail && callBody(detail, include);
}
