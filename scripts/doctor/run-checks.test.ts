import {expect, test} from 'vitest';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {broken, fine, skipped, warning, type Check} from './finding.ts';
import {checkedLines, countsOf, reportJson, summaryLine} from './report.ts';
import {runChecks, type Checked} from './run-checks.ts';

const run = (checks: readonly Check[], clock = new FakeClock(), done?: (checked: Checked) => void) =>
  runChecks(checks, {clock, within: 1_000, ...(done ? {done} : {})});

test('an operator gets what every check found, in their order, though one fails and one hangs', async () => {
  const clock = new FakeClock();
  const running = run(
    [
      {name: 'hangs', run: () => new Promise(() => {})},
      {name: 'fails', run: () => Promise.reject(new Error('a bug'))},
      {name: 'works', run: async () => [fine('well')]},
    ],
    clock,
  );
  clock.advance(1_000);
  const all = await running;
  expect(all.map(({name}) => name)).toEqual(['hangs', 'fails', 'works']);
  expect(all.map(({findings: [found]}) => `${found?.level}: ${found?.what}`)).toEqual([
    'broken: no answer within 1 s',
    'broken: could not be checked: a bug',
    'fine: well',
  ]);
});

test('an operator sees each check as soon as it ends', async () => {
  const seen: string[] = [];
  await run([{name: 'one', run: async () => [fine('well')]}], new FakeClock(), ({name}) => seen.push(name));
  expect(seen).toEqual(['one']);
});

const ALL: Checked[] = [
  {
    name: 'Redis',
    took: 12.4,
    findings: [
      fine('Redis 8 at h:6379'),
      warning('it throws keys away when it is full', 'CONFIG SET maxmemory-policy noeviction'),
    ],
  },
  {name: 'edge', took: 3, findings: [broken('the edge refuses our signature', 'Restart it.')]},
  {name: 'disk', took: 1, findings: [skipped('nothing is kept here')]},
];

test('an operator reads a line for each finding, with its cure below, within the width of the terminal', () => {
  const lines = ALL.flatMap(one => checkedLines(one, 60));
  expect(lines.join('\n')).toBe(
    [
      '  ✓ Redis           Redis 8 at h:6379',
      '  !                 it throws keys away when it is full',
      '                    → CONFIG SET maxmemory-policy noeviction',
      '  ✗ edge            the edge refuses our signature',
      '                    → Restart it.',
      '  - disk            nothing is kept here',
    ].join('\n'),
  );
  expect(summaryLine(ALL)).toBe('1 broken, 1 warning, 1 fine');
});

test('a program reads the same as JSON', () => {
  expect(countsOf(ALL)).toEqual({fine: 1, skipped: 1, warning: 1, broken: 1});
  expect(reportJson(ALL)).toMatchObject({
    ok: false,
    broken: 1,
    warnings: 1,
    checks: [{name: 'Redis', tookMs: 12}, {findings: [{level: 'broken', cure: 'Restart it.'}]}, {}],
  });
});
