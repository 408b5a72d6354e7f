import {
  BUSY,
  BYTES_PER_CALL,
  CALLS_PER_FLEET,
  CALLS_PER_PROCESS,
  CALLS_PER_WEBHOOK,
  BEATS,
  demandOf,
  ECHOES,
  fleetFor,
  IDLE_ECHOES,
  MESSAGES_PER_CALL,
  MESSAGES_PER_SHARD,
} from './rule.ts';

const SIZES = [100, 1_000, 10_000, 100_000];
const ONE_FLEET = [1_000, 10_000, 30_000, 100_000];

/** The tables of docs/SCALING.md, in Markdown. A test compares them with the document. */
export function tables(): string {
  return [constants(), sizes(), oneFleet()].join('\n\n');
}

function constants(): string {
  return table(
    ['what', 'how much'],
    [
      ['messages per second of a call', MESSAGES_PER_CALL],
      ['bytes per second of a call into Redis, and as many out', BYTES_PER_CALL],
      ['heartbeats per second of a worker, to every edge with a call on it', BEATS],
      ['echoes per second and shard of an edge or worker with calls', ECHOES],
      ['echoes per second and shard of any other process', IDLE_ECHOES],
      [`messages per second of a shard at ${BUSY * 100} % of its thread`, MESSAGES_PER_SHARD],
      ['calls of an edge, and of a worker', CALLS_PER_PROCESS],
      ['calls of a webhook', CALLS_PER_WEBHOOK],
      ['calls of a fleet', CALLS_PER_FLEET],
    ],
  );
}

function sizes(): string {
  return table(
    ['calls', 'fleets', 'workers', 'edges', 'webhooks', 'messages/s', 'MB/s each way', 'shards', 'connections a shard'],
    SIZES.map(calls => {
      const fleets = Math.ceil(calls / CALLS_PER_FLEET);
      const fleet = fleetFor(calls / fleets);
      const {published, bytes, connections} = demandOf(fleet);
      const all = (value: number) => rounded(fleets * value);
      const {workers, edges, webhooks, shards} = fleet;
      return [
        calls,
        fleets,
        fleets * workers,
        fleets * edges,
        fleets * webhooks,
        all(published),
        all(bytes / 1e6),
        fleets === 1 ? shards : `${fleets} × ${shards}`,
        connections / shards,
      ];
    }),
  );
}

function oneFleet(): string {
  return table(
    ['calls in one fleet', 'frames/s', 'echoes/s', 'heartbeats heard/s', 'shards', 'more than frames'],
    ONE_FLEET.map(calls => {
      const fleet = fleetFor(calls);
      const {delivered, beatsHeard} = demandOf(fleet);
      const frames = calls * MESSAGES_PER_CALL;
      const echoes = delivered - beatsHeard - frames;
      const more = `${Math.round((100 * (delivered - frames)) / frames)} %`;
      return [calls, rounded(frames), rounded(echoes), rounded(beatsHeard), fleet.shards, more];
    }),
  );
}

/** Two digits, since no constant is known better. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map(cell => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`;
  const ruler = `|${head.map(() => ' --: |').join('')}`;
  return [line(head), ruler, ...rows.map(line)].join('\n');
}
