/** A Redis Cluster has this many slots. */
export const SLOTS = 16_384;

/** CRC-16/XMODEM of each byte. */
const TABLE = Uint16Array.from({length: 256}, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The slot of a key or channel on a Redis Cluster: of what stands in its first braces, or of the whole name. */
export function slotOf(name: string): number {
  const open = name.indexOf('{');
  const close = open < 0 ? -1 : name.indexOf('}', open + 1);
  const tagged = close > open + 1 ? name.slice(open + 1, close) : name;
  let crc = 0;
  for (const byte of Buffer.from(tagged)) crc = next(crc, byte);
  return crc % SLOTS;
}

/** Something to put into braces, so that the slot is one of those that are `wanted`; undefined if none is. */
export function tagIn(wanted: (slot: number) => boolean): string | undefined {
  // Six digits reach every slot.
  for (let number = 0; number < 1_000_000; number += 1) {
    let crc = 0;
    for (let unit = 100_000; unit >= 1; unit /= 10) crc = next(crc, 48 + (Math.floor(number / unit) % 10));
    if (wanted(crc % SLOTS)) return String(number).padStart(6, '0');
  }
  return undefined;
}

function next(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
}
