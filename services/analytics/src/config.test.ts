import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {AnalyticsEnv} from './config.ts';

const enough = {REDIS_URL: 'redis://127.0.0.1'};

test('an operator needs to set nothing but REDIS_URL, and then only this machine reaches the dashboard', () => {
  expect(loadConfig(AnalyticsEnv, enough)).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 5053,
    DATA_DIR: '.voicebridge/analytics',
  });
});

test('an operator who lets other machines in must set a password', () => {
  const open = {...enough, HOST: '0.0.0.0'};
  expect(() => loadConfig(AnalyticsEnv, open)).toThrow(
    'DASHBOARD_PASSWORD is not set, and HOST lets other machines in',
  );
  expect(loadConfig(AnalyticsEnv, {...open, DASHBOARD_PASSWORD: 'twelve or more'}).HOST).toBe('0.0.0.0');
});

test('an operator reads everything that is wrong with the configuration at once', () => {
  const load = () =>
    loadConfig(AnalyticsEnv, {
      HOST: '0.0.0.0',
      PORT: '6000',
      DATABASE_URL: 'mysql://h',
      RETENTION_DAYS_CALLS: 'x',
      QUEUE_REDIS_URL: 'h:6379',
    });
  for (const name of [
    'PORT',
    'REDIS_URL',
    'DATABASE_URL',
    'RETENTION_DAYS_CALLS',
    'QUEUE_REDIS_URL',
    'DASHBOARD_PASSWORD',
  ])
    expect(load).toThrow(new RegExp(`^ {2}${name} `, 'm'));
});
