import {expect, test} from 'vitest';
import {isHidden, loadConfig} from '@voicebridge/shared/config/config.ts';
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

test('an operator of a model for outcomes must say which, and where exactly, and its key is hidden', () => {
  const url = 'https://api.openai.com/v1/chat/completions';
  expect(() => loadConfig(AnalyticsEnv, {...enough, OUTCOME_MODEL_URL: url})).toThrow(
    'must have OUTCOME_MODEL beside it',
  );
  expect(() =>
    loadConfig(AnalyticsEnv, {...enough, OUTCOME_MODEL_URL: 'https://api.openai.com/v1', OUTCOME_MODEL: 'm'}),
  ).toThrow('must end in /chat/completions or /responses');
  expect(isHidden(AnalyticsEnv.shape.OUTCOME_MODEL_KEY)).toBe(true);
  expect(loadConfig(AnalyticsEnv, {...enough, OUTCOME_MODEL_URL: url, OUTCOME_MODEL: 'm'}).OUTCOME_MODEL).toBe('m');
});
