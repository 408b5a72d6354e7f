import {expect, test} from 'vitest';
import {drawCharts, niceTop} from './chart.ts';

test('an axis ends at 1, 2 or 5 times a power of ten, not below its figures', () => {
  expect([0, 0.3, 1, 1.1, 47, 51, 100, 620].map(niceTop)).toEqual([1, 0.5, 1, 2, 50, 100, 100, 1_000]);
});

test('a figure that is not known is left out, and names are text', () => {
  const svg = drawCharts(
    [
      {
        title: 'a < b',
        unit: 'ms',
        series: [
          {
            name: 'x & y',
            points: [
              [10, 3],
              [20, undefined],
              [30, 5],
            ],
          },
        ],
      },
    ],
    'title',
    'subtitle',
  );
  expect(svg).toContain('a &lt; b');
  expect(svg).toContain('x &amp; y');
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|undefined/);
});
