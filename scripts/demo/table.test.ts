import {stripVTControlCharacters} from 'node:util';
import {expect, test} from 'vitest';
import {tableLines} from './table.ts';

const rows = [
  {label: 'edge', values: ['edge-1', 'edge-2']},
  {label: 'silence after', values: ['', '90 ms']},
];
const plain = (width: number) => tableLines(['Ada', 'Ben'], rows, width).map(line => stripVTControlCharacters(line));

test('a reader compares calls side by side', () => {
  expect(plain(80)).toEqual([
    '                Ada      Ben',
    'edge            edge-1   edge-2',
    'silence after            90 ms',
  ]);
});

test('a reader of a narrow terminal has one call after the other, without what is empty', () => {
  expect(plain(20)).toEqual(['Ada', 'edge          edge-1', '', 'Ben', 'edge          edge-2', 'silence after 90 ms']);
});
