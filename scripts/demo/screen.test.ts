import {stripVTControlCharacters} from 'node:util';
import {describe, expect, test} from 'vitest';
import {cast} from './cast.ts';
import {happeningLines, wrap, type Happening} from './screen.ts';

const [ada] = cast;
const happening = (more: Partial<Happening>): Happening => ({
  at: 9.85,
  who: ada!,
  kind: 'assistant',
  text: 'On Saturdays we are open from nine in the morning until six in the evening.',
  figure: '1.00 s after the caller',
  ...more,
});
const plain = (lines: readonly string[]) => lines.map(line => stripVTControlCharacters(line));

describe('a reader', () => {
  test('of a wide terminal has a happening and its figure on one line', () => {
    expect(plain(happeningLines(happening({text: 'Hello.'}), 100))).toEqual([
      '  9.85  Ada   assistant  Hello.  1.00 s after the caller',
    ]);
  });

  test('of a terminal of 80 columns has what is said below what was said', () => {
    expect(plain(happeningLines(happening({}), 80))).toEqual([
      '  9.85  Ada   assistant  On Saturdays we are open from nine in the morning until',
      '                         six in the evening.  1.00 s after the caller',
    ]);
  });

  test.each([40, 64, 80, 120])('of a terminal of %i columns sees no line that is wider', width => {
    for (const kind of ['caller', 'assistant', 'interrupt', 'kill', 'note', 'trouble'] as const) {
      for (const line of plain(happeningLines(happening({kind}), width)))
        expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  test('sees a word that is too long as it is', () => {
    expect(wrap('at https://example.com/a-long-way now', 10)).toEqual(['at', 'https://example.com/a-long-way', 'now']);
  });
});
