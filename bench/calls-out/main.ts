/**
 * Many calls are made while whatever makes them is killed. Is anybody called twice or at night, and is every state right?
 *
 *   npm run bench calls-out -- [--calls 1000] [--through 300] [--rate 3] [--seed 1]
 *
 * `calls` on a clock of the benchmark's own, in a real Redis: webhooks are killed between any two steps of theirs, and so
 * is Redis. `through`: calls through all processes, of which webhooks, workers and Redis are killed; 0 for none.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {z} from 'zod';
import {RedisOutCalls} from '../../services/webhook/src/redis-out-calls.ts';
import {callsUnderKills} from '../../services/webhook/src/testing/calls-under-kills.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {throughProcesses} from './through-processes.ts';

const {calls, through, rate, seed} = commandLine({
  command: 'npm run bench calls-out --',
  about: 'Whether anybody is called twice or at night, whatever dies.',
  options: z.object({
    calls: wholeNumber({max: 100_000}).default(1_000).describe('calls on a clock of the benchmark’s own; 0 for none'),
    through: wholeNumber({max: 10_000}).default(0).describe('calls through all processes'),
    rate: wholeNumber({min: 1, max: 100}).default(3).describe('calls of those in a second, at most'),
    seed: wholeNumber().default(1).describe('what goes wrong, and when'),
  }),
});

const binary = await findRedisBinary();
if (!binary) throw new Error('this needs a redis-server or valkey-server that keeps its data');
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-bench-calls-out-'));
const print = (title: string, figures: object) => {
  console.log(`\n| ${title} | |\n| --- | --: |`);
  for (const [name, value] of Object.entries(figures)) console.log(`| ${name} | ${value} |`);
};

let isRight = true;
if (calls > 0) {
  let redis = await startRedisBinary(binary, {persist: true, dir: folder});
  const {port} = redis;
  let redisKills = 0;
  const accident = async () => {
    redisKills += 1;
    process.kill(redis.pid, 'SIGKILL');
    await redis.exited;
    redis = await startRedisBinary(binary, {persist: true, dir: folder, port});
  };
  const client = openRedis(`redis://127.0.0.1:${port}`, 'queue', createLog('bench', {level: 'silent'}));
  const store = new RedisOutCalls(client);
  const began = performance.now();
  const {calls: all, made, kills, ...outcome} = await callsUnderKills(store, {calls, seed, killEvery: 3, accident});
  const states: Record<string, number> = {};
  for (const {state} of all) states[state] = (states[state] ?? 0) + 1;
  print(`${calls} calls on a clock of the benchmark's own, in Redis, seed ${seed}`, {
    'webhooks killed; Redis killed': `${kills}; ${redisKills}`,
    'calls that the carrier made': made.length,
    'attempts that were made twice': outcome.twice,
    'calls in quiet hours': outcome.inQuietHours,
    'the shortest time between two calls (ms; 1 a second is allowed)': outcome.closest,
    'states that are not what the carrier knows': outcome.wrong.length,
    states: Object.entries(states)
      .map(([state, count]) => `${state} ${count}`)
      .join(', '),
    seconds: Math.round((performance.now() - began) / 1_000),
  });
  isRight &&= outcome.twice + outcome.inQuietHours + outcome.wrong.length === 0 && outcome.closest >= 1_000;
  isRight &&= all.length === calls && all.every(({dueAt}) => dueAt === null);
  await store[Symbol.asyncDispose]();
  client.disconnect();
  await redis.close();
}
if (through > 0) {
  const began = performance.now();
  const say = (line: string) => console.log(`${Math.round((performance.now() - began) / 1_000)} s: ${line}`);
  const {figures, ok} = await throughProcesses({calls: through, rate, seed, folder: join(folder, 'fleet'), say});
  print(`${through} calls through all processes, ${rate} a second, seed ${seed}`, figures);
  isRight &&= ok;
}
await rm(folder, {recursive: true, force: true});
process.exit(isRight ? 0 : 1);
