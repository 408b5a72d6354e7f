import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {METRIC_NAMES} from './metric-catalogue.ts';

test('an analyst finds the definition of every metric', () => {
  const text = readFileSync(new URL('../../../docs/METRICS.md', import.meta.url), 'utf8');
  expect(METRIC_NAMES.filter(name => !text.includes(`\`${name}\``))).toEqual([]);
});
