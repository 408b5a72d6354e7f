import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {listenOn} from '@voicebridge/shared/config/twilio-settings.ts';
import {WebhookEnv} from './config.ts';

const enough = {
  PUBLIC_WEBHOOK_URL: 'https://voice.example.com/',
  PUBLIC_EDGE_URL: 'wss://edge.example.com',
  TWILIO_AUTH_TOKEN: 'old-token, new-token,',
  REDIS_URL: 'redis://127.0.0.1',
};

const problems = (env: Record<string, string>): string => {
  try {
    loadConfig(WebhookEnv, env);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : '';
  }
  return 'none';
};

test('an operator needs to set four variables, and everything else has a default', () => {
  expect(loadConfig(WebhookEnv, enough)).toMatchObject({
    PORT: 5050,
    PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
    TWILIO_AUTH_TOKEN: ['old-token', 'new-token'],
    TWILIO_VALIDATE: true,
    OVERLOAD: 'say',
    MAX_ATTEMPTS: 3,
  });
});

test('an operator who sets nothing is told everything that is missing, at once', () => {
  const message = problems({OVERLOAD: 'dial'});
  for (const name of ['PUBLIC_WEBHOOK_URL', 'PUBLIC_EDGE_URL', 'REDIS_URL', 'TWILIO_AUTH_TOKEN', 'OVERLOAD_TARGET']) {
    expect(message).toContain(`${name} is not set`);
  }
});

test('an operator without a token must say that nothing is to be validated', () => {
  const {TWILIO_AUTH_TOKEN: _, ...tokenless} = enough;
  expect(problems(tokenless)).toContain('TWILIO_AUTH_TOKEN is not set');
  expect(problems({...tokenless, TWILIO_VALIDATE: 'off'})).toBe('none');
});

test('an operator who wants nothing validated is reached from this machine only, unless HOST says otherwise', () => {
  const at = (env: Record<string, string>) => listenOn(loadConfig(WebhookEnv, {...enough, ...env}));
  expect(at({})).toBeUndefined(); // every address, of IPv4 and IPv6
  expect(at({HOST: '10.0.0.7'})).toBe('10.0.0.7');
  expect(at({TWILIO_VALIDATE: 'off'})).toBe('127.0.0.1');
  expect(at({TWILIO_VALIDATE: 'off', HOST: '0.0.0.0'})).toBe('0.0.0.0');
});

test.each([
  ['PUBLIC_WEBHOOK_URL', 'voice.example.com', 'must be a URL that starts with'],
  ['PUBLIC_WEBHOOK_URL', 'http://voice.example.com', 'must start with https:// where its host is a public one'],
  ['PUBLIC_WEBHOOK_URL', 'https://voice.example.com/incoming-call', 'must not end in /incoming-call'],
  ['PUBLIC_WEBHOOK_URL', 'https://voice.example.com/incoming-call/', 'must not end in /incoming-call'],
  ['PUBLIC_EDGE_URL', 'wss://edge.example.com/media-stream/', 'must not end in /media-stream'],
  ['EDGE_ORIGINS', 'wss://edge.example.com, wss://two.example.com/media-stream', 'must not end in /media-stream'],
  ['TWILIO_AUTH_TOKEN', '"old-token"', 'holds a blank, a quotation mark'],
  ['REDIS_URL', 'http://127.0.0.1:6379', 'must start with redis://'],
  ['DRAIN_SECONDS', '99999999', 'must be a whole number from 0 to 86400'],
  ['LOG_LEVEL', 'verbose', 'must be fatal, error,'],
  ['PUBLIC_EDGE_URL', 'https://edge.example.com', 'must be a URL that starts with ws:// or wss://'],
  ['OVERLOAD', 'shout', 'must be say, hold, dial or redirect'],
  ['OVERLOAD_HOLD_SECONDS', '0', 'must be a whole number from 1 to 60'],
  ['NUMBER_HASH_KEY', 'short', 'must have 16 characters or more'],
  ['TWILIO_ACCOUNT_SID', 'AC1', 'must be AC and 32 hexadecimal digits'],
])('an operator who mistypes %s is told what it must be, without the value', (name, value, told) => {
  const message = problems({...enough, [name]: value});
  expect(message).toContain(`${name} ${told}`);
  expect(message).not.toContain('old-token');
});

test.each([
  ['dial', '+15550100123', 'none'],
  ['dial', 'sip:context@example.com', 'none'],
  ['dial', '5550100', 'OVERLOAD_TARGET must be a number'],
  ['redirect', 'https://example.com/busy', 'none'],
  ['redirect', 'example.com', 'OVERLOAD_TARGET must be an http'],
])('OVERLOAD=%s takes %s as its target: %s', (overload, target, told) => {
  expect(problems({...enough, OVERLOAD: overload, OVERLOAD_TARGET: target})).toContain(told);
});
