import {expect, test} from 'vitest';
import {createMetrics} from './metrics.ts';

const namesOf = (service: string) =>
  createMetrics(service)
    .registry.getMetricsAsArray()
    .map(({name}) => name)
    .filter(name => name.startsWith('voicebridge_'));

test('an operator who sees a zero knows that it was counted: a process exports only what it sets', () => {
  expect(namesOf('analytics')).not.toContain('voicebridge_calls_active');
  expect(namesOf('webhook')).not.toContain('voicebridge_analytics_database_up');
  for (const service of ['webhook', 'media-edge', 'realtime-worker', 'analytics'])
    expect(namesOf(service)).toEqual(
      expect.arrayContaining(['voicebridge_redis_up', 'voicebridge_draining', 'voicebridge_event_loop_lag_seconds']),
    );
});

test('an operator misses nothing: every metric is exported by somebody', () => {
  const exported = new Set(['webhook', 'media-edge', 'realtime-worker', 'analytics'].flatMap(namesOf));
  expect(namesOf('a test').filter(name => !exported.has(name))).toEqual([]);
});

test('an operator sees what runs', async () => {
  const text = await createMetrics('webhook').registry.metrics();
  expect(text).toMatch(/^voicebridge_build_info\{version="\d[^"]*",node="v\d+[^"]*",service="webhook"\} 1$/m);
});

test('an operator is told at the first error: every count begins at 0, and not when it first happens', async () => {
  const text = await createMetrics('realtime-worker').registry.metrics();
  expect(text).toContain('voicebridge_model_errors_total{code="insufficient_quota",service="realtime-worker"} 0');
  expect(text).toContain('voicebridge_calls_total{result="platform.stream-lost",service="realtime-worker"} 0');
  expect(text).not.toContain('result="overload"');
});
