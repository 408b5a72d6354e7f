import type {ProcessId} from '../protocol/ids.ts';

/**
 * Which of these processes looks after something, so that each thing has one and a process that joins or leaves takes or
 * leaves only its own share (rendezvous hashing). Undefined if there is none.
 */
export function responsible(thing: string, processes: Iterable<ProcessId>): ProcessId | undefined {
  let [chosen, highest]: [ProcessId | undefined, number] = [undefined, -1];
  for (const id of processes) {
    const score = hash(`${thing} ${id}`);
    if (score > highest) [chosen, highest] = [id, score];
  }
  return chosen;
}

/** FNV-1a with a final mix, 32 bits: similar ids differ only at their ends. */
function hash(text: string): number {
  let value = 0x81_1c_9d_c5;
  for (let place = 0; place < text.length; place += 1) {
    value = Math.imul(value ^ text.charCodeAt(place), 0x01_00_01_93);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85_eb_ca_6b);
  return (value ^ (value >>> 13)) >>> 0;
}
