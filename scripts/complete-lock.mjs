// Completes package-lock.json: `node scripts/complete-lock.mjs [--check]`. Run it after `npm install`.
//
// npm leaves optional packages of other platforms out of the lock when some packages are installed already (npm/cli#4828), and
// then `npm ci` refuses the lock on every machine. In a folder where nothing is installed it does not, so it is asked there, and
// writes the hash of each package too.
import {spawnSync} from 'node:child_process';
import {cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {holesIn} from './lock-holes.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK = join(ROOT, 'package-lock.json');
const holes = holesIn(JSON.parse(readFileSync(LOCK, 'utf8')));
const isCheck = process.argv.includes('--check');

if (isCheck && holes.length > 0) {
  for (const hole of holes.slice(0, 10)) console.error(hole);
  console.error(
    `package-lock.json has ${holes.length} holes: node scripts/complete-lock.mjs, or lock-holes.ts for licences`,
  );
  process.exitCode = 1;
} else if (holes.length > 0) {
  const left = complete();
  for (const hole of left) console.error(hole);
  console.log(`package-lock.json: ${holes.length - left.length} of ${holes.length} holes are closed`);
  process.exitCode = left.length > 0 ? 1 : 0;
}

/** @returns {string[]} the holes that are left */
function complete() {
  const folder = mkdtempSync(join(tmpdir(), 'voicebridge-lock-'));
  try {
    for (const file of [
      'package.json',
      '.npmrc',
      ...globSync('{libs,services,simulators}/*/package.json', {cwd: ROOT}),
    ]) {
      mkdirSync(join(folder, dirname(file)), {recursive: true});
      cpSync(join(ROOT, file), join(folder, file));
    }
    const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
    for (const [path, {link, integrity}] of Object.entries(lock.packages))
      if (path.includes('node_modules/') && !link && !integrity) delete lock.packages[path];
    writeFileSync(join(folder, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
    const options = ['--package-lock-only', '--min-release-age=0', '--ignore-scripts', '--no-audit', '--no-fund'];
    spawnSync('npm', ['install', ...options], {cwd: folder, stdio: 'inherit', shell: process.platform === 'win32'});
    cpSync(join(folder, 'package-lock.json'), LOCK);
    return holesIn(JSON.parse(readFileSync(LOCK, 'utf8')));
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
