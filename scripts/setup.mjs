// The door to every command: `node scripts/setup.mjs <command> [args]`. It needs nothing but Node 20 and npm. It installs
// what is missing, says so, and runs the command on the Node version that this repository pins.
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {constants} from 'node:os';
import {delimiter, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {whenNpmEnds} from './when-npm-ends.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.voicebridge-stamp');
const LOCK = join(ROOT, 'package-lock.json');
const NODE_PACKAGE = join(MODULES, 'node');
const PINNED_NODE = join(NODE_PACKAGE, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const VITEST = join(MODULES, 'vitest', 'vitest.mjs');
/** Makes a command stop when this process is gone, even after kill -9. */
const END_WITH_PARENT = pathToFileURL(join(ROOT, 'tools', 'local-stack', 'end-with-parent.ts')).href;

/** @type {Record<string, {about: string, run: (args: string[]) => string[]}>} */
const COMMANDS = {
  demo: {
    about: 'three simulated calls; one caller interrupts, one worker is killed; no account needed',
    run: a => ['scripts/demo/main.ts', ...a],
  },
  test: {about: 'all tests: unit, redis, e2e', run: a => [VITEST, 'run', ...a]},
  check: {about: 'format, lint, types, unused code, unit tests', run: a => ['scripts/check/main.ts', ...a]},
  start: {about: 'the four services, for real calls', run: a => ['scripts/start.ts', ...a]},
  talk: {
    about: 'a telephone in the browser, to talk to your assistant; no account needed',
    run: a => ['scripts/talk.ts', ...a],
  },
  dev: {about: 'as start; a service restarts when its files change', run: a => ['scripts/dev.ts', ...a]},
  doctor: {
    about: 'checks everything that a call needs, and says how to mend what is wrong',
    run: a => ['scripts/doctor.ts', ...a],
  },
  bench: {
    about: `how many calls this machine carries; or one of: ${benches().join(', ')}`,
    run: a => (isNamed(a) ? [join('bench', a[0] ?? '', 'main.ts'), ...a.slice(1)] : ['bench/capacity/main.ts', ...a]),
  },
  new: {
    about: 'writes the file of a new assistant: npm run new -- reception',
    run: a => ['scripts/new-assistant.ts', ...a],
  },
  rehearse: {
    about: 'plays the callers of assistants/*.call.yaml and checks what they expect; no account needed (--help)',
    run: a => ['scripts/rehearse/main.ts', ...a],
  },
  replay: {
    about: 'plays a captured call again, and reports the first decision that differs (--help)',
    run: a => ['scripts/replay.ts', ...a],
  },
  pictures: {
    about: 'takes the pictures of the dashboard for the documentation; needs Chromium and npm run seed-data (--help)',
    run: a => ['scripts/pictures.ts', ...a],
  },
  'demo-picture': {
    about: 'runs the demo and draws it as the moving picture of the README (--help)',
    run: a => ['scripts/demo-picture.ts', ...a],
  },
  'seed-data': {
    about:
      'a database of its own with a month of simulated calls, for npm start -- --demo-data; --drop deletes it (--help)',
    run: a => ['scripts/seed-data/main.ts', ...a],
  },
  story: {
    about: 'the log lines of one call from all processes, in order of time (--help)',
    run: a => ['scripts/story.ts', ...a],
  },
  servers: {
    about: 'the Redis tests, on every Redis and Valkey on this machine in turn (--help)',
    run: a => ['scripts/servers.ts', ...a],
  },
  'redis-acl': {
    about: 'a Redis user for each service, with the rights that it needs and no others (--help)',
    run: a => ['scripts/redis-acl.ts', ...a],
  },
  call: {
    about: 'makes an outbound call: npm run call -- +4722334455 reminder name=Ada',
    run: a => ['scripts/call.ts', ...a],
  },
  'api-token': {
    about: 'creates an API token for a program (--help)',
    run: a => ['scripts/api-token.ts', ...a],
  },
  secrets: {
    about: 'passwords and keys for docker compose, as files in ./secrets',
    run: a => ['scripts/secrets/main.ts', ...a],
  },
  chaos: {
    about: 'kills and stops processes under load, and counts what is lost',
    run: a => ['scripts/chaos/main.ts', ...a],
  },
  'chaos:compose': {
    about: 'the same with the containers of docker-compose.yml; needs Docker',
    run: a => ['scripts/chaos/compose.ts', ...a],
  },
  fuzz: {
    about: 'feeds malformed input to every parser; input that breaks one is kept (--help)',
    run: a => ['scripts/fuzz/main.ts', ...a],
  },
  soak: {
    about: 'calls come and go for half an hour; fails if memory, files or keys have grown; needs Linux',
    run: a => ['scripts/soak/main.ts', ...a],
  },
};

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command || (name === 'bench' && isNamed(args) && !benches().includes(args[0] ?? ''))) usage();

await install();
const node = await pinnedNode();
await run(node, command.run(args), {
  PATH: `${join(MODULES, '.bin')}${delimiter}${process.env.PATH ?? ''}`,
  // The second start of a command takes half of the processor time; processes that it starts use the same folder.
  NODE_COMPILE_CACHE: join(MODULES, '.cache', 'compiled-by-node'),
});

/** Installs when node_modules is missing or is not what package-lock.json asks for. */
async function install() {
  const lock = readFileSync(LOCK, 'utf8');
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  if (!isInstalled(lock)) {
    const started = performance.now();
    say(
      `installing dependencies (npm ci), ${existsSync(MODULES) ? 'since package-lock.json changed' : 'the first time only'} …`,
    );
    const code = await npm([
      'ci',
      '--min-release-age=0',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    if (code !== 0) fail(`npm ci failed (exit code ${code}). Its message is above.`);
    say(`dependencies installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  writeFileSync(STAMP, wanted);
}

/** Whether an `npm install` by hand has already put every required package of the lock in place. */
function isInstalled(/** @type {string} */ lock) {
  const installed = join(MODULES, '.package-lock.json');
  if (!existsSync(installed)) return false;
  const there = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(JSON.parse(lock).packages).every(
    ([path, {version, optional, peer}]) =>
      !path.includes('node_modules/') || optional || peer || there[path]?.version === version,
  );
}

/** The Node of this repository. Where its install script was not allowed to run, we run it. */
async function pinnedNode() {
  if (existsSync(PINNED_NODE)) return PINNED_NODE;
  say('npm did not run the install script of the package "node"; running it …');
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(?!config_(registry|cafile))/i.test(key)),
  );
  await new Promise(resolve => {
    spawn(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: NODE_PACKAGE,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: environment,
    })
      .on('error', resolve)
      .on('exit', resolve);
  });
  if (existsSync(PINNED_NODE)) return PINNED_NODE;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 22)) {
    say(`the pinned Node could not be installed; going on with this one (${process.version})`);
    return process.execPath;
  }
  return fail('Node 24 could not be installed here. Install Node 24 and run this command again.');
}

/** The npm that runs us, or the one on the PATH. */
function npm(/** @type {string[]} */ npmArgs) {
  const {npm_execpath: script, npm_node_execpath: runner} = process.env;
  const [file, ...rest] = script?.endsWith('.js')
    ? [runner ?? process.execPath, script, ...npmArgs]
    : ['npm', ...npmArgs];
  return new Promise(resolve => {
    spawn(file ?? 'npm', rest, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: file === 'npm' && process.platform === 'win32',
    })
      .on('error', error => fail(`npm could not be started: ${error.message}`))
      .on('exit', resolve);
  });
}

/** Runs to the end, hands signals on, and ends as the command ended. */
async function run(
  /** @type {string} */ file,
  /** @type {string[]} */ runArgs,
  /** @type {Record<string, string>} */ environment,
) {
  const isOurs = runArgs[0] !== VITEST; // Vitest's own processes must not inherit the import
  const child = spawn(file, [...(isOurs ? ['--import', END_WITH_PARENT] : []), ...runArgs], {
    cwd: ROOT,
    stdio: isOurs ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    env: {...process.env, ...environment},
  });
  // Ctrl-C reaches the command by itself: the terminal sends it to all of us. We only must not die before it.
  process.on('SIGINT', () => {});
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  if (process.env['npm_lifecycle_event'] !== undefined) void whenNpmEnds(() => child.kill('SIGTERM'));
  const [code, signal] = await new Promise(resolve => {
    child.on('exit', (...end) => resolve(end));
    child.on('error', error => fail(`${file} could not be started: ${error.message}`));
  });
  process.exit(code ?? 128 + (constants.signals[/** @type {NodeJS.Signals} */ (signal)] ?? 1));
}

/** Whether the first word is a name and no option. */
function isNamed(/** @type {string[]} */ [first]) {
  return first !== undefined && !first.startsWith('-');
}

function benches() {
  const folder = join(ROOT, 'bench');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter(name => existsSync(join(folder, name, 'main.ts')));
}

/** @returns {never} */
function usage() {
  const width = Math.max(...Object.keys(COMMANDS).map(key => key.length));
  const lines = Object.entries(COMMANDS).map(([key, {about}]) => `  npm run ${key.padEnd(width)}  ${about}`);
  return fail(`there is no command ${JSON.stringify([name, ...args].join(' '))}. There are:\n${lines.join('\n')}`);
}

function say(/** @type {string} */ line) {
  process.stdout.write(`voicebridge: ${line}\n`);
}

/** @returns {never} */
function fail(/** @type {string} */ line) {
  process.stderr.write(`voicebridge: ${line}\n`);
  process.exit(1);
}
