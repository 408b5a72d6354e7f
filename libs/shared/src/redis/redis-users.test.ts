import {readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {expect, test} from 'vitest';
import {aclRules, REDIS_USERS, rightsFor} from './redis-users.ts';

/** The commands that a script calls. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/\b(?:rcall|redis\.p?call)\(\s*['"](\w+)/g)].map(([, command = '']) =>
    command.toLowerCase(),
  );
}

/** Scripts of BullMQ for what we do not use: flows, schedulers, relays and changes by hand. */
const UNUSED =
  /relay|JobScheduler|Scheduler|updateData|updateProgress|addLog|changePriority|changeDelay|drain|obliterate|rateLimit|Child|Parent|flow|getMetrics|promote|removeRepeatable|pause|reprocess|moveJobs/i;

test('a queue user may send every command of the scripts of the BullMQ that is installed', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('bullmq')), '..', 'cjs', 'scripts');
  const files = readdirSync(folder).filter(file => file.endsWith('.js') && !UNUSED.test(file));
  expect(files).toContain('moveToActive-11.js');
  const allowed = new Set(rightsFor('queue').keys.flatMap(({commands}) => commands));
  // TIME is on no key.
  const sent = new Set(files.flatMap(file => commandsIn(readFileSync(join(folder, file), 'utf8'))));
  expect([...sent].filter(command => !allowed.has(command) && command !== 'time')).toEqual([]);
});

test('a user that writes calls may send every command of our scripts', () => {
  const folder = new URL('lua/', import.meta.url);
  // Calls to be made stand with the queue that makes them.
  const files = readdirSync(folder).filter(file => !/-out-\d/.test(file));
  const sent = new Set(files.flatMap(file => commandsIn(readFileSync(new URL(file, folder), 'utf8'))));
  const allowed = new Set(rightsFor('realtime-worker').keys.flatMap(({commands}) => commands));
  expect([...sent].filter(command => !allowed.has(command))).toEqual([]);
});

test('no user may do what could harm others on the same server, or read what is not ours', () => {
  for (const user of REDIS_USERS) {
    const rules = aclRules(user, 'both') ?? '';
    expect(rules).not.toMatch(/[+]@|~\*|&\*|allkeys|allchannels|allcommands/);
    expect(rules).not.toMatch(
      /[+](config|keys|scan|flush\w*|debug|shutdown|acl|monitor|client(?!\|(?:setname|reply))|publish)\b/,
    );
  }
});

test('on two servers a user has only the rights of the part that it uses there', () => {
  expect(aclRules('media-edge', 'queue')).toBeUndefined();
  expect(aclRules('realtime-worker', 'bus')).not.toContain('{vb}');
  expect(aclRules('analytics', 'queue')).not.toContain('fleet');
  expect(aclRules('analytics', 'both')).not.toMatch(/~call|&|ticket/);
});
