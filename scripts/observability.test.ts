import {readFileSync} from 'node:fs';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';
import {grafanaDashboard} from './grafana.ts';

const SERVICES = ['webhook', 'media-edge', 'realtime-worker', 'analytics'];
const DASHBOARD = 'deploy/observability/grafana/voicebridge.json';
/** What Prometheus adds to everything it scrapes. */
const EVERYWHERE = ['service', 'instance', 'job', 'le'];

const Dashboard = z.object({
  panels: z.array(z.object({title: z.string(), targets: z.array(z.object({expr: z.string()})).default([])})),
});
const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
});
const Exported = z.object({name: z.string(), type: z.string(), labelNames: z.array(z.string()).default([])});

const dashboard = Dashboard.parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')));
const rules = Rules.parse(parse(readFileSync('deploy/observability/alerts.yml', 'utf8'))).groups.flatMap(
  group => group.rules,
);
const alerts = rules.filter(({alert}) => alert !== undefined);
const recorded = new Set(rules.flatMap(({record}) => record ?? []));
const runbook = readFileSync('docs/RUNBOOK.md', 'utf8');

/** Each metric by the name that queries use, with its labels and the services that export it. */
const exported = new Map<
  string,
  {labels: readonly string[]; services: Set<string>; values: Map<string, Set<string>>}
>();
for (const service of SERVICES) {
  const {registry} = createMetrics(service);
  for (const metric of registry.getMetricsAsArray()) {
    const {name, type, labelNames} = Exported.parse(metric);
    const series = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    for (const one of series) {
      const known = exported.get(one) ?? {
        labels: [...labelNames, ...EVERYWHERE],
        services: new Set(),
        values: new Map(),
      };
      known.services.add(service);
      for (const {labels} of type === 'counter' ? ((await registry.getSingleMetric(name)?.get())?.values ?? []) : [])
        for (const label of labelNames)
          known.values.set(label, (known.values.get(label) ?? new Set()).add(String(labels[label])));
      exported.set(one, known);
    }
  }
}
// On Linux only, which is where processes run in earnest.
for (const name of ['process_open_fds', 'process_max_fds'])
  exported.set(name, {labels: EVERYWHERE, services: new Set(SERVICES), values: new Map()});
exported.set('up', {labels: EVERYWHERE, services: new Set(SERVICES), values: new Map()});

const queries = [
  ...dashboard.panels.flatMap(({title, targets}) => targets.map(({expr}) => [title, expr] as const)),
  ...rules.map(({alert, record, expr}) => [alert ?? record ?? '', expr] as const),
];

test('an operator opens the dashboard that scripts/grafana.ts describes', () => {
  expect(JSON.parse(readFileSync(DASHBOARD, 'utf8')), 'out of date: node scripts/grafana.ts').toEqual(
    grafanaDashboard(),
  );
});

test.each(queries)('the panel %s uses only metrics and labels that a process exports', (_, expr) => {
  const used = [...expr.matchAll(/(?<![\w:"])(voicebridge[:_]\w[\w:]*|process_\w+|nodejs_\w+|up\b)(?:\{([^}]*)\})?/g)];
  expect(used).not.toEqual([]);
  const labels = new Set<string>(EVERYWHERE);
  for (const [, name = '', selector = ''] of used) {
    if (recorded.has(name)) continue;
    const metric = exported.get(name);
    expect(metric, `${name} is exported by no service`).toBeDefined();
    for (const label of metric?.labels ?? []) labels.add(label);
    for (const [, label = '', operator = '', value = ''] of selector.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)) {
      expect(metric?.labels, `${name} has no label ${label}`).toContain(label);
      // A counter of one label shows all the values that it may have.
      const values = [...(metric?.values.get(label) ?? [])];
      for (const pattern of values.length > 0 && operator.startsWith('=') ? value.split('|') : [])
        expect(
          values.filter(each => new RegExp(`^${pattern}$`).test(each)),
          `${name}, ${pattern}`,
        ).not.toEqual([]);
      for (const service of label === 'service' ? value.split('|') : [])
        expect([...(metric?.services ?? [])], `${name} of ${value}`).toContain(service);
    }
  }
  for (const [, list = ''] of expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g))
    for (const label of list.split(',')) expect([...labels], `grouped by ${label}`).toContain(label.trim());
});

/** As GitHub makes an anchor of a heading. */
const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-'),
);

test.each(alerts.map(alert => [alert.alert ?? '', alert] as const))(
  'an operator who is woken by %s reads what it means and what to do',
  (_, {annotations, labels, expr}) => {
    expect(['page', 'ticket']).toContain(labels['severity']);
    expect(annotations['summary']).toBeTruthy();
    const [file, anchor] = (annotations['runbook_url'] ?? '').split('#');
    expect(file).toBe('docs/RUNBOOK.md');
    expect(anchors, 'headings of docs/RUNBOOK.md').toContain(anchor);
    const isWhole = !/\b(?:sum|min|max|avg|count)\s*(?:by|\()/.test(expr);
    for (const [, label = ''] of (annotations['summary'] ?? '').matchAll(/\$labels\.(\w+)/g))
      expect(isWhole || new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr), `${label} survives the query`).toBe(true);
  },
);

test('the runbook explains every alert by its name, and none that does not exist', () => {
  const named = new Set(
    [...runbook.matchAll(/^Alerts?: (.+)$/gm)].flatMap(([, list = '']) => list.match(/\w+/g) ?? []),
  );
  expect([...named].toSorted()).toEqual(alerts.flatMap(({alert}) => alert ?? []).toSorted());
});

test('each of our metrics is in a panel or in an alert', () => {
  const asked = queries.map(([, expr]) => expr).join('\n');
  const all = createMetrics('every one')
    .registry.getMetricsAsArray()
    .map(metric => Exported.parse(metric).name);
  expect(all.filter(name => name.startsWith('voicebridge_') && !asked.includes(name))).toEqual([]);
});
