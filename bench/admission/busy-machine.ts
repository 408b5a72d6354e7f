import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpus} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';

/** No child process runs longer than this, whatever happens to its parent. */
const AT_MOST_SECONDS = 240;

/** Keeps one processor busy for this share of each 50 ms, and ends when its parent or its time does. */
const LOOP = `
const [share, seconds] = process.argv.slice(1).map(Number);
const end = performance.now() + seconds * 1000;
process.on('disconnect', () => process.exit());
const round = () => {
  const until = performance.now() + 50 * share;
  while (performance.now() < until);
  if (performance.now() > end) process.exit();
  setTimeout(round, 50 * (1 - share));
};
round();
`;

/**
 * Starts other work that keeps every processor of this machine busy for this share of the time. With several processes
 * for each processor, ours wait longer for their turn.
 */
export function makeBusy(share: number, perProcessor: number): AsyncDisposable {
  const children = Array.from({length: cpus().length * perProcessor}, () =>
    spawn(process.execPath, ['-e', LOOP, String(share), String(AT_MOST_SECONDS)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  return {
    async [Symbol.asyncDispose]() {
      const gone = children.map(child => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

/** The load of all processors together over the next milliseconds, from 0 to 1. */
export async function busyShare(ms: number): Promise<number> {
  const before = times();
  await sleep(ms);
  const after = times();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function times(): {readonly idle: number; readonly all: number} {
  const each = cpus().map(({times}) => times);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {idle: sum(each.map(({idle}) => idle)), all: sum(each.flatMap(one => Object.values(one)))};
}
