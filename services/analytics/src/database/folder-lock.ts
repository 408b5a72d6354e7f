import {link, mkdir, readFile, rename, unlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {CannotStart} from '@voicebridge/shared/errors.ts';

/**
 * The embedded database has no lock of its own, and a second process would damage its folder. So a file names the
 * owner. The lock is taken over only from a process that no longer exists. Its age says nothing: a process with a long
 * query, or on a paused machine, is silent too.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, {recursive: true});
  const path = join(folder, 'owner.pid');
  const mine = `${process.pid} ${await startOf(process.pid)}`;
  // Written to a file of its own and then linked, so that no process reads half an entry.
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, mine);
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (await linked(aside, path)) {
        return {
          async [Symbol.asyncDispose]() {
            if ((await read(path)) === mine) await unlink(path);
          },
        };
      }
      const owner = await read(path);
      if (owner !== undefined && (await lives(owner))) throw heldBy(folder, owner);
      if (owner !== undefined) await removeDead(path, owner);
    }
  } finally {
    await unlink(aside);
  }
  throw heldBy(folder, (await read(path)) ?? 'another process');
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (isCode(thrown, 'EEXIST')) return false;
    throw thrown;
  }
}

/**
 * Two processes may find the same dead owner at once: the file that was moved away is read again before it is deleted.
 */
async function removeDead(path: string, owner: string): Promise<void> {
  const moved = `${path}.${process.pid}.dead`;
  try {
    await rename(path, moved);
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return;
    throw thrown;
  }
  if ((await read(moved)) !== owner) await linked(moved, path);
  await unlink(moved);
}

function heldBy(folder: string, owner: string): CannotStart {
  return new CannotStart(
    `the database in ${folder} belongs to process ${owner.split(' ')[0]}, which is running; ` +
      'stop that process, set DATA_DIR to another folder, or set DATABASE_URL to run several analytics processes',
  );
}

/** Whether a process still runs. Process ids are reused, so its start time is compared too. */
async function lives(owner: string): Promise<boolean> {
  const [pid, start] = owner.split(' ');
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return false;
  try {
    process.kill(number, 0);
  } catch (thrown) {
    return isCode(thrown, 'EPERM');
  }
  const started = await startOf(number);
  return started === start || started === '?' || start === '?';
}

/** When a process started, in the units of its system; `?` where that cannot be known. */
async function startOf(pid: number): Promise<string> {
  const stat = await read(`/proc/${pid}/stat`);
  // The second field is a name in parentheses and may hold spaces; the start is the 20th after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '?';
}

async function read(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
