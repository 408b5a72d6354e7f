import {expect, test} from 'vitest';
import {CannotStart} from '../errors.ts';
import {checkRedis} from './check-redis.ts';
import {hostOf} from './client.ts';
import {readRedisVersion} from './redis-version.ts';

test('an operator with Redis 7 or newer, or any Valkey, may start', () => {
  expect(readRedisVersion('# Server\r\nredis_version:7.0.15\r\n')).toEqual({flavor: 'redis', version: '7.0.15'});
  expect(readRedisVersion('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n')).toEqual({
    flavor: 'valkey',
    version: '8.1.0',
  });
});

test('an operator with Redis 6 is told which version is needed, and why', () => {
  expect(() => readRedisVersion('redis_version:6.2.14\r\n')).toThrow(
    'this is Redis 6.2.14; Redis 7 or newer, or Valkey, is needed (sharded pub/sub carries the calls).',
  );
  expect(() => readRedisVersion('')).toThrow(CannotStart);
});

test('an operator whose Redis is down is told where we looked, without the password', async () => {
  const problem = await checkRedis('redis://operator:secret@127.0.0.1:1').catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(CannotStart);
  expect(String(problem)).toContain('no Redis answers at 127.0.0.1:1');
  expect(String(problem)).not.toContain('secret');
});

test('a log line names the first node of a cluster and never its password', () => {
  expect(hostOf('rediss://u:p@one:7000,redis://two:7001')).toBe('one:7000');
  expect(hostOf('nonsense')).toBe('the given address');
});
