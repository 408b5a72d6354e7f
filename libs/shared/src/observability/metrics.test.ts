import {expect, test} from 'vitest';
import {createMetrics} from './metrics.ts';

const namesOf = (service: string) =>
  createMetrics(service)
    .registry.getMetricsAsArray()
    .map(({name}) => name)
    .filter(name => name.startsWith('voicebridge_'));

test('a process exports only the metrics that it sets, so that an operator can trust a zero', () => {
  expect(namesOf('analytics')).not.toContain('voicebridge_calls_active');
  expect(namesOf('webhook')).not.toContain('voicebridge_analytics_database_up');
  for (const service of ['webhook', 'media-edge', 'realtime-worker', 'analytics'])
    expect(namesOf(service)).toEqual(
      expect.arrayContaining(['voicebridge_redis_up', 'voicebridge_draining', 'voicebridge_event_loop_lag_seconds']),
    );
});

test('every metric is exported by at least one service', () => {
  const exported = new Set(['webhook', 'media-edge', 'realtime-worker', 'analytics'].flatMap(namesOf));
  expect(namesOf('a test').filter(name => !exported.has(name))).toEqual([]);
});

test('an operator sees the version of each process', async () => {
  const text = await createMetrics('webhook').registry.metrics();
  expect(text).toMatch(/^voicebridge_build_info\{version="\d[^"]*",node="v\d+[^"]*",service="webhook"\} 1$/m);
});

test('every counter starts at 0, so that an operator is alerted by the first error', async () => {
  const text = await createMetrics('realtime-worker').registry.metrics();
  expect(text).toContain('voicebridge_model_errors_total{code="insufficient_quota",service="realtime-worker"} 0');
  expect(text).toContain('voicebridge_calls_total{result="platform.stream-lost",service="realtime-worker"} 0');
  expect(text).not.toContain('result="overload"');
});
