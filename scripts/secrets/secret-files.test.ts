import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {aclRules} from '@voicebridge/shared/redis/redis-users.ts';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {z} from 'zod';
import {emptySecrets, missingSecrets} from './secret-files.ts';

function passwords(): () => string {
  let made = 0;
  return () => `password${(made += 1)}`;
}
const fresh = () => missingSecrets(new Map(), {}, passwords());
const hashOf = (password: string) => createHash('sha256').update(password).digest('hex');
const Compose = z.object({secrets: z.record(z.string(), z.object({file: z.string()}))});
const {secrets} = Compose.parse(parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}));
const URLS = {
  bus: ['webhook', 'media-edge', 'realtime-worker', 'analytics'],
  queue: ['webhook', 'realtime-worker', 'analytics'],
} as const;

test('an operator who starts anew gets every secret of docker-compose.yml, in the file where it is looked for', () => {
  // What not everybody needs is a file of the operator's own.
  const needed = Object.entries(secrets).filter(([, {file}]) => !/^\$\{\w+_FILE:-\/dev\/null\}$/.test(file));
  expect([...fresh().keys()].toSorted()).toEqual(needed.map(([name]) => name).toSorted());
  for (const [name, {file}] of needed) expect(file).toBe(`\${SECRETS_DIR:-./secrets}/${name}`);
});

test('no two passwords are the same, and servers and clients agree about theirs', () => {
  const files = fresh();
  const passwordIn = (name: string) => new URL(files.get(name) ?? '').password;
  const made = [files.get('fleet-key'), files.get('dashboard-password'), files.get('number-hash-key')];
  made.push(passwordIn('database-url'));
  expect(files.get('postgres-password')).toBe(passwordIn('database-url'));
  for (const part of ['bus', 'queue'] as const) {
    const users = files.get(`redis-${part}-users`)?.split('\n');
    for (const user of URLS[part]) {
      made.push(passwordIn(`redis-${part}-${user}`));
      const line = `user ${user} on #${hashOf(made.at(-1) ?? '')} resetchannels ${aclRules(user, part)}`;
      expect(users).toContain(line);
    }
  }
  expect(new Set(made).size).toBe(made.length);
});

test('nothing that is there is changed, and what is derived from it fits', () => {
  const own = new Map([
    ['redis-bus-webhook', 'redis://me:p%23ss@redis.example.com:6380\n'],
    ['database-url', 'postgresql://u:mine@db/calls'],
  ]);
  const files = missingSecrets(own, {}, passwords());
  expect([...files.keys()]).not.toContain('redis-bus-webhook');
  expect(files.get('redis-bus-users')).toContain(`user webhook on #${hashOf('p#ss')} `);
  expect(files.get('postgres-password')).toBe('mine');
  expect(missingSecrets(new Map([...own, ...files]), {}, passwords()).size).toBe(0);
});

test('keys that the operator has are taken, and those that are missing are asked for', () => {
  const files = missingSecrets(new Map(), {OPENAI_API_KEY: ' sk-1\n', DASHBOARD_PASSWORD: ''}, passwords());
  expect(files.get('openai-api-key')).toBe('sk-1');
  expect(files.get('dashboard-password')).toMatch(/^password/);
  expect(emptySecrets(files)).toEqual([expect.stringMatching(/^twilio-auth-token: /)]);
});

test('a simulation without any account has every secret, with the rights of today', () => {
  const folder = 'deploy/simulated-secrets';
  const there = new Map(readdirSync(folder).map(name => [name, readFileSync(`${folder}/${name}`, 'utf8')]));
  expect(missingSecrets(there, {}, passwords()).size).toBe(0);
  expect(emptySecrets(there)).toEqual([]);
  const urls = new Map([...there].filter(([name]) => !name.endsWith('-users')));
  for (const [name, text] of missingSecrets(urls, {}, passwords())) expect(there.get(name)).toBe(text);
});
