import {existsSync, readFileSync} from 'node:fs';
import {access, constants, statfs} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {ask} from './ask.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';

/** The Date header has whole seconds, and the answer was on its way. */
const CLOCK_TOLERANCE = 2_000;
const MEGABYTE = 1_048_576;
const [LITTLE, TOO_LITTLE] = [1_024 * MEGABYTE, 100 * MEGABYTE];
/** Beside the sockets of calls: Redis, probes, files. */
const OTHER_DESCRIPTORS = 250;

/** The clock of this machine against the Date header of the model's server. */
export async function checkClock({worker}: DoctorSettings, clock: Clock): Promise<Finding[]> {
  if (worker === undefined) return [skipped('compared with the model’s server, once OPENAI_API_KEY is set')];
  const {host, protocol} = new URL(worker.OPENAI_REALTIME_URL);
  const asked = clock.wall();
  const answer = await ask(`${protocol === 'wss:' ? 'https' : 'http'}://${host}/`, {method: 'HEAD'}).catch(messageOf);
  // That the model cannot be reached is told where the model is tried.
  if (typeof answer === 'string') return [skipped(`cannot be compared: ${answer}`)];
  const {headers, took} = answer;
  const theirs = Date.parse(headers.date ?? '');
  if (Number.isNaN(theirs)) return [skipped(`${host} does not say the time`)];
  // Half a second: the middle of what the header rounds down.
  const off = asked + took / 2 - (theirs + 500);
  const seconds = `${Math.abs(off / 1_000).toFixed(0)} s`;
  if (Math.abs(off) < CLOCK_TOLERANCE) return [fine(`agrees with ${host}`)];
  return [
    warning(
      `${seconds} ${off > 0 ? 'ahead of' : 'behind'} ${host}`,
      'Records get wrong times, and certificates may seem invalid: timedatectl set-ntp true, or the like.',
    ),
  ];
}

/** Whether a process may open as many sockets as its calls need. */
export async function checkDescriptors(
  {maxCalls}: Pick<DoctorSettings, 'maxCalls'>,
  limit: number | undefined = descriptorLimit(),
): Promise<Finding[]> {
  if (limit === undefined) return [skipped('this system does not tell the limit')];
  const most = Math.max(maxCalls.edge, maxCalls.worker);
  const needed = 2 * most + OTHER_DESCRIPTORS;
  if (limit >= needed) return [fine(`${limit} may be open, ${most} calls need ${needed}`)];
  return [
    warning(
      `${limit} may be open, and ${most} calls need ${needed}`,
      `ulimit -n ${needed} (LimitNOFILE= with systemd, ulimits: with compose), or a lower MAX_CALLS.`,
    ),
  ];
}

/** Of this very process: Node raises it to the hard limit as it starts, as it does in ours. */
function descriptorLimit(): number | undefined {
  if (!existsSync('/proc/self/limits')) return undefined;
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/** Room for the embedded database, and the right to write there. */
export async function checkDisk({
  databaseUrl,
  dataDir,
}: Pick<DoctorSettings, 'databaseUrl' | 'dataDir'>): Promise<Finding[]> {
  if (databaseUrl !== undefined) return [skipped('nothing is kept here: DATABASE_URL is set')];
  let folder = resolve(dataDir);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    await access(folder, constants.W_OK);
  } catch {
    return [broken(`${folder} cannot be written to`, 'Give this user the right, or set DATA_DIR to another folder.')];
  }
  const {bavail, bsize} = await statfs(folder);
  const free = bavail * bsize;
  const told = `${free < 10 * LITTLE ? `${Math.round(free / MEGABYTE)} MB` : `${Math.round(free / MEGABYTE / 1_024)} GB`} free at ${folder}`;
  const cure = 'Make room, set DATA_DIR to another disk, or DATABASE_URL to a PostgreSQL..';
  if (free < TOO_LITTLE) return [broken(told, cure)];
  return [free < LITTLE ? warning(told, cure) : fine(told)];
}
