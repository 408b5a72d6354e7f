import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {z} from 'zod';
import {loadConfig, secret, wholeNumber} from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'given-test-'));
afterAll(() => rmSync(folder, {recursive: true}));

const Schema = z.object({
  API_KEY: secret().describe('the key'),
  MAX: wholeNumber({min: 1, max: 9}).default(3).describe('how many'),
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The lines that an operator reads about single variables. */
function told(env: Record<string, string>): string[] {
  try {
    loadConfig(Schema, env);
    return [];
  } catch (thrown) {
    return (thrown as Error).message.split('\n').slice(1, -1);
  }
}

test.each(['sk-key', 'sk-key\n', ' sk-key\r\n\n', '\uFEFFsk-key'])(
  'a secret in a file is the text in it (%j), without what editors add',
  content => {
    expect(loadConfig(Schema, {API_KEY_FILE: file('key', content)}).API_KEY).toBe('sk-key');
  },
);

test('every variable may be in a file, also one that is no secret', () => {
  expect(loadConfig(Schema, {API_KEY: 'a', MAX_FILE: file('max', '7\n')}).MAX).toBe(7);
});

test('a variable that is empty does not count beside its file', () => {
  expect(loadConfig(Schema, {API_KEY: '', API_KEY_FILE: file('key', 'sk-key')}).API_KEY).toBe('sk-key');
});

test('an operator who gives both is told to leave one out', () => {
  expect(told({API_KEY: 'sk-key', API_KEY_FILE: file('key', 'sk-key')})).toEqual([
    '  API_KEY_FILE and API_KEY are both set: leave one of them out (the key)',
  ]);
});

test.each([
  [join(folder, 'missing'), 'which does not exist'],
  [file('blank', ' \n'), 'which is empty'],
  [folder, 'which is no file'],
  [file('large', Buffer.alloc(300_000, 'a')), 'which is too large to be a value'],
  [join(file('plain', 'a'), 'below'), 'which cannot be read (ENOTDIR)'],
])('an operator whose file is none (%#) reads one sentence with its path', (path, why) => {
  expect(told({API_KEY_FILE: path})).toEqual([`  API_KEY_FILE names ${path}, ${why} (the key)`]);
});

test.each(['sk-secret', 'postgres://user:secret@host/db'])(
  'a key that was put where a path belongs is not shown (%s)',
  value => {
    expect(told({API_KEY_FILE: value})).toEqual(['  API_KEY_FILE must be a path that begins with / or ./ (the key)']);
  },
);

test('an operator whose file holds something else is told which file', () => {
  const path = file('key', '"sk-secret"');
  expect(told({API_KEY_FILE: path})).toEqual([
    `  API_KEY holds a blank, a quotation mark or a sign that is in no key: copy it again, alone, without quotes, in ${path} (the key)`,
  ]);
});

test('a misspelt name of a file is pointed out', () => {
  expect(told({API_KEYFILE: '/run/secrets/key'}).at(-1)).toBe('  API_KEYFILE: did you mean API_KEY_FILE?');
});
