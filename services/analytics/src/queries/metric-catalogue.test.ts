import {readFileSync} from 'node:fs';
import {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import {METRIC_NAMES} from './metric-catalogue.ts';

const text = readFileSync(new URL('../../../../docs/METRICS.md', import.meta.url), 'utf8');
/** The first cells of the tables whose heading begins with this, as the names in them. */
const defined = (heading: string) =>
  text
    .split('\n\n')
    .filter(block => block.startsWith(`| ${heading} `))
    .flatMap(table => table.split('\n').slice(2))
    .flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(match => match[1]!));

test('an analyst finds every metric defined, and can ask for everything that is defined', () => {
  expect(defined('API name').toSorted()).toEqual([...METRIC_NAMES].toSorted());
});

test('an analyst finds every way that a call can end', () => {
  expect(defined('reason').toSorted()).toEqual(EndReason.options.toSorted());
});
