import {readdir, readFile} from 'node:fs/promises';
import {cpus} from 'node:os';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Processor time and memory of processes so far, as Linux counts them. */
export interface Cost {
  readonly cpuMs: Millis;
  readonly rssBytes: number;
}

/** Time of all processors of the machine so far, in ms. */
export interface MachineTime {
  readonly all: Millis;
  readonly busy: Millis;
  /** Taken by other machines on the same hardware. */
  readonly stolen: Millis;
}

/** Linux counts processor time in hundredths of a second. */
const MS_PER_TICK = 10;

/** Of these processes together. Reads /proc; a process that is gone costs nothing. */
export async function costOf(pids: readonly number[]): Promise<Cost> {
  const each = await Promise.all(pids.map(costOfOne));
  return {
    cpuMs: each.reduce((sum, {cpuMs}) => sum + cpuMs, 0),
    rssBytes: each.reduce((sum, {rssBytes}) => sum + rssBytes, 0),
  };
}

async function costOfOne(pid: number): Promise<Cost> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const [stat, status] = await Promise.all([read('stat'), read('status')]);
  const fields = fieldsOf(stat);
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  return {cpuMs: ticks * MS_PER_TICK, rssBytes: Number(kilobytes ?? 0) * 1_024};
}

/** A process and all that it started. */
export async function familyOf(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = fieldsOf(await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''))[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [root];
  for (const pid of family) for (const [child, parent] of parents) if (parent === pid) family.push(child);
  return family;
}

export async function machineTime(): Promise<MachineTime> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = ticks;
  const all = ticks.reduce((sum, each) => sum + each, 0);
  return {all: all * MS_PER_TICK, busy: (all - idle - waiting) * MS_PER_TICK, stolen: stolen * MS_PER_TICK};
}

/** Such as `2 × Intel(R) Xeon(R) Processor, Node v24.21.0`. */
export function machineName(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}`;
}

/** The fields of `/proc/…/stat` behind the name, which may have spaces and brackets. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
