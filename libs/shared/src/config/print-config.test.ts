import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {z} from 'zod';
import {modelName, onOff, phrase, secret, secrets, text, wholeNumber} from './config.ts';
import {readGiven} from './given.ts';
import {configLines, shownConfig} from './print-config.ts';
import {postgresUrl, redisUrls} from './server-urls.ts';

const folder = mkdtempSync(join(tmpdir(), 'print-config-test-'));
afterAll(() => rmSync(folder, {recursive: true}));

const Schema = z.object({
  KEY: secret(),
  TOKENS: secrets().default([]),
  PASSWORD: phrase(12).optional(),
  REDIS_URL: redisUrls(),
  DATABASE_URL: postgresUrl().optional(),
  MODEL: modelName().default('gpt'),
  MAX: wholeNumber({min: 1}).default(3),
  QUICK: onOff().default(false),
  SAY: text(100).optional(),
});

const lines = (env: Record<string, string>) =>
  configLines(
    shownConfig(Schema, readGiven(env, Object.keys(Schema.shape)), name => (name === 'MAX' ? '.env' : 'environment')),
  );

test('an operator sees every value and where it comes from, and no secret', () => {
  const file = join(folder, 'key');
  writeFileSync(file, 'sk-secret\n');
  const shown = lines({
    KEY_FILE: file,
    TOKENS: 'secret-one,secret-two',
    PASSWORD: 'a secret of mine',
    REDIS_URL: 'redis://:secret@h:7101,redis://user:secret@h:7102',
    DATABASE_URL: 'postgres://user:secret@h/db?password=secret',
    MAX: '7',
    SAY: 'two\nlines',
  });
  expect(shown.map(line => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    `KEY | file ${file} | hidden`,
    'TOKENS | environment | hidden',
    'PASSWORD | environment | hidden',
    'REDIS_URL | environment | redis://…@h:7101,redis://…@h:7102',
    'DATABASE_URL | environment | postgres://…@h/db?…',
    'MODEL | default | gpt',
    'MAX | .env | 7',
    'QUICK | default | off',
    String.raw`SAY | environment | "two\nlines"`,
  ]);
  expect(shown.join('\n')).not.toContain('secret');
});

test('a value that is wrong is not shown, and one that is missing is named', () => {
  const shown = lines({KEY: 'a "secret"', REDIS_URL: 'redis://:se#cret@h'});
  expect(shown[0]).toMatch(/^KEY .* wrong: see below$/);
  expect(shown[3]).toMatch(/^REDIS_URL .* wrong: see below$/);
  expect(shown[4]).toMatch(/^DATABASE_URL .* not set$/);
  expect(lines({KEY_FILE: '/does/not/exist'})[0]).toMatch(/^KEY .* wrong: see below$/);
});
