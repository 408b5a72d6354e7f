import {stripVTControlCharacters} from 'node:util';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A line of a terminal as it was printed, with the escape codes of its colours. */
export interface PrintedLine {
  readonly at: Millis;
  readonly text: string;
}

export interface PictureOptions {
  readonly columns: number;
  readonly rows: number;
  /** What a reader hears who cannot see it. */
  readonly label: string;
  /** How many lines the still shows, for readers who do not want motion: it ends with the last of them. */
  readonly still: number;
  /** A longer pause between two lines is shortened to this. */
  readonly longestPause: Millis;
  /** How long the last lines stay, before it begins again. */
  readonly hold: Millis;
  /** Nothing moves: the still. */
  readonly isStill?: boolean;
}

const [LETTER, ROW, EDGE, TOP] = [7.8, 18, 16, 38];
const SGR = new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`, 'g');
/** Codes that begin a style, and the class that draws it; the others end one. */
const CLASSES: Readonly<Record<string, string>> = {
  1: 'b',
  2: 'd',
  31: 'red',
  32: 'green',
  33: 'yellow',
  35: 'magenta',
  36: 'cyan',
};
/** `22` ends both bold and dim. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  22: ['b', 'd'],
  39: ['red', 'green', 'yellow', 'magenta', 'cyan'],
};
const STYLE = `
svg{--paper:#f6f8fa;--edge:#d0d7de;--ink:#1f2328;--dim:#59636e;--red:#b3261e;--green:#116329;--yellow:#7d4e00;--magenta:#8250a0;--cyan:#0a5f73}
@media (prefers-color-scheme:dark){svg{--paper:#12151b;--edge:#30363d;--ink:#e6edf3;--dim:#9aa4af;--red:#ff8f87;--green:#6fd08c;--yellow:#e5c07b;--magenta:#d7a0e0;--cyan:#6cd3e0}}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;fill:var(--ink);white-space:pre}
.b{font-weight:700}.d{fill:var(--dim)}.red{fill:var(--red)}.green{fill:var(--green)}.yellow{fill:var(--yellow)}.magenta{fill:var(--magenta)}.cyan{fill:var(--cyan)}
.paper{fill:var(--paper)}.frame{fill:var(--paper);stroke:var(--edge)}.dot{fill:var(--edge)}`.trim();

/**
 * Draws what a terminal showed as an SVG that moves by itself, each line at its time, without a script in it. It shows the
 * still where a reader wants no motion and the browser says so to pictures; for others there is `isStill`.
 */
export function terminalPicture(lines: readonly PrintedLine[], options: PictureOptions): string {
  const {columns, rows, label, still, hold, isStill = false} = options;
  const shown = shortened(lines, options.longestPause);
  const total = (shown.at(-1)?.at ?? 0) + hold;
  const [width, height] = [Math.round(columns * LETTER) + 2 * EDGE, rows * ROW + TOP + EDGE];
  /** After this many lines: the lines below are covered, and all of it has moved up as far as it must. */
  const cover = (count: number) => `transform:translateY(${count * ROW}px)`;
  const up = (count: number) => `transform:translateY(-${Math.max(0, count - rows) * ROW}px)`;
  const frames = (place: (count: number) => string) => {
    const steps = shown.map(({at}, index) => `${((at / total) * 100).toFixed(2)}%{${place(index + 1)}}`);
    return `0%{${place(0)}}${steps.join('')}100%{${place(shown.length)}}`;
  };
  const seconds = (total / 1_000).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">`,
    `<style>${STYLE}`,
    `.up{${up(still)}}.cover{${cover(still)}}`,
    ...(isStill
      ? []
      : [
          `@keyframes up{${frames(up)}}`,
          `@keyframes cover{${frames(cover)}}`,
          `@media (prefers-reduced-motion:no-preference){.up{animation:up ${seconds}s step-end infinite}.cover{animation:cover ${seconds}s step-end infinite}}`,
        ]),
    '</style>',
    `<rect class="frame" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="9"/>`,
    ...[0, 1, 2].map(dot => `<circle class="dot" cx="${EDGE + 5 + dot * 18}" cy="19" r="5.5"/>`),
    `<svg x="${EDGE}" y="${TOP}" width="${width - 2 * EDGE}" height="${rows * ROW}">`,
    '<g class="up">',
    ...shown.map(({text}, index) => drawnLine(text, index)),
    `<rect class="paper cover" width="100%" height="${(shown.length + rows) * ROW}"/>`,
    '</g>',
    '</svg>',
    '</svg>',
    '',
  ].join('\n');
}

function shortened(lines: readonly PrintedLine[], longestPause: Millis): PrintedLine[] {
  const first = lines[0]?.at ?? 0;
  let cut = first;
  return lines.map(({at, text}, index) => {
    cut += Math.max(0, at - (lines[index - 1]?.at ?? first) - longestPause);
    return {at: at - cut, text};
  });
}

function drawnLine(text: string, index: number): string {
  const plain = stripVTControlCharacters(text);
  if (plain.trim() === '') return '';
  const runs: string[] = [];
  const style = new Set<string>();
  let from = 0;
  for (const code of text.matchAll(SGR)) {
    runs.push(run(text.slice(from, code.index), style));
    from = code.index + code[0].length;
    const begins = CLASSES[code[1] ?? ''];
    if (begins) style.add(begins);
    for (const name of ENDS[code[1] ?? ''] ?? []) style.delete(name);
  }
  runs.push(run(text.slice(from), style));
  // Whatever font the reader has, columns stand below each other.
  const length = (plain.length * LETTER).toFixed(1);
  return `<text xml:space="preserve" y="${index * ROW + 13}" textLength="${length}">${runs.join('')}</text>`;
}

function run(text: string, style: ReadonlySet<string>): string {
  if (text === '') return '';
  return style.size === 0 ? escaped(text) : `<tspan class="${[...style].join(' ')}">${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
