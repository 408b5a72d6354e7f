/** A line of a chart: points of (calls, figure). A figure that is not known is left out. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [calls: number, figure: number | undefined])[];
  /** Of the other bridge: drawn in another colour. */
  readonly other?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
  /** A bound, drawn across. */
  readonly bound?: number;
}

const [WIDTH, HEIGHT, COLUMNS] = [430, 250, 2];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 110, 44, 34];
/** A process has the same colour everywhere. */
const COLOURS: Readonly<Record<string, string>> = {
  worker: '#0969da',
  edge: '#8250df',
  webhook: '#9a6700',
  redis: '#57606a',
  machine: '#57606a',
};
const OURS = ['#1a7f37', '#0969da'];
const OTHER = ['#bf5b04', '#bf2c2c'];

/** Charts over the number of calls, two in a row. */
export function drawCharts(charts: readonly Chart[], title: string, subtitle: string): string {
  const [width, height] = [WIDTH * COLUMNS + 20, Math.ceil(charts.length / COLUMNS) * HEIGHT + 80];
  const drawn = charts.map((chart, index) => {
    const [x, y] = [(index % COLUMNS) * WIDTH + 10, Math.floor(index / COLUMNS) * HEIGHT + 70];
    return `<g transform="translate(${x} ${y})">${drawChart(chart)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-size: 17px; font-weight: 600 } .head { font-weight: 600 }
  .soft { fill: #57606a; font-size: 11px } .grid { stroke: #d0d7de } .bound { stroke: #bf2c2c; stroke-dasharray: 4 3 }
  path { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .soft { fill: #9da7b3 } .grid { stroke: #30363d } }
</style>
<text class="title" x="20" y="28">${escape(title)}</text>
<text class="soft" x="20" y="48">${escape(subtitle)}</text>
${drawn.join('\n')}
</svg>
`;
}

function drawChart({title, unit, series, bound}: Chart): string {
  const points = series.flatMap(each => each.points);
  const most = Math.max(1, ...points.map(([calls]) => calls));
  const top = niceTop(Math.max(0, bound ?? 0, ...points.map(([, figure]) => figure ?? 0)));
  const x = (calls: number) => round(LEFT + (calls / most) * (WIDTH - LEFT - RIGHT));
  const y = (figure: number) => round(HEIGHT - BOTTOM - (figure / top) * (HEIGHT - TOP - BOTTOM));
  const grid = [0, 0.5, 1].map(
    share =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(top * share)}" y2="${y(top * share)}"/>` +
      `<text class="soft" text-anchor="end" x="${LEFT - 6}" y="${y(top * share) + 4}">${label(top * share)}</text>`,
  );
  const ticks = [...new Set(points.map(([calls]) => calls))].map(
    calls => `<text class="soft" text-anchor="middle" x="${x(calls)}" y="${HEIGHT - BOTTOM + 16}">${calls}</text>`,
  );
  const limit =
    bound === undefined
      ? ''
      : `<line class="bound" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(bound)}" y2="${y(bound)}"/>`;
  return `<text class="head" x="${LEFT}" y="18">${escape(title)}</text><text class="soft" x="${LEFT}" y="33">${escape(unit)}, by number of calls</text>
${grid.join('')}${ticks.join('')}${limit}${lines(series, x, y)}`;
}

function lines(series: readonly Series[], x: (calls: number) => number, y: (figure: number) => number): string {
  let [ours, other, highest] = [0, 0, Infinity];
  const drawn = series.map(({name, points, other: isOther}) => {
    const colour = isOther ? OTHER[other++ % OTHER.length] : (COLOURS[name] ?? OURS[ours++ % OURS.length]);
    const known = points.flatMap(([calls, figure]) =>
      figure === undefined || Number.isNaN(figure) ? [] : [[x(calls), y(figure)] as const],
    );
    return {name, colour, known, end: known.at(-1)?.[1] ?? 0};
  });
  // Names stand at the ends of their lines, moved apart where they would overlap.
  return drawn
    .toSorted((a, b) => b.end - a.end)
    .map(({name, colour, known, end}) => {
      if (known.length === 0) return '';
      highest = Math.min(end, highest - 13);
      const dots = known.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colour}"/>`).join('');
      return `<path stroke="${colour}" d="M${known.map(point => point.join(' ')).join('L')}"/>${dots}<text style="fill:${colour}" x="${WIDTH - RIGHT + 8}" y="${round(highest + 4)}">${escape(name)}</text>`;
    })
    .join('');
}

/** The end of an axis: 1, 2 or 5 times a power of ten. */
export function niceTop(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([1, 2, 5].find(factor => factor * power >= most) ?? 10);
}

function label(value: number): string {
  return value >= 1_000 ? `${value / 1_000} k` : String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
