import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {chown, mkdir, mkdtemp, readdir} from 'node:fs/promises';
import {createServer, Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

/**
 * Waits until its standard input ends, which happens when we close it or are dead. Then it ends the server of the folder $1
 * at once, and removes the folder.
 */
const WATCHDOG = `
read -r _
read -r server <"$1/data/postmaster.pid" && kill -QUIT "$server"
while kill -0 "$server" && sleep 0.1; do :; done
rm -rf "$1"
`;

/** A PostgreSQL for one test, which may be killed and started again. It ends with our process, even after kill -9. */
export interface PrivatePostgres extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  start(): Promise<void>;
  /** SIGKILL: no clean shutdown and no checkpoint, as after a power cut. */
  kill(): Promise<void>;
}

/** The folder of `initdb` and `postgres`; undefined where PostgreSQL is not installed. */
export async function findPostgres(): Promise<string | undefined> {
  const installed = '/usr/lib/postgresql';
  const versions = (await readdir(installed).catch(() => [])).toSorted((a, b) => Number(b) - Number(a));
  const folders = [
    ...versions.map(version => join(installed, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  for (const folder of folders) {
    const there = await readdir(folder).catch((): string[] => []);
    if (there.includes('initdb') && there.includes('postgres')) return folder;
  }
  return undefined;
}

/**
 * Creates a cluster in a temporary folder. PostgreSQL refuses to run as root; root starts it as the user `postgres`.
 */
export async function privatePostgres(bin: string): Promise<PrivatePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-postgres-'));
  const user = process.getuid?.() === 0 ? await idsOf('postgres') : {};
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', folder], {
    ...user,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C in a terminal reaches only us
  });
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  const data = join(folder, 'data');
  await mkdir(data);
  if (user.uid !== undefined && user.gid !== undefined) await chown(data, user.uid, user.gid);
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'analytics', '--auth=trust', '-E', 'UTF8', '--no-sync'], {
    ...user,
    cwd: folder,
  });
  const {stdout: version} = await run(join(bin, 'postgres'), ['--version']);
  const port = await freePort();
  let server: ChildProcess | undefined;

  const kill = async () => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise(resolve => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  const start = async () => {
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'max_connections=60',
    ];
    // The children of a killed server hold its shared memory for a moment: tried again until it starts.
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const started = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap(setting => ['-c', setting])], {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      const ready = await new Promise<boolean>(resolve => {
        started.once('exit', () => resolve(false));
        started.stderr.on('data', (text: Buffer) => {
          if (text.includes('ready to accept connections')) resolve(true);
        });
      });
      if (ready) {
        server = started;
        return;
      }
      await new Promise<void>(resolve => setImmediate(resolve));
    }
    throw new Error('PostgreSQL does not start');
  };
  await start();
  return {
    url: `postgres://analytics@127.0.0.1:${port}/postgres`,
    version: version.trim(),
    start,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      watchdog.ref();
      const gone = once(watchdog, 'exit');
      watchdog.stdin.end();
      await gone;
    },
  };
}

async function idsOf(name: string): Promise<{uid?: number; gid?: number}> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async flag => Number((await run('id', [flag, name])).stdout)));
  return uid === undefined || gid === undefined ? {} : {uid, gid};
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>(resolve => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
