import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {loadEnvFile} from './env-file.ts';

const TEXT = 'REDIS_URL=redis://127.0.0.1\r\nGREETING="Good day, Zoë!" # said first\r\n';

/** A folder, with a `.env` if one is given. */
function folderWith(bytes?: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'an env file '));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  if (bytes) writeFileSync(join(folder, '.env'), bytes);
  return folder;
}

const utf16 = Buffer.from(`\uFEFF${TEXT}`, 'utf16le');

test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${TEXT}`)],
  ['UTF-16, as PowerShell writes it', utf16],
  ['UTF-16 with the high byte first', Buffer.from(utf16).swap16()],
])('an operator whose editor writes %s has all of .env read', (_, bytes) => {
  const env: NodeJS.ProcessEnv = {};
  expect(loadEnvFile(env, folderWith(bytes))).toBeUndefined();
  expect(env).toEqual({REDIS_URL: 'redis://127.0.0.1', GREETING: 'Good day, Zoë!'});
});

test('the environment wins over .env', () => {
  const env: NodeJS.ProcessEnv = {REDIS_URL: 'redis://elsewhere'};
  loadEnvFile(env, folderWith(Buffer.from(TEXT)));
  expect(env['REDIS_URL']).toBe('redis://elsewhere');
});

test('an operator who has no .env is told nothing, and one whose .env cannot be read learns why', () => {
  expect(loadEnvFile({}, folderWith())).toBeUndefined();
  const folder = folderWith();
  mkdirSync(join(folder, '.env')); // Docker makes one where a file to be mounted is missing
  expect(loadEnvFile({}, folder)).toBe(`${join(folder, '.env')} is there, but cannot be read (EISDIR)`);
});
