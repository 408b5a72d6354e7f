import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {describe, expect, test} from 'vitest';
import {z} from 'zod';
import {Workload} from './objects.ts';
import {Manifest, ofKind, overlays, render, renderer} from './rendered.ts';

/** The rest is for the minute that a new pod takes, and for a pod that dies. */
const FULL_ENOUGH = 0.7;
const SCALED = ['media-edge', 'realtime-worker'];

const ByKeda = Manifest.extend({
  spec: z.object({
    scaleTargetRef: z.object({name: z.string()}),
    triggers: z.array(
      z.object({metricType: z.string(), metadata: z.object({query: z.string(), threshold: z.string()})}),
    ),
  }),
});
const ByKubernetes = Manifest.extend({
  spec: z.object({
    scaleTargetRef: z.object({name: z.string()}),
    metrics: z.array(
      z.object({
        pods: z.object({metric: z.object({name: z.string()}), target: z.object({averageValue: z.string()})}),
      }),
    ),
  }),
});

/** Calls and milliseconds of lag of a pod at which another one is started. */
interface Threshold {
  readonly target: string;
  readonly calls: number;
  readonly lagMs: number;
}

const thresholdsOf = (all: readonly Manifest[]): readonly Threshold[] => [
  ...ofKind(all, 'ScaledObject', ByKeda).map(({spec: {scaleTargetRef, triggers}}) => {
    const [calls, lag] = triggers;
    const service = scaleTargetRef.name;
    expect(calls).toMatchObject({
      metricType: 'AverageValue',
      metadata: {query: `sum(voicebridge_calls_active{service="${service}"})`},
    });
    expect(lag?.metricType).toBe('Value');
    expect(lag?.metadata.query).toContain(`voicebridge_event_loop_lag_seconds{service="${service}"}`);
    return {target: service, calls: Number(calls?.metadata.threshold), lagMs: Number(lag?.metadata.threshold)};
  }),
  ...ofKind(all, 'HorizontalPodAutoscaler', ByKubernetes).map(({spec: {scaleTargetRef, metrics}}) => {
    expect(metrics.map(({pods}) => pods.metric.name)).toEqual([
      'voicebridge_calls_active',
      'voicebridge_event_loop_lag_seconds',
    ]);
    const [calls, lag] = metrics.map(({pods}) => pods.target.averageValue);
    // `20m` of a second.
    return {target: scaleTargetRef.name, calls: Number(calls), lagMs: Number(lag?.replace('m', ''))};
  }),
];

describe.skipIf(!renderer)('an operator whose fleet scales itself', () => {
  test.each(overlays)('gets another process well before every place is taken (%s)', async overlay => {
    const all = await render(overlay);
    const scaled = thresholdsOf(all);
    expect(scaled.map(({target}) => target).toSorted()).toEqual(overlay === 'one-redis' ? [] : SCALED);
    for (const {metadata, spec} of ofKind(all, 'Deployment', Workload)) {
      const threshold = scaled.find(({target}) => target === metadata.name);
      // Otherwise each `kubectl apply` would fight the autoscaler, under the calls.
      expect(spec.replicas === undefined, metadata.name).toBe(threshold !== undefined);
      if (!threshold) continue;
      const {env} = spec.template.spec.containers[0];
      const capacity = Number(env.find(({name}) => name === 'MAX_CALLS')?.value);
      expect(threshold).toEqual({target: metadata.name, calls: FULL_ENOUGH * capacity, lagMs: 20});
    }
  });

  test.each(SCALED)('scales by metrics that %s has', service => {
    const {registry} = createMetrics(service);
    for (const name of ['voicebridge_calls_active', 'voicebridge_event_loop_lag_seconds'])
      expect(registry.getSingleMetric(name)).toBeDefined();
  });
});
