import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';
import {readSettings} from './env-example.ts';

const SERVICES = ['webhook', 'media-edge', 'realtime-worker', 'analytics'];
/** Read by the OpenTelemetry SDK itself. */
const BY_THE_SDK = ['OTEL_EXPORTER_OTLP_HEADERS'];
/** What a process takes to end after its drain. */
const GOODBYE_SECONDS = 5;

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

const compose = Compose.parse(parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}));
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
