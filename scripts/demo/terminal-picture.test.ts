import {describe, expect, test} from 'vitest';
import {terminalPicture, type PrintedLine} from './terminal-picture.ts';

const lines: PrintedLine[] = [
  {at: 5_000, text: '$ npm run demo'},
  {at: 25_000, text: '\u001B[1mBen\u001B[22m says \u001B[32m“<b> & more”\u001B[39m'},
  {at: 26_000, text: ''},
  {at: 27_000, text: 'the end'},
];
const options = {columns: 40, rows: 2, label: 'a run', still: 2, longestPause: 2_000, hold: 6_000};
const picture = terminalPicture(lines, options);

describe('a reader of the moving picture', () => {
  test('sees each line at its time, long pauses shortened', () => {
    // After 0, 2, 3 and 4 of 10 seconds.
    expect(picture).toContain('20.00%{transform:translateY(36px)}30.00%{transform:translateY(54px)}');
    expect(picture).toContain('animation:cover 10.0s step-end infinite');
  });

  test('sees the terminal scroll when it is full', () => {
    expect(picture).toContain('30.00%{transform:translateY(-18px)}40.00%{transform:translateY(-36px)}');
  });

  test('sees words and colours as they were printed', () => {
    expect(picture).toContain('<tspan class="b">Ben</tspan> says <tspan class="green">“&lt;b> &amp; more”</tspan>');
  });

  test('who wants no motion sees the still, in a picture of its own too', () => {
    expect(picture).toContain('.up{transform:translateY(-0px)}.cover{transform:translateY(36px)}');
    expect(picture).toContain('@media (prefers-reduced-motion:no-preference)');
    expect(terminalPicture(lines, {...options, isStill: true})).not.toContain('animation');
  });
});
