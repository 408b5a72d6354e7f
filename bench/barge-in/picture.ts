import type {Millis} from '@voicebridge/shared/time.ts';
import {figures, OURS, type Outcome} from './outcome.ts';

const WIDTH = 1_000;
const LEFT = 246;
const RIGHT = 190;
const TOP = 92;
const ROW = 66;
const BINS = 130;
/** Errors are drawn on a scale that is even near 0 and logarithmic far from it. */
const NEAR_MS = 25;
const FROM: Millis = -1_500;
const TO: Millis = 12_000;
const TICKS = [-1_000, -100, -30, 0, 30, 100, 300, 1_000, 3_000, 10_000];

/** What the model believes the caller heard, less what they heard: a row for each rule. */
export function drawErrors(outcomes: readonly Outcome[], title: string, subtitle: string): string {
  const rules = [...new Set(outcomes.map(({rule}) => rule))].toSorted(
    (a, b) => Number(b === OURS) - Number(a === OURS) || order(outcomes, a) - order(outcomes, b),
  );
  const bottom = TOP + rules.length * ROW;
  const height = bottom + 62;
  const axis = TICKS.map(
    tick =>
      `<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 10}" y2="${bottom}"/>` +
      `<text class="tick" x="${x(tick)}" y="${bottom + 18}">${label(tick)}</text>`,
  );
  const rows = rules.map((rule, at) =>
    drawRow(
      rule,
      outcomes.filter(outcome => outcome.rule === rule),
      TOP + at * ROW,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 } .soft, .tick { fill: #57606a } .tick { font-size: 11px; text-anchor: middle }
  .rule { font-weight: 600; text-anchor: end } .grid { stroke: #d0d7de; stroke-width: 1 } .zero { stroke: #57606a; stroke-width: 1.5 }
  .ours { fill: #1a7f37 } .other { fill: #bf5b04 } .number { font-size: 12px } .bad { fill: #bf2c2c; font-size: 12px }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .soft, .tick { fill: #9da7b3 } .grid { stroke: #30363d } .zero { stroke: #9da7b3 }
    .ours { fill: #3fb950 } .other { fill: #e3964a } .bad { fill: #ff7b72 }
  }
</style>
<text class="title" x="20" y="30">${title}</text>
<text class="soft" x="20" y="52">${subtitle}</text>
${axis.join('\n')}
${rows.join('\n')}
<text class="tick" x="${x(-200)}" y="${bottom + 40}">◂ heard, and forgotten</text>
<text class="tick" x="${x(700)}" y="${bottom + 40}">never heard, and believed to be said ▸</text>
</svg>
`;
}

function drawRow(rule: string, outcomes: readonly Outcome[], top: number): string {
  const counts = Array.from({length: BINS}, () => 0);
  const [from, to] = [scale(FROM), scale(TO)];
  for (const {errorMs} of outcomes) {
    const bin = Math.floor(((scale(errorMs) - from) / (to - from)) * BINS);
    const at = Math.min(BINS - 1, Math.max(0, bin));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  const width = (WIDTH - LEFT - RIGHT) / BINS;
  const bars = counts.flatMap((count, bin) => {
    if (count === 0) return [];
    const tall = Math.max(1.5, (ROW - 22) * Math.sqrt(count / most));
    const place = `x="${round(LEFT + bin * width)}" y="${round(top + ROW - 8 - tall)}"`;
    return [
      `<rect class="${rule === OURS ? 'ours' : 'other'}" ${place} width="${round(width - 0.6)}" height="${round(tall)}"/>`,
    ];
  });
  const {p95, refused, wrongItem, count} = figures(outcomes);
  const right = WIDTH - RIGHT + 14;
  const share = (n: number) => (n > 0 && n < count / 100 ? '< 1 %' : `${Math.round((100 * n) / count)} %`);
  const bad = refused + wrongItem === 0 ? 'number' : 'bad';
  return `<text class="rule" x="${LEFT - 16}" y="${top + ROW - 24}">${rule}</text>
${bars.join('')}
<text class="number" x="${right}" y="${top + ROW - 32}">p95 ${Math.round(p95).toLocaleString('en')} ms</text>
<text class="${bad}" x="${right}" y="${top + ROW - 15}">refused ${share(refused)}, wrong ${share(wrongItem)}</text>`;
}

function order(outcomes: readonly Outcome[], rule: string): number {
  return figures(outcomes.filter(outcome => outcome.rule === rule)).p95;
}

function scale(ms: Millis): number {
  return Math.asinh(ms / NEAR_MS);
}

function x(ms: Millis): number {
  const [from, to] = [scale(FROM), scale(TO)];
  return round(LEFT + ((scale(ms) - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
}

function label(ms: Millis): string {
  if (Math.abs(ms) >= 1_000) return `${ms < 0 ? '−' : '+'}${Math.abs(ms) / 1_000} s`;
  return ms === 0 ? '0' : `${ms < 0 ? '−' : '+'}${Math.abs(ms)}${Math.abs(ms) === 100 ? ' ms' : ''}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
