/** `npm run redis-acl`: a Redis user for each service, with the rights that it needs and no others. */
import {randomBytes} from 'node:crypto';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {choice} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {aclCommands, aclFile, passwordVariable, usersOf} from './redis-acl/lines.ts';

const {part, aclfile, replicas} = commandLine({
  command: 'npm run redis-acl --',
  about:
    'Prints a Redis user for each service, with the rights that it needs and no others.\nPasswords: REDIS_PASSWORD_WEBHOOK, REDIS_PASSWORD_MEDIA_EDGE, REDIS_PASSWORD_REALTIME_WORKER, REDIS_PASSWORD_ANALYTICS;\none that is not set is generated, and printed on stderr.\nRedis does not copy users to the other nodes of a Cluster or to replicas: create them on each.',
  options: z.object({
    part: choice('both', 'bus', 'queue')
      .default('both')
      .describe('which Redis it is for: bus is REDIS_URL, queue is QUEUE_REDIS_URL, both is one server for both'),
    aclfile: toggle().describe('lines of an aclfile, with hashes of the passwords, instead of commands'),
    replicas: toggle().describe(
      'also the user `replica`, as which replicas read from a primary (masteruser, masterauth)',
    ),
  }),
});

// eslint-disable-next-line no-restricted-properties -- a command reads its own environment
const users = usersOf(part, process.env, () => randomBytes(24).toString('base64url'), {replicas});
for (const line of aclfile ? aclFile(users, part) : aclCommands(users, part)) process.stdout.write(`${line}\n`);
for (const {user, password, isNew} of users) if (isNew) process.stderr.write(`${passwordVariable(user)}=${password}\n`);
