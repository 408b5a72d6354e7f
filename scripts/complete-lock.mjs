// Completes package-lock.json for platforms other than this one: `node scripts/complete-lock.mjs [--check]`.
//
// npm leaves optional packages out of the lock that it could not fetch or did not install (npm/cli#4828), and then
// `npm ci` refuses the lock on every machine. Such packages are binaries of one platform each, and their names say which.
// Run it after `npm install`.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const LOCK = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
/** @type {string[]} */
const added = [];

for (const [path, {optionalDependencies = {}, dev}] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = platformOf(name);
    if (!platform || !/^\d+\.\d+\.\d+/.test(version) || resolves(path, name)) continue;
    lock.packages[`node_modules/${name}`] = {version, ...platform, ...(dev ? {dev} : {}), optional: true};
    added.push(name);
  }
}

if (added.length > 0 && process.argv.includes('--check')) {
  console.error(
    `package-lock.json lacks ${added.length} optional packages (first: ${added[0]}): node scripts/complete-lock.mjs`,
  );
  process.exitCode = 1;
} else if (added.length > 0) {
  const [root, ...rest] = Object.entries(lock.packages);
  lock.packages = Object.fromEntries([root, ...rest.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: added ${added.length} optional packages of other platforms`);
}

/** Whether a package of that name is where Node would look for it from `path`. */
function resolves(/** @type {string} */ path, /** @type {string} */ name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
    if (!folder.includes('/node_modules/')) folder = '';
  }
}

/** `@oxc-parser/binding-linux-arm64-musl` → linux, arm64, musl. */
function platformOf(/** @type {string} */ name) {
  const os = /\b(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|windows)\b/.exec(name)?.[1];
  const cpu = /\b(arm64|aarch64|armv7|arm|x64|64|ia32|ppc64|riscv64|s390x|loong64|wasm32)\b/.exec(
    name.slice(name.indexOf(os ?? '')),
  )?.[1];
  if (!os || !cpu) return undefined;
  const libc = /\b(musl|gnu)/.exec(name)?.[1];
  return {
    os: [os === 'windows' ? 'win32' : os],
    cpu: [{aarch64: 'arm64', armv7: 'arm', 64: 'x64'}[cpu] ?? cpu],
    ...(os === 'linux' && libc ? {libc: [libc === 'gnu' ? 'glibc' : 'musl']} : {}),
  };
}
