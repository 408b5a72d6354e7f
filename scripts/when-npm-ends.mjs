import {execFile} from 'node:child_process';

/** How often we look whether npm is still there. */
const LOOK_EVERY_MS = 500;

/**
 * npm runs us through a shell. A signal for npm reaches that shell, and ends it, but never us; and kill -9 of npm ends
 * npm alone. So we look whether both are still there.
 */
export async function whenNpmEnds(/** @type {() => void} */ act) {
  if (process.platform === 'win32') return;
  const shell = process.ppid;
  const npm = await parentOf(shell);
  const look = setInterval(() => {
    if (process.ppid === shell && (npm === undefined || isRunning(npm))) return;
    clearInterval(look);
    act();
  }, LOOK_EVERY_MS);
  look.unref();
}

/** @returns {Promise<number | undefined>} undefined where there is no `ps`, or where the parent is the first process */
function parentOf(/** @type {number} */ pid) {
  return new Promise(resolve => {
    execFile('ps', ['-o', 'ppid=', '-p', String(pid)], (error, stdout) => {
      const parent = Number(stdout);
      resolve(!error && parent > 1 ? parent : undefined);
    });
  });
}

function isRunning(/** @type {number} */ pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
