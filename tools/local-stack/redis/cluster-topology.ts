/** A node of a Cluster, as another node sees it. */
export interface SeenNode {
  readonly id: string;
  readonly port: number;
  /** Such as `master`, `slave`, `fail`, `myself`. */
  readonly flags: readonly string[];
  /** The id of its master, if it is a replica. */
  readonly masterId: string | undefined;
  readonly slots: readonly SlotRange[];
}

/** From the first slot to the last. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

export const SLOTS = 16_384;

/** Reads the answer of CLUSTER NODES. Slots that are being moved belong to their present owner. */
export function readClusterNodes(text: string): SeenNode[] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const [id = '', address = '', flags = '', master = '', , , , , ...slots] = line.trim().split(' ');
      return {
        id,
        port: Number(/:(\d+)@/.exec(address)?.[1] ?? 0),
        flags: flags.split(','),
        masterId: master === '-' ? undefined : master,
        slots: slots.filter(range => !range.startsWith('[')).map(readRange),
      };
    });
}

function readRange(text: string): SlotRange {
  const [from = 0, to = from] = text.split('-').map(Number);
  return {from, to};
}

export function countSlots(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, {from, to}) => sum + to - from + 1, 0);
}

export function listSlots(ranges: readonly SlotRange[]): number[] {
  return ranges.flatMap(({from, to}) => Array.from({length: to - from + 1}, (_, index) => from + index));
}

export function includesSlot(ranges: readonly SlotRange[], slot: number): boolean {
  return ranges.some(({from, to}) => slot >= from && slot <= to);
}
