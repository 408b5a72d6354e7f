import {readdirSync, readFileSync} from 'node:fs';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {expect, test} from 'vitest';
import {parse, parseAllDocuments} from 'yaml';
import {z} from 'zod';
import {readSettings} from './env-example.ts';

const FOLDER = 'deploy/k8s';
const SERVICES = {webhook: 5050, 'media-edge': 5051, 'realtime-worker': 5052, analytics: 5053};
/** Read by the OpenTelemetry SDK itself. */
const BY_THE_SDK = ['OTEL_EXPORTER_OTLP_HEADERS'];
/** How long a worker holds a call whose edge says nothing: `EDGE_SILENT` and `STREAM_GRACE`. */
const CALL_HELD_SECONDS = 8 + 15;
/** What a process takes to end after its drain. */
const GOODBYE_SECONDS = 5;

const Named = z.object({kind: z.string(), metadata: z.object({name: z.string()})});
const EnvVariable = z.object({name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional()});
const Probe = z.object({httpGet: z.object({path: z.string(), port: z.string()})});
const Deployment = Named.extend({
  spec: z.object({
    selector: z.object({matchLabels: z.record(z.string(), z.string())}),
    template: z.object({
      metadata: z.object({labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string())}),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.object({
            image: z.string(),
            ports: z.array(z.object({name: z.string(), containerPort: z.number()})),
            env: z.array(EnvVariable),
            readinessProbe: Probe,
            livenessProbe: Probe.extend({
              periodSeconds: z.number(),
              timeoutSeconds: z.number(),
              failureThreshold: z.number(),
              terminationGracePeriodSeconds: z.number().optional(),
            }),
            lifecycle: z
              .object({preStop: z.object({exec: z.object({command: z.tuple([z.literal('sleep'), z.string()])})})})
              .optional(),
            resources: z.object({
              requests: z.object({cpu: z.string(), memory: z.string()}),
              limits: z.object({memory: z.string()}),
            }),
          }),
        ]),
      }),
    }),
  }),
});
const Budget = Named.extend({spec: z.object({selector: z.object({matchLabels: z.record(z.string(), z.string())})})});
const Kustomization = z.object({
  resources: z.array(z.string()),
  configMapGenerator: z.array(z.object({literals: z.array(z.string())})),
  images: z.array(z.object({name: z.string()})),
});
const Scaled = Named.extend({
  spec: z.object({
    scaleTargetRef: z.object({name: z.string()}),
    triggers: z.array(z.object({metadata: z.object({query: z.string(), threshold: z.string()})})),
  }),
});
const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      environment: z.record(z.string(), z.unknown()).default({}),
      stop_grace_period: z.string().optional(),
      build: z.object({args: z.object({SERVICE: z.string()})}).optional(),
    }),
  ),
});

const documentsOf = (file: string) =>
  parseAllDocuments(readFileSync(`${FOLDER}/${file}`, 'utf8')).map(document => {
    expect(document.errors, file).toEqual([]);
    return document.toJS() as unknown;
  });
const all = readdirSync(FOLDER)
  .filter(file => file !== 'kustomization.yaml')
  .flatMap(documentsOf);
const kustomization = Kustomization.parse(documentsOf('kustomization.yaml')[0]);
const compose = Compose.parse(parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}));
const settings = await readSettings();

const deploymentOf = (service: string) =>
  Deployment.parse(
    all.find(each => {
      const {data} = Named.safeParse(each);
      return data?.kind === 'Deployment' && data.metadata.name === service;
    }),
  );
/** What a service reads; PORT is left out of the list of settings. */
const reads = (service: string, name: string) =>
  name === 'PORT' || (settings.get(name) ?? []).some(setting => setting.service === service);

test.each(Object.entries(SERVICES))(
  'an operator who deploys %s gets probes at the port it listens on',
  (service, port) => {
    const {spec} = deploymentOf(service);
    const [container] = spec.template.spec.containers;
    expect(container.ports).toEqual([{name: 'http', containerPort: port}]);
    expect(container.env).toContainEqual({name: 'PORT', value: String(port)});
    expect(container.readinessProbe.httpGet).toEqual({path: '/readyz', port: 'http'});
    expect(container.livenessProbe.httpGet).toEqual({path: '/livez', port: 'http'});
    expect(spec.template.metadata.annotations['prometheus.io/port']).toBe(String(port));
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    expect(kustomization.images.map(({name}) => name)).toContain(container.image);
  },
);

test.each(Object.keys(SERVICES))('a %s that must stop gets the whole time of its drain', service => {
  const {terminationGracePeriodSeconds, containers} = deploymentOf(service).spec.template.spec;
  const [{env, lifecycle}] = containers;
  const drain = Number(env.find(({name}) => name === 'DRAIN_SECONDS')?.value);
  const before = Number(lifecycle?.preStop.exec.command[1] ?? 0);
  expect(drain).toBeGreaterThan(0);
  expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(before + drain + GOODBYE_SECONDS);
});

test('a caller whose edge hangs for good is sent to another one while a worker still holds the call', () => {
  const {terminationGracePeriodSeconds, containers} = deploymentOf('media-edge').spec.template.spec;
  const [{livenessProbe: probe}] = containers;
  const noticed = probe.periodSeconds * probe.failureThreshold + probe.timeoutSeconds;
  const gone = noticed + (probe.terminationGracePeriodSeconds ?? terminationGracePeriodSeconds);
  expect(gone).toBeLessThan(CALL_HELD_SECONDS);
});

test.each(Object.keys(SERVICES))(
  'an operator sets on %s everything that is required, and nothing that is not read',
  service => {
    const [{env}] = deploymentOf(service).spec.template.spec.containers;
    const own = env.map(({name}) => name);
    expect(own.filter(name => !reads(service, name))).toEqual([]);
    const shared = kustomization.configMapGenerator.flatMap(({literals}) =>
      literals.map(text => text.split('=')[0] ?? ''),
    );
    for (const [name, uses] of settings)
      if (uses.some(use => use.service === service && use.required)) expect([...own, ...shared]).toContain(name);
    expect(shared.filter(name => !settings.has(name))).toEqual([]);
  },
);

test.each(['realtime-worker', 'analytics'])('a probe reaches %s in its container', service => {
  const [{env}] = deploymentOf(service).spec.template.spec.containers;
  expect(env).toContainEqual({name: 'HOST', value: '0.0.0.0'});
  expect(compose.services[service]?.environment['HOST']).toBe('0.0.0.0');
});

test.each(['webhook', 'media-edge'])(
  'a stranger reaches no %s in a container while signatures are not checked',
  service => {
    const [{env}] = deploymentOf(service).spec.template.spec.containers;
    expect(env.map(({name}) => name)).not.toContain('HOST');
    // Empty counts as not set; an operator who wants it open must write it down.
    expect(compose.services[service]?.environment['HOST']).toMatch(/^\$\{\w+:-\}$/);
  },
);

test('an operator who empties a node takes one process of a kind at a time', () => {
  const budgets = all.flatMap(each => (Named.parse(each).kind === 'PodDisruptionBudget' ? [Budget.parse(each)] : []));
  for (const service of Object.keys(SERVICES))
    expect(budgets.map(({spec}) => spec.selector.matchLabels)).toContainEqual(
      deploymentOf(service).spec.selector.matchLabels,
    );
});

test('an operator scales by calls, well before every place is taken', () => {
  const scaled = all.flatMap(each => (Named.parse(each).kind === 'ScaledObject' ? [Scaled.parse(each)] : []));
  expect(scaled.map(({metadata}) => metadata.name)).toEqual(['realtime-worker', 'media-edge']);
  for (const {spec} of scaled) {
    const [{metadata: trigger} = {metadata: {query: '', threshold: ''}}] = spec.triggers;
    const target = spec.scaleTargetRef.name;
    expect(trigger.query).toBe(`sum(voicebridge_calls_active{service="${target}"})`);
    expect(createMetrics(target).registry.getSingleMetric('voicebridge_calls_active')).toBeDefined();
    const {env} = deploymentOf(target).spec.template.spec.containers[0];
    const capacity = Number(env.find(({name}) => name === 'MAX_CALLS')?.value);
    expect(Number(trigger.threshold)).toBe(0.7 * capacity);
  }
});

test('an operator who applies the folder gets every file of it, but the example', () => {
  const files = readdirSync(FOLDER).filter(file => !['kustomization.yaml', 'autoscaling.yaml'].includes(file));
  expect(kustomization.resources.toSorted()).toEqual(files.toSorted());
});

test.each(Object.keys(SERVICES))('an operator who uses docker compose sets nothing on %s that is not read', service => {
  const {environment, stop_grace_period: grace = '', build} = compose.services[service] ?? {environment: {}};
  expect(build?.args.SERVICE).toBe(`services/${service}`);
  const unread = Object.keys(environment).filter(name => !reads(service, name) && !BY_THE_SDK.includes(name));
  expect(unread).toEqual([]);
  // The embedded database has no place in a container that is thrown away.
  const missing = [...settings].filter(
    ([name]) => name !== 'DATA_DIR' && reads(service, name) && !(name in environment),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
  const drain = /:-(\d+)/.exec(String(environment['DRAIN_SECONDS']))?.[1];
  expect(Number.parseInt(grace, 10)).toBeGreaterThanOrEqual(Number(drain) + GOODBYE_SECONDS);
});
