import {expect, test} from 'vitest';
import {z} from 'zod';
import {readCommandLine, toggle} from './command-line.ts';
import {choice, wholeNumber} from './config.ts';

const line = {
  command: 'npm run seed-data --',
  about: 'Fills a database with calls.',
  options: z.object({
    days: wholeNumber({min: 1, max: 365}).default(30).describe('how many days'),
    'data-dir': z.string().optional().describe('where to'),
    only: choice('calls', 'turns').default('calls').describe('which part'),
    quick: toggle().describe('less of everything'),
  }),
};
const read = (...args: string[]) => readCommandLine(line, args);

test('a developer who gives no option gets the defaults', () => {
  expect(read()).toMatchObject({values: {days: 30, only: 'calls', quick: false}});
});

test('a developer who mistypes an option is told which one was probably meant', () => {
  expect(() => read('--day', '7')).toThrow("Unknown option '--day'; did you mean --days? (npm run seed-data -- --help");
  expect(() => read('--colour', 'red')).toThrow("Unknown option '--colour' (npm run seed-data -- --help");
});

test('a developer sets numbers, texts and switches', () => {
  expect(read('--days', '7', '--data-dir=there', '--quick')).toMatchObject({
    values: {days: 7, 'data-dir': 'there', quick: true},
  });
});

test.each([['--help'], ['-h'], ['--days', 'abc', '--help']])(
  'a developer who adds %s reads what there is',
  (...args) => {
    const {help} = read(...args);
    expect(help).toBe(
      [
        'Fills a database with calls.',
        '',
        '  npm run seed-data -- [options]',
        '',
        '  --days …      how many days (30)',
        '  --data-dir …  where to',
        '  --only …      which part (calls)',
        '  --quick       less of everything',
      ].join('\n'),
    );
  },
);

test.each([
  [['--days', 'abc'], '--days must be a whole number from 1 to 365 (npm run seed-data -- --help tells more)'],
  [['--days', '0', '--only', 'x'], /^--days must be .*; --only must be calls or turns \(/],
  [['--tempo', '3'], "Unknown option '--tempo' (npm run seed-data -- --help lists the options)"],
  [['--quick=yes'], /^Option '--quick' does not take an argument \(/],
  [['--days'], /^Option '--days <value>' argument missing \(/],
  [['now'], /^Unexpected argument 'now'.* \(/],
])('a developer who types %j is told in one sentence', (args, told) => {
  expect(() => read(...args)).toThrow(told);
  expect(() => read(...args)).not.toThrow(/\n/);
});
