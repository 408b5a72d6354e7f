import {beforeAll, describe, expect, test} from 'vitest';
import {z} from 'zod';
import {appsOf, ConfigMap, Policy, type Selected} from './objects.ts';
import {Manifest, ofKind, overlays, render, renderer} from './rendered.ts';

const OURS = ['analytics', 'media-edge', 'realtime-worker', 'webhook'];
const PUBLIC = {
  webhook: [
    '/',
    '/after-stream',
    '/call-machine',
    '/call-status',
    '/incoming-call',
    '/music',
    '/person-status',
    '/stream-status',
    '/waiting',
    '/whisper',
  ],
  edge: ['/media-stream'],
};

const Route = Manifest.extend({
  spec: z.object({
    hostnames: z.array(z.string()),
    rules: z.array(
      z.object({
        matches: z.array(z.object({path: z.object({type: z.string(), value: z.string()})})),
        backendRefs: z.array(z.object({name: z.string()})),
        timeouts: z.object({request: z.string()}),
      }),
    ),
  }),
});
const Ingress = Manifest.extend({
  metadata: z.looseObject({name: z.string(), annotations: z.record(z.string(), z.string())}),
  spec: z.object({
    rules: z.tuple([
      z.object({
        host: z.string(),
        http: z.object({paths: z.array(z.object({path: z.string(), pathType: z.string()}))}),
      }),
    ]),
    tls: z.tuple([z.object({hosts: z.array(z.string())})]),
  }),
});

describe.skipIf(!renderer).each(overlays)('with the overlay %s', overlay => {
  let all: readonly Manifest[];
  let policies: readonly z.infer<typeof Policy>[];
  beforeAll(async () => {
    all = await render(overlay);
    policies = ofKind(all, 'NetworkPolicy', Policy);
  });

  const names = (selector: Selected) => appsOf(selector)?.toSorted() ?? ['everybody'];

  test('nothing goes in or out but what is listed', () => {
    expect(policies.map(({spec}) => spec)).toContainEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    });
  });

  test('only what Twilio asks, probes of Prometheus and, in Redis, our processes come in', () => {
    const flows = policies.flatMap(({spec}) =>
      spec.ingress.flatMap(({from, ports}) =>
        from.map(peer => {
          const who = peer.podSelector
            ? names(peer.podSelector).join()
            : Object.keys(peer.namespaceSelector!.matchLabels).join();
          return `${who} → ${names(spec.podSelector).join()} ${ports.map(({port}) => port).join()}`;
        }),
      ),
    );
    expect(flows.toSorted()).toEqual([
      ...(overlay === 'one-redis' ? [`${OURS.join()} → redis-bus,redis-queue redis`] : []),
      'voicebridge/gateway → media-edge,webhook http',
      `voicebridge/monitoring → ${OURS.join()} metrics`,
    ]);
  });

  test('only names, Redis, the database and, for workers, the model, for webhooks Twilio are reached', () => {
    const ports = new Map<string, Set<string>>();
    for (const {spec} of policies)
      for (const {ports: open} of spec.egress)
        for (const app of names(spec.podSelector))
          for (const {port} of open) ports.set(app, (ports.get(app) ?? new Set()).add(String(port)));
    const redis = overlay === 'one-redis' ? ['6379'] : ['6379', '6380'];
    expect(Object.fromEntries([...ports].map(([app, open]) => [app, [...open].toSorted()]))).toEqual({
      analytics: ['53', '5432', ...redis].toSorted(),
      'media-edge': ['53', ...redis],
      'realtime-worker': ['443', '53', ...redis].toSorted(),
      webhook: ['443', '53', ...redis].toSorted(),
    });
  });

  test('a worker whose model is asked for an address of this network does not reach it', () => {
    const model = policies.find(({metadata}) => metadata.name === 'model')!;
    const blocks = model.spec.egress.flatMap(({to}) => to.flatMap(({ipBlock}) => ipBlock ?? []));
    expect(blocks.find(({cidr}) => cidr === '0.0.0.0/0')!.except).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16']),
    );
  });

  test('the way in leads to what Twilio asks, at the addresses that Twilio is told, and nowhere else', () => {
    const [config] = ofKind(all, 'ConfigMap', ConfigMap);
    const hostOf = (name: string) => new URL(config!.data[name]!).host;
    const routes = ofKind(all, 'HTTPRoute', Route).map(({metadata, spec}) => ({
      name: metadata.name,
      hosts: spec.hostnames,
      paths: spec.rules.flatMap(({matches}) => matches.map(({path}) => path.value)),
      exact: spec.rules.flatMap(({matches}) => matches.map(({path}) => path.type === 'Exact')),
      endless: spec.rules.every(({timeouts}) => timeouts.request === '0s'),
    }));
    const ingresses = ofKind(all, 'Ingress', Ingress).map(({metadata, spec: {rules, tls}}) => ({
      name: metadata.name,
      hosts: [...new Set([rules[0].host, ...tls[0].hosts])],
      paths: rules[0].http.paths.map(({path}) => path),
      exact: rules[0].http.paths.map(({pathType}) => pathType === 'Exact'),
      endless: ['haproxy.org/timeout-tunnel', 'nginx.org/proxy-read-timeout'].every(
        name => metadata.annotations[name] === '24h',
      ),
    }));
    expect([...routes, ...ingresses].toSorted((one, other) => (one.name < other.name ? -1 : 1))).toEqual([
      {
        name: 'media-edge',
        hosts: [hostOf('PUBLIC_EDGE_URL')],
        paths: PUBLIC.edge,
        exact: [false],
        endless: true,
      },
      {
        name: 'webhook',
        hosts: [hostOf('PUBLIC_WEBHOOK_URL')],
        paths: expect.toSatisfy((paths: string[]) => paths.toSorted().join() === PUBLIC.webhook.join()),
        exact: PUBLIC.webhook.map(() => true),
        endless: false,
      },
    ]);
  });
});
