import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {describe, expect, onTestFinished, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';

const FOLDER = 'deploy/observability';
/** The second has cases of an hour and more, which are looked at less often. */
const CASES = ['alerts.test.yml', 'slow.test.yml'];
const run = promisify(execFile);
/** What Prometheus' own tool says; rejects with it if it finds something wrong. */
const promtool = async (...args: string[]) => (await run('promtool', args, {cwd: FOLDER})).stdout;
const hasPromtool = await promtool('--version').then(
  () => true,
  () => false,
);

const read = async <Value>(file: string, schema: z.ZodType<Value>) =>
  schema.parse(parse(await readFile(join(FOLDER, file), 'utf8')));

test('each alert has a case in which it fires', async () => {
  const rules = await read(
    'alerts.yml',
    z.object({groups: z.array(z.object({rules: z.array(z.object({alert: z.string().optional()}))}))}),
  );
  const Case = z.object({alertname: z.string(), exp_alerts: z.array(z.unknown()).default([])});
  const Cases = z.object({tests: z.array(z.object({alert_rule_test: z.array(Case)}))});
  const cases = (await Promise.all(CASES.map(file => read(file, Cases)))).flatMap(({tests}) => tests);
  const fires = new Set(
    cases.flatMap(each => each.alert_rule_test.flatMap(one => (one.exp_alerts.length > 0 ? one.alertname : []))),
  );
  const all = rules.groups.flatMap(group => group.rules.flatMap(({alert}) => alert ?? []));
  expect(all.filter(alert => !fires.has(alert))).toEqual([]);
});

describe.skipIf(!hasPromtool)('promtool, which comes with Prometheus, finds nothing wrong', () => {
  const inFolder = async (name: string, text: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-promtool-'));
    onTestFinished(() => rm(folder, {recursive: true}));
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  test('with the alerts, each of which fires when it should', {timeout: 240_000}, async () => {
    expect(await promtool('check', 'rules', 'alerts.yml')).toContain('SUCCESS');
    expect(await promtool('test', 'rules', ...CASES)).toContain('SUCCESS');
  });

  test('with how Prometheus finds the processes', async () => {
    expect(await promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
  });

  test('with what a process exports', async () => {
    const checked = run('promtool', ['check', 'metrics']);
    checked.child.stdin?.end(await createMetrics('media-edge').registry.metrics());
    expect(await checked).toMatchObject({stdout: '', stderr: ''});
  });

  test('with the queries of the dashboard', async () => {
    const Panel = z.object({targets: z.array(z.object({expr: z.string()})).default([])});
    const dashboard = await read('grafana/voicebridge.json', z.object({panels: z.array(Panel)}));
    // Grafana fills in the window itself.
    const rules = dashboard.panels
      .flatMap(({targets}) => targets)
      .map(({expr}, index) => ({record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '1m')}));
    const file = await inFolder('panels.yml', JSON.stringify({groups: [{name: 'panels', rules}]}));
    expect(await promtool('check', 'rules', file)).toContain(`SUCCESS: ${rules.length} rules found`);
  });
});
