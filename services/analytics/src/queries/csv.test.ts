import {expect, test} from 'vitest';
import {csvLine} from './csv.ts';

test.each([
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['-2+3', "'-2+3"],
  ['  =1', "'  =1"],
  ['＝1+1', "'＝1+1"],
  ['\t=1', "'\t=1"],
  ['a "quoted", text', '"a ""quoted"", text"'],
  ['two\nlines', '"two\nlines"'],
  [-5, '-5'],
  [0.1 + 0.2, '0.3'],
  [1_763_805_600_000, '1763805600000'],
  [null, ''],
  [true, 'true'],
])(
  'an analyst who opens a CSV file in a spreadsheet finds %j as a text or a number, never as a formula',
  (cell, text) => {
    expect(csvLine([cell])).toBe(`${text}\r\n`);
  },
);
