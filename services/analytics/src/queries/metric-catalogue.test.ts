import {readFileSync} from 'node:fs';
import {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import {METRIC_NAMES} from './metric-catalogue.ts';

const text = readFileSync(new URL('../../../../docs/METRICS.md', import.meta.url), 'utf8');
/** The names in the first column of the tables whose heading starts with this. */
const defined = (heading: string) =>
  text
    .split('\n\n')
    .filter(block => block.startsWith(`| ${heading} `))
    .flatMap(table => table.split('\n').slice(2))
    .flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(match => match[1]!));

test('an analyst finds every metric of the API defined in docs/METRICS.md, and no other', () => {
  expect(defined('API name').toSorted()).toEqual([...METRIC_NAMES].toSorted());
});

test('an analyst finds every end reason explained in docs/METRICS.md', () => {
  expect(defined('reason').toSorted()).toEqual(EndReason.options.toSorted());
});
