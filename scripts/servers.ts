/** `npm run servers`: the tests about Redis, on every server of this machine in turn. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';
import {findRedisBinary, type RedisBinary} from '../tools/local-stack/redis/private-redis.ts';

const {servers, quick} = commandLine({
  command: 'npm run servers --',
  about:
    'Runs the Redis tests on each server: as a single server, as a Cluster, with the restricted user of each service, and\nwithout the commands that managed services forbid. The exit code is 1 if a server fails or none was found.',
  options: z.object({
    servers: z
      .string()
      .default('redis-server,valkey-server')
      .describe('names on the PATH or paths of programs, comma-separated; those that do not exist are left out'),
    quick: toggle().describe('only the tests of the shared library, without whole calls'),
  }),
});

const found: RedisBinary[] = [];
for (const name of servers.split(',').flatMap(each => each.trim() || [])) {
  process.env['REDIS_SERVER'] = name; // eslint-disable-line no-restricted-properties -- what findRedisBinary reads
  const binary = await findRedisBinary().catch((thrown: unknown) => void process.stderr.write(`${String(thrown)}\n`));
  if (binary) found.push(binary);
}
const results: string[] = [];
for (const {command, version} of found) {
  process.stdout.write(`── ${command} ${version}\n`);
  const runs = [
    ['run', '--project', 'redis', 'libs/shared', 'tools/local-stack'],
    ...(quick ? [] : [['run', '--project', 'e2e', 'redis-users', 'worker-dies']]),
  ];
  let failed = false;
  for (const args of runs) {
    // eslint-disable-next-line no-restricted-properties -- the tests need all of it
    const env = {...process.env, REDIS_SERVER: command};
    const child = spawn('vitest', args, {stdio: 'inherit', env});
    const [code] = (await once(child, 'exit')) as [number | null];
    failed ||= code !== 0;
  }
  results.push(`${failed ? 'failed' : 'passed'}  ${command} ${version}`);
}
process.stdout.write(`\n${results.join('\n') || 'no server was found'}\n`);
process.exitCode = found.length > 0 && results.every(line => line.startsWith('passed')) ? 0 : 1;
