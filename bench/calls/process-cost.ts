import {readFile} from 'node:fs/promises';

/** Processor time and memory of one process so far, as Linux counts them. */
export interface Cost {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Linux counts processor time in hundredths of a second. */
const MS_PER_TICK = 10;

/** Reads /proc. Rejects where there is none. */
export async function costOf(pid: number): Promise<Cost> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
  return {cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK, rssBytes: Number(kilobytes ?? 0) * 1_024};
}
