import {existsSync, readFileSync} from 'node:fs';
import {parse} from 'dotenv';
import {expect, test} from 'vitest';
import {configurationPage, envExample, readSettings, shortTable, withTable} from './env-example.ts';

const settings = await readSettings();
const OUT_OF_DATE = 'out of date: node scripts/env-example.ts';

test('a newcomer who copies .env.example finds every variable of every service', () => {
  expect(readFileSync('.env.example', 'utf8'), OUT_OF_DATE).toBe(envExample(settings));
});

test('an operator finds every variable in docs/CONFIGURATION.md', () => {
  expect(readFileSync('docs/CONFIGURATION.md', 'utf8'), OUT_OF_DATE).toBe(configurationPage(settings));
});

test.runIf(existsSync('README.md'))('a newcomer reads about those that matter first in the README', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(readme, OUT_OF_DATE).toBe(withTable(readme, shortTable(settings)));
});

test.runIf(settings.has('OPENAI_API_KEY'))('a newcomer who only copies it sets nothing but the empty key', () => {
  expect(parse(envExample(settings))).toEqual({OPENAI_API_KEY: ''});
});

test('an operator learns from each variable what it is for', () => {
  for (const [name, uses] of settings) for (const {about} of uses) expect(about, name).not.toBe('');
});
