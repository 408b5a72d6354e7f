import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {WorkerEnv} from './config.ts';

const enough = {OPENAI_API_KEY: 'sk-test', REDIS_URL: 'redis://127.0.0.1'};

test('a worker needs an API key and a Redis URL, and listens on loopback by default', () => {
  expect(loadConfig(WorkerEnv, enough)).toMatchObject({
    OPENAI_API_KEY: 'sk-test',
    HOST: '127.0.0.1',
    PORT: 5052,
    MAX_CALLS: 200,
    SESSION_ROTATE_SECONDS: 3_000,
  });
});

test('a line break at the end of the API key is removed', () => {
  expect(loadConfig(WorkerEnv, {...enough, OPENAI_API_KEY: 'sk-test\n'}).OPENAI_API_KEY).toBe('sk-test');
});

test.each([
  ['OPENAI_API_KEY', '"sk-test"', 'holds a blank, a quotation mark'],
  ['OPENAI_REALTIME_URL', 'ws://api.openai.com/v1/realtime', 'must start with wss:// where its host is a public one'],
  ['MAX_CALLS', '0', 'must be a whole number from 1 to 100000'],
  ['MAX_CALLS', '1000000000000000000000', 'must be a whole number from 1 to 100000'],
  ['SESSION_ROTATE_SECONDS', '0', 'must be a whole number from 1 to 86400'],
  ['DRAIN_SECONDS', '99999999', 'must be a whole number from 0 to 86400'],
  ['BARGE_IN', 'soft', 'must be immediate or resume'],
  ['QUEUE_REDIS_URL', 'nonsense', 'must start with redis:// or rediss://'],
  ['LOG_LEVEL', 'verbose', 'must be fatal, error, warn, info, debug, trace or silent'],
])('the error for %s=%s says which values are allowed', (name, value, told) => {
  expect(() => loadConfig(WorkerEnv, {...enough, [name]: value})).toThrow(`${name} ${told}`);
});
