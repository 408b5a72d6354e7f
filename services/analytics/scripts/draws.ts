import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/** The first item is most likely, each further one about half as likely as the one before. */
export function pickUneven<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.min(items.length - 1, Math.floor(-Math.log2(1 - random.next())))] ?? items[0];
}

/**
 * A latency in milliseconds, with one decimal. Latencies are lognormal: `median`, with a tail that `spread` makes long
 * (0.3 modest, 0.8 long).
 */
export function latency(random: Random, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.round(median * Math.exp(spread * normal) * 10) / 10;
}

/** So many hexadecimal digits. */
export function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random.next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}
