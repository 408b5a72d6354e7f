import {beforeAll, describe, expect, test} from 'vitest';
import type {z} from 'zod';
import library from '../../libs/shared/package.json' with {type: 'json'};
import {readSettings} from '../env-example.ts';
import {Budget, ConfigMap, Service, Workload} from './objects.ts';
import {type Manifest, ofKind, overlays, render, renderer} from './rendered.ts';

const SERVICES = {webhook: 5050, 'media-edge': 5051, 'realtime-worker': 5052, analytics: 5053};
const NAMES = Object.keys(SERVICES);
/** How long a worker holds a call whose edge says nothing: `EDGE_SILENT` and `STREAM_GRACE`. */
const CALL_HELD_SECONDS = 8 + 15;
/** What a process takes to end after its drain. */
const GOODBYE_SECONDS = 5;
/** A busy machine needs half a minute just to load the sources. */
const SLOW_START_SECONDS = 90;

const settings = await readSettings();
/** What a service reads; PORT is left out of the list of settings. */
const reads = (service: string, name: string) =>
  name === 'PORT' || (settings.get(name) ?? []).some(setting => setting.service === service);

describe.skipIf(!renderer).each(overlays)('with the overlay %s', overlay => {
  let all: readonly Manifest[];
  let workloads: readonly z.infer<typeof Workload>[];
  const podOf = (service: string) => workloads.find(({metadata}) => metadata.name === service)!.spec.template;
  const containerOf = (service: string) => podOf(service).spec.containers[0];

  beforeAll(async () => {
    all = await render(overlay);
    workloads = [...ofKind(all, 'Deployment', Workload), ...ofKind(all, 'StatefulSet', Workload)];
  });

  test('every pod is locked up', () => {
    expect(workloads.map(({metadata}) => metadata.name)).toEqual(expect.arrayContaining(NAMES));
    for (const {metadata, spec} of workloads) {
      const {securityContext, automountServiceAccountToken, containers} = spec.template.spec;
      expect(automountServiceAccountToken, metadata.name).toBe(false);
      expect(securityContext).toMatchObject({runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}});
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: {drop: ['ALL']},
      });
    }
    expect(all).toContainEqual(expect.objectContaining({kind: 'ServiceAccount', automountServiceAccountToken: false}));
    expect(all.filter(({kind, metadata}) => kind !== 'Namespace' && metadata.namespace !== 'voicebridge')).toEqual([]);
  });

  test('every container has limits, but of processor time: a throttled process is late with audio', () => {
    for (const {spec} of workloads) {
      const {requests, limits} = spec.template.spec.containers[0].resources;
      expect(Object.keys(requests).toSorted()).toEqual(['cpu', 'memory']);
      expect(Object.keys(limits)).toEqual(['memory']);
    }
  });

  test('every image is of one version', () => {
    for (const {spec} of workloads) {
      const {image} = spec.template.spec.containers[0];
      expect(image).toMatch(/:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64}$/);
      if (image.includes('voicebridge')) expect(image.split(':')[1]).toBe(library.version);
    }
  });

  test.each(Object.entries(SERVICES))(
    '%s is probed at the port that it listens on, and scraped at another',
    (service, port) => {
      const {ports, env, startupProbe, readinessProbe, livenessProbe} = containerOf(service);
      const [shared] = ofKind(all, 'ConfigMap', ConfigMap);
      const metrics = Number(shared?.data['METRICS_PORT']);
      expect(shared?.data['METRICS_HOST']).toBe('0.0.0.0');
      expect(ports).toEqual([
        {name: 'http', containerPort: port},
        {name: 'metrics', containerPort: metrics},
      ]);
      expect(env).toContainEqual({name: 'PORT', value: String(port)});
      expect(livenessProbe.httpGet).toEqual({path: '/livez', port: 'http'});
      expect(startupProbe!.httpGet).toEqual({path: '/readyz', port: 'http'});
      expect(startupProbe!.periodSeconds * startupProbe!.failureThreshold).toBeGreaterThanOrEqual(SLOW_START_SECONDS);
      // While Redis is unavailable a webhook must still be asked: it knows what callers are to hear.
      expect(readinessProbe.httpGet!.path).toBe(service === 'webhook' ? '/livez' : '/readyz');
      expect(podOf(service).metadata.annotations).toMatchObject({'prometheus.io/port': String(metrics)});
    },
  );

  test.each(NAMES)('a %s that must stop gets the whole time of its drain', service => {
    const {env, lifecycle} = containerOf(service);
    const drain = Number(env.find(({name}) => name === 'DRAIN_SECONDS')?.value);
    const before = lifecycle?.preStop.sleep.seconds ?? 0;
    expect(drain).toBeGreaterThan(0);
    const grace = podOf(service).spec.terminationGracePeriodSeconds;
    expect(grace).toBeGreaterThanOrEqual(before + drain + GOODBYE_SECONDS);
  });

  test('a balancer learns that a pod leaves before the pod stops to listen', () => {
    for (const service of ['webhook', 'media-edge'])
      expect(containerOf(service).lifecycle!.preStop.sleep.seconds).toBeGreaterThanOrEqual(5);
  });

  test('a caller whose edge hangs for good is sent to another one while a worker still holds the call', () => {
    const {livenessProbe: probe} = containerOf('media-edge');
    const noticed = probe.periodSeconds * probe.failureThreshold + probe.timeoutSeconds;
    expect(noticed + probe.terminationGracePeriodSeconds!).toBeLessThan(CALL_HELD_SECONDS);
  });

  test('an edge that is only busy may be late with its answer, again and again', () => {
    const {livenessProbe: probe} = containerOf('media-edge');
    expect(probe.timeoutSeconds * probe.failureThreshold).toBeGreaterThanOrEqual(15);
  });

  test.each(['webhook', 'media-edge', 'realtime-worker'])('a rollout of %s stops at the first bad pod', service => {
    const {strategy, minReadySeconds} = workloads.find(({metadata}) => metadata.name === service)!.spec;
    expect(strategy).toEqual({rollingUpdate: {maxSurge: 1, maxUnavailable: 0}});
    expect(minReadySeconds).toBeGreaterThan(0);
    const keys = podOf(service).spec.topologySpreadConstraints.map(({topologyKey}) => topologyKey);
    expect(keys).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  });

  test.each(NAMES)('%s gets everything that it requires, and nothing that it does not read', service => {
    const {env} = containerOf(service);
    const own = env.map(({name}) => name);
    expect(own.filter(name => !reads(service, name))).toEqual([]);
    const shared = ofKind(all, 'ConfigMap', ConfigMap).flatMap(({data}) => Object.keys(data));
    for (const [name, uses] of settings)
      if (uses.some(use => use.service === service && use.required)) expect([...own, ...shared]).toContain(name);
    expect(shared.filter(name => !settings.has(name))).toEqual([]);
    // A secret of its own: nobody gets the keys of another service.
    const secrets = env.flatMap(({valueFrom}) => valueFrom?.secretKeyRef.name ?? []);
    expect([...new Set(secrets)]).toEqual([service]);
  });

  test('a probe reaches workers and analytics, and no stranger a webhook or an edge without signatures', () => {
    for (const service of NAMES) {
      const host = containerOf(service).env.find(({name}) => name === 'HOST')?.value;
      expect(host).toBe(['realtime-worker', 'analytics'].includes(service) ? '0.0.0.0' : undefined);
    }
  });

  test('an operator who empties a node takes one process of a kind at a time', () => {
    const budgets = ofKind(all, 'PodDisruptionBudget', Budget);
    for (const {metadata, kind, spec} of workloads) {
      const budget = budgets.find(each => each.metadata.name === metadata.name);
      expect(budget?.spec.selector).toEqual(spec.selector);
      // The only Redis is moved by hand.
      expect(budget?.spec.maxUnavailable).toBe(kind === 'StatefulSet' ? 0 : 1);
    }
  });

  test('every service leads to pods that listen there', () => {
    for (const {metadata, spec} of ofKind(all, 'Service', Service)) {
      const pod = podOf(metadata.name);
      expect(pod.metadata.labels).toMatchObject(spec.selector);
      // Nothing leads to the metrics: Prometheus asks each pod itself.
      const ports = pod.spec.containers[0].ports.flatMap(({name}) => (name === 'metrics' ? [] : name));
      expect(ports).toEqual(spec.ports.map(({targetPort}) => targetPort));
    }
  });
});
