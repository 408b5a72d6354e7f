import {expect, test} from 'vitest';
import {redisTroubleOf} from './redis-trouble.ts';

test.each([
  ["READONLY You can't write against a read only replica.", 'read-only'],
  ["READONLY You can't write against a read only replica. script: 7f92, on @user_script:1.", 'read-only'],
  ['UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)', 'read-only'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
  ['LOADING Redis is loading the dataset in memory', 'loading'],
  ['MISCONF Redis is configured to save RDB snapshots', 'disk'],
  ["NOPERM User media has no permissions to run the 'set' command", 'rights'],
  ["ERR unknown command 'info'", 'rights'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'password'],
  ['NOAUTH Authentication required.', 'password'],
  ['ERR max number of clients reached', 'max-clients'],
  ['CLUSTERDOWN The cluster is down', 'cluster-down'],
  ['WRONGTYPE Operation against a key', 'other'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'no-answer'],
  ['Command timed out', 'no-answer'],
  ["Stream isn't writeable and enableOfflineQueue options is false", 'no-answer'],
])('an operator whose Redis answers "%s" is told: %s', (message, trouble) => {
  expect(redisTroubleOf(new Error(message))).toBe(trouble);
});
