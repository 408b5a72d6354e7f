import {tellReason, type Metrics} from '../observability/metrics.ts';
import {REDIS_CURES, REDIS_TROUBLES, type RedisTrouble} from './redis-trouble.ts';

/** Why this process should get no new work because of Redis, for /readyz; undefined while Redis is usable. */
export function redisNotReady(trouble: RedisTrouble | undefined): string | undefined {
  return trouble === undefined ? undefined : REDIS_CURES[trouble];
}

/** Exports whether Redis is usable and what is wrong with it. */
export function measureRedis(
  metrics: Pick<Metrics, 'redisUp' | 'redisTrouble'>,
  trouble: RedisTrouble | undefined,
): void {
  metrics.redisUp.set(trouble === undefined ? 1 : 0);
  tellReason(metrics.redisTrouble, REDIS_TROUBLES, trouble);
}

/** Exports whether the Redis of the records' queue is usable and what is wrong with it. */
export function measureQueue(
  metrics: Pick<Metrics, 'queueUp' | 'queueTrouble'>,
  trouble: RedisTrouble | undefined,
): void {
  metrics.queueUp.set(trouble === undefined ? 1 : 0);
  tellReason(metrics.queueTrouble, REDIS_TROUBLES, trouble);
}
