import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {expect, test} from 'vitest';
import {freePort} from '../tools/local-stack/redis/private-redis.ts';

/** Answers every request, says its process id when it listens, and the names of the signals that it gets. */
const SERVICE = `
import {createServer} from 'node:http';
for (const name of ['SIGINT', 'SIGUSR2']) process.on(name, () => console.log(name));
process.on('SIGTERM', () => setTimeout(() => process.exit(7), 50));
createServer((_, response) => response.end('{}')).listen(process.env.PORT, '127.0.0.1', () => console.log(process.pid));
`;

/** A service under the supervisor of our images, which asks it as often as is said. */
async function supervised(env: Readonly<Record<string, string>> = {}) {
  const all = {...process.env, PORT: String(await freePort()), SERVICE: 'services/sample', ...env};
  const args = ['deploy/supervise', process.execPath, '--input-type=module', '-e', SERVICE];
  const child = spawn('bash', args, {env: all, stdio: ['ignore', 'pipe', 'ignore']});
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  const ended = once(child, 'exit');
  const service = Number(await nextLine());
  return {child, service, nextLine, ended};
}

test.runIf(process.platform === 'linux')('a service that hangs is killed, and the container ends with it', async () => {
  const {service, nextLine, ended} = await supervised({SUPERVISE_SECONDS: '0.1'});
  process.kill(service, 'SIGSTOP');
  expect(JSON.parse(await nextLine())).toMatchObject({
    level: 'fatal',
    service: 'sample',
    pid: service,
    // One more where this process was late itself; with a service that waits for a processor it would be twenty.
    unanswered: expect.toSatisfy((count: number) => count >= 5 && count < 10),
    msg: 'hangs: killed by its supervisor',
  });
  expect(await ended).toEqual([137, null]);
});

test.runIf(process.platform === 'linux')(
  'a service that waits for a processor is given four times as long',
  async () => {
    const proc = await mkdtemp(join(tmpdir(), 'voicebridge-proc-'));
    const {service, nextLine, ended} = await supervised({SUPERVISE_SECONDS: '0.1', SUPERVISE_PROC: proc});
    await mkdir(join(proc, String(service)));
    const waiting = setInterval(
      () => void writeFile(join(proc, String(service), 'schedstat'), `0 ${process.hrtime.bigint()} 0\n`),
      10,
    );
    process.kill(service, 'SIGSTOP');
    expect(JSON.parse(await nextLine())).toMatchObject({unanswered: expect.toSatisfy((count: number) => count > 5)});
    expect(await ended).toEqual([137, null]);
    clearInterval(waiting);
    await rm(proc, {recursive: true, force: true});
  },
);

test.runIf(process.platform === 'linux')(
  'a service gets the signals of its container, and drains in peace',
  async () => {
    const {child, nextLine, ended} = await supervised();
    for (const signal of ['SIGUSR2', 'SIGINT'] as const) {
      child.kill(signal);
      expect(await nextLine()).toBe(signal);
    }
    child.kill('SIGTERM');
    expect(await ended).toEqual([7, null]);
  },
);
