import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';

const WATCHING = fileURLToPath(new URL('when-npm-ends.mjs', import.meta.url));
/** Says that it runs, and ends when npm is gone. */
const COMMAND = `
import {whenNpmEnds} from ${JSON.stringify(WATCHING)};
const keep = setInterval(() => {}, 60_000);
await whenNpmEnds(() => (console.log('npm is gone'), clearInterval(keep)));
console.log(process.ppid);
`;
/** As npm: runs a command through a shell that waits for it, and says the process id of that shell first. */
const NPM = `
import {spawn} from 'node:child_process';
const args = ['-c', '"$0" --input-type=module -e "$1"; :', process.execPath, process.argv[1]];
spawn('sh', args, {stdio: ['ignore', 'inherit', 'ignore']});
`;

test.skipIf(process.platform === 'win32').each(['npm', 'shell'] as const)(
  'a command ends when the %s that runs it is killed with -9',
  async killed => {
    const npm = spawn(process.execPath, ['--input-type=module', '-e', NPM, COMMAND], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = createInterface({input: npm.stdout})[Symbol.asyncIterator]();
    const shell = Number((await lines.next()).value);
    process.kill(killed === 'npm' ? (npm.pid ?? 0) : shell, 'SIGKILL');
    expect((await lines.next()).value).toBe('npm is gone');
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit');
  },
);
