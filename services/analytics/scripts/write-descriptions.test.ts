import {readFileSync} from 'node:fs';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {addedLater, duration, recordOf} from '@voicebridge/shared/cdr/figure.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {describe, expect, test} from 'vitest';
import {columnsOf, rowOf} from '../src/database/figure-columns.ts';
import {answerOf} from '../src/queries/call-shapes.ts';
import {metricsOf} from '../src/queries/metric-catalogue.ts';
import {turnOfTest} from '../src/testing/finished-call.ts';
import {
  DASHBOARD_END_REASONS,
  dashboardEndReasons,
  METRICS_PAGE,
  metricsPage,
  metricsTable,
} from './write-descriptions.ts';

const OUT_OF_DATE = 'out of date: npm run format';
const page = readFileSync(METRICS_PAGE, 'utf8');

test('an analyst reads every figure in docs/METRICS.md as its description defines it', () => {
  expect(page, OUT_OF_DATE).toBe(metricsPage(page));
});

test('an analyst reads what the gap of each kind of failover is', () => {
  for (const kind of FAILOVER_FIGURES.kind.kind.words) expect(page).toMatch(new RegExp(`^\\|.*\`${kind}\`.*\\|`, 'm'));
});

test('an analyst can filter by every end reason in the dashboard', () => {
  expect(readFileSync(DASHBOARD_END_REASONS, 'utf8'), OUT_OF_DATE).toBe(dashboardEndReasons());
});

/** The example of docs/METRICS.md, "Adding a figure". */
describe('a new figure', () => {
  const figures = {
    ...TURN_FIGURES,
    workerDelayMs: {
      kind: addedLater(duration, null),
      column: 'workerDelayMs',
      about: 'first audio delta to the first frame sent',
      metric: {
        name: 'worker_delay',
        title: 'Worker delay',
        definition: {from: 'first audio delta arrived', to: 'first frame sent', clock: 'worker; ms'},
      },
    },
  } as const;
  const turn = recordOf(figures).parse(turnOfTest(1, {workerDelayMs: 12.5}));

  test('a new figure is part of the record, of its row and of the answer of the API', () => {
    expect(turn.workerDelayMs).toBe(12.5);
    expect(rowOf(figures, turn).workerDelayMs).toBe(12.5);
    expect(columnsOf(figures)).toContain('workerDelayMs');
    expect(answerOf(figures).shape.workerDelayMs.description).toBe('first audio delta to the first frame sent');
  });

  test('a new figure is null in the record of an older worker', () => {
    expect(recordOf(figures).parse(turnOfTest(1)).workerDelayMs).toBeNull();
  });

  test('an analyst can ask for the percentiles of a new figure, and finds it defined in docs/METRICS.md', () => {
    const metrics = metricsOf('turns', figures);
    expect(metrics.worker_delay).toMatchObject({of: 'turns', column: 'workerDelayMs', unit: 'ms'});
    expect(metricsTable(metrics)).toMatch(/\| `worker_delay` +\| `worker_delay_ms` +\|.* first frame sent .*\|/);
  });
});
