import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {EdgeEnv} from './config.ts';

const enough = {PUBLIC_EDGE_URL: 'wss://edge.test/', TWILIO_AUTH_TOKEN: 'a', REDIS_URL: 'redis://127.0.0.1'};

test('an operator who sets what has no default gets the documented rest', () => {
  expect(loadConfig(EdgeEnv, enough)).toEqual({
    PORT: 5051,
    PUBLIC_EDGE_URL: 'wss://edge.test',
    TWILIO_AUTH_TOKEN: ['a'],
    TWILIO_VALIDATE: true,
    REDIS_URL: 'redis://127.0.0.1',
    FLEET_KEY: [],
    MAX_CALLS: 400,
    DRAIN_SECONDS: 60,
    CAPTURE: 'off',
    CAPTURE_DIR: '.voicebridge/captures',
    CAPTURE_DAYS: 7,
    CAPTURE_MAX_MB: 100,
    METRICS_HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
  });
});

test('an operator who rotates tokens names both', () => {
  expect(loadConfig(EdgeEnv, {...enough, TWILIO_AUTH_TOKEN: ' new, old ,'}).TWILIO_AUTH_TOKEN).toEqual(['new', 'old']);
});

test('an operator without a token must say that nothing is to be checked', () => {
  const {TWILIO_AUTH_TOKEN: _, ...env} = enough;
  expect(() => loadConfig(EdgeEnv, env)).toThrow(/TWILIO_AUTH_TOKEN is not set/);
  expect(loadConfig(EdgeEnv, {...env, TWILIO_VALIDATE: 'off'}).TWILIO_VALIDATE).toBe(false);
});

test('an operator learns everything that is wrong at once', () => {
  const load = () => loadConfig(EdgeEnv, {PUBLIC_EDGE_URL: 'https://edge.test', MAX_CALLS: 'many'});
  for (const name of ['PUBLIC_EDGE_URL', 'MAX_CALLS', 'REDIS_URL', 'TWILIO_AUTH_TOKEN']) {
    expect(load).toThrow(new RegExp(`  ${name} `));
  }
});

test.each([
  ['PUBLIC_EDGE_URL', 'ws://edge.example.com', 'must start with wss:// where its host is a public one'],
  ['PUBLIC_EDGE_URL', 'wss://edge.example.com/media-stream', 'must not end in /media-stream'],
  ['MAX_CALLS', '0', 'must be a whole number from 1 to 100000'],
  ['TWILIO_AUTH_TOKEN', 'a, "b"', 'holds a blank, a quotation mark'],
])('an operator who sets %s=%s is told what it must be', (name, value, told) => {
  expect(() => loadConfig(EdgeEnv, {...enough, [name]: value})).toThrow(`${name} ${told}`);
});
