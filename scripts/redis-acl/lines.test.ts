import {expect, test} from 'vitest';
import {aclCommands, aclFile, usersOf} from './lines.ts';

const made = () => 'made-here';

test('an operator gets a user for each service, with the passwords of the environment or new ones', () => {
  const users = usersOf('both', {REDIS_PASSWORD_MEDIA_EDGE: 'given'}, made);
  expect(users.map(({user, password, isNew}) => [user, password, isNew])).toEqual([
    ['webhook', 'made-here', true],
    ['media-edge', 'given', false],
    ['realtime-worker', 'made-here', true],
    ['analytics', 'made-here', true],
  ]);
  const [webhook = ''] = aclCommands(users, 'both');
  expect(webhook).toMatch(/^ACL SETUSER webhook reset on >made-here ~call:\* .* -@all \+/);
});

test('the queue’s Redis has no user for edges, which do not use it', () => {
  expect(usersOf('queue', {}, made).map(({user}) => user)).toEqual(['webhook', 'realtime-worker', 'analytics']);
});

test('an aclfile holds no password, and lets a stranger do nothing', () => {
  const lines = aclFile(usersOf('bus', {}, made), 'bus');
  expect(lines.join('\n')).not.toContain('made-here');
  expect(lines[0]).toBe('user default on nopass resetchannels -@all +ping');
});

test('a password with a quotation mark stays one word of the command', () => {
  const users = usersOf('queue', {REDIS_PASSWORD_ANALYTICS: 'a "b'}, made);
  expect(aclCommands(users, 'queue').at(-1)).toContain('on ">a \\"b" ');
});
