import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';
import {readSettings} from './env-example.ts';

const SERVICES = ['webhook', 'media-edge', 'realtime-worker', 'analytics'];
/** Read by the OpenTelemetry SDK itself. */
const BY_THE_SDK = ['OTEL_EXPORTER_OTLP_HEADERS'];
/** How long a worker holds a call whose edge says nothing: `EDGE_SILENT` and `STREAM_GRACE`. */
const CALL_HELD_SECONDS = 8 + 15;
/** What a process takes to end after its drain. */
const GOODBYE_SECONDS = 5;

const Port = z.string().regex(/^\$\{\w+:-127\.0\.0\.1:\d+\}:\d+$/);
const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      environment: z.record(z.string(), z.unknown()).default({}),
      stop_grace_period: z.string().optional(),
      build: z.object({args: z.object({SERVICE: z.string()})}).optional(),
      image: z.string().optional(),
      ports: z.array(Port).default([]),
      networks: z.array(z.string()),
      secrets: z.array(z.string()).default([]),
      mem_limit: z.string(),
      pids_limit: z.number(),
      read_only: z.literal(true),
      cap_drop: z.tuple([z.literal('ALL')]),
      security_opt: z.tuple([z.literal('no-new-privileges:true')]),
      logging: z.object({options: z.object({'max-size': z.string(), 'max-file': z.string()})}),
    }),
  ),
  networks: z.object({back: z.object({internal: z.literal(true)})}),
});

const composeFile = readFileSync('docker-compose.yml', 'utf8');
const compose = Compose.parse(parse(composeFile, {merge: true}));
const settings = await readSettings();

/** What a service reads; PORT is left out of the list of settings. */
const reads = (service: string, name: string) =>
  name === 'PORT' || (settings.get(name) ?? []).some(setting => setting.service === service);

test.each(['realtime-worker', 'analytics'])('a probe reaches %s in its container', service => {
  expect(compose.services[service]?.environment['HOST']).toBe('0.0.0.0');
});

test.each(['webhook', 'media-edge'])(
  'a stranger reaches no %s in a container while signatures are not checked',
  service => {
    // Empty counts as not set; an operator who wants it open must write it down.
    expect(compose.services[service]?.environment['HOST']).toMatch(/^\$\{\w+:-\}$/);
  },
);

test.each(SERVICES)('an operator who uses docker compose sets nothing on %s that is not read', service => {
  const {environment, stop_grace_period: grace = '', build} = compose.services[service]!;
  expect(build?.args.SERVICE).toBe(`services/${service}`);
  const names = Object.keys(environment).map(name => name.replace(/_FILE$/, ''));
  const unread = names.filter(name => !reads(service, name) && !BY_THE_SDK.includes(name));
  expect(unread).toEqual([]);
  // The embedded database has no place in a container that is thrown away.
  const missing = [...settings].filter(
    ([name]) => name !== 'DATA_DIR' && reads(service, name) && !names.includes(name),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
  const drain = /:-(\d+)/.exec(String(environment['DRAIN_SECONDS']))?.[1];
  expect(Number.parseInt(grace, 10)).toBeGreaterThanOrEqual(Number(drain) + GOODBYE_SECONDS);
});

test('whoever holds no calls and no secrets sees no Redis and no database', () => {
  const inside = ['redis-bus', 'redis-queue', 'postgres'];
  for (const name of inside) expect(compose.services[name]?.networks).toEqual(['back']);
  const outsiders = Object.entries(compose.services).filter(([, {networks}]) => !networks.includes('back'));
  expect(outsiders.map(([name]) => name).toSorted()).toEqual(['balancer', 'simulator-openai', 'simulator-twilio']);
});

test('what scales has no port of the machine, so that there can be as many as there are needed', () => {
  const published = Object.entries(compose.services).filter(([, {ports}]) => ports.length > 0);
  expect(published.map(([name]) => name)).toEqual(['balancer', 'analytics']);
});

test('no secret is in an environment, where everybody who may inspect a container reads it', () => {
  for (const service of SERVICES) {
    const {environment, secrets} = compose.services[service]!;
    const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
    // One that not everybody has is named by its file, and is nothing without it.
    const paths = files.map(([, path]) => String(path).replace(/^\$\{\w+_FILE:\+(.*)\}$/, '$1'));
    expect(paths.toSorted()).toEqual(secrets.map(name => `/run/secrets/${name}`).toSorted());
    expect(
      Object.keys(environment).filter(name => /KEY$|TOKEN$|PASSWORD$|REDIS_URL$|DATABASE_URL$/.test(name)),
    ).toEqual([]);
  }
});

test('a service that hangs is killed by its supervisor while a worker still holds the calls of an edge', () => {
  const supervisor = readFileSync('deploy/supervise', 'utf8');
  const numberIn = (pattern: RegExp) => Number(pattern.exec(supervisor)?.[1]);
  const [tries, seconds] = [numberIn(/^tries=(\d+)$/m), numberIn(/^seconds=.*:-(\d+)\}$/m)];
  // A pause may have begun just before the first question.
  expect(seconds + tries * seconds).toBeLessThan(CALL_HELD_SECONDS);
});

test('images are named by an exact version, and Node is the one that runs everywhere else', () => {
  const images = Object.values(compose.services).flatMap(({image}) => image ?? []);
  for (const image of images) expect(image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-alpine$/);
  const {dependencies} = z
    .object({dependencies: z.object({node: z.string()})})
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
  const bases = [...readFileSync('deploy/Dockerfile', 'utf8').matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
  expect(new Set(bases)).toEqual(new Set([`${dependencies.node}-bookworm-slim`]));
});

test('Prometheus reads the metrics where the services have them, which no stranger reaches', () => {
  const prometheus = z
    .object({
      scrape_configs: z.tuple([
        z.object({dns_sd_configs: z.array(z.object({names: z.tuple([z.string()]), port: z.number()}))}),
      ]),
    })
    .parse(parse(readFileSync('deploy/observability/prometheus.yml', 'utf8')));
  const asked = prometheus.scrape_configs[0].dns_sd_configs.map(({names: [name], port}) => [name, port]);
  const {METRICS_PORT: port} = z.object({METRICS_PORT: z.number()}).parse(compose.services['webhook']?.environment);
  expect(asked).toEqual(SERVICES.map(service => [service, port]));
  for (const service of SERVICES)
    expect(compose.services[service]?.environment).toMatchObject({METRICS_PORT: port, METRICS_HOST: '0.0.0.0'});
  expect(Object.values(compose.services).flatMap(({ports}) => ports)).not.toContainEqual(
    expect.stringContaining(String(port)),
  );
  expect(readFileSync('deploy/haproxy.cfg', 'utf8')).not.toContain(String(port));
});

test('the balancer leads to the ports on which services listen, and takes no path that is for inside', () => {
  const balancer = readFileSync('deploy/haproxy.cfg', 'utf8');
  for (const service of ['webhook', 'media-edge'])
    expect(balancer).toContain(` ${service}:${String(compose.services[service]?.environment['PORT'])}`);
  const [paths = ''] = /acl request path .*/.exec(balancer) ?? [];
  expect(paths).not.toMatch(/livez|readyz|metrics/);
});
