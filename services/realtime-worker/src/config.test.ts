import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {WorkerEnv} from './config.ts';

const enough = {OPENAI_API_KEY: 'sk-test', REDIS_URL: 'redis://127.0.0.1'};

test('an operator needs a key and a Redis, and only this machine reaches what the worker serves', () => {
  expect(loadConfig(WorkerEnv, enough)).toMatchObject({
    OPENAI_API_KEY: 'sk-test',
    HOST: '127.0.0.1',
    PORT: 5052,
    MAX_CALLS: 200,
    SESSION_ROTATE_SECONDS: 3_000,
  });
});

test('a key with a line break at its end, as a secret file has it, reaches the model without', () => {
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
])('an operator who sets %s=%s is told what it must be', (name, value, told) => {
  expect(() => loadConfig(WorkerEnv, {...enough, [name]: value})).toThrow(`${name} ${told}`);
});
