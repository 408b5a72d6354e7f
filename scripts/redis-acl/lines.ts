import {createHash} from 'node:crypto';
import type {Env} from '@voicebridge/shared/config/config.ts';
import {aclRules, REDIS_USERS, type RedisPart, type RedisUser} from '@voicebridge/shared/redis/redis-users.ts';

/** Who reads a primary to be a copy of it: `masteruser`. */
const REPLICA = 'replica';

/** A Redis user with its password. */
interface User {
  readonly user: RedisUser | typeof REPLICA;
  readonly password: string;
  /** It was made here, so that nobody knows it yet. */
  readonly isNew: boolean;
}

/** The environment variable with the password of a user. */
export function passwordVariable(user: User['user']): string {
  return `REDIS_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`;
}

/** The users of this Redis, with the passwords of the environment, or new ones. `replicas`: one for replicas, too. */
export function usersOf(
  part: RedisPart,
  env: Env,
  makePassword: () => string,
  {replicas = false}: {readonly replicas?: boolean} = {},
): User[] {
  const services = REDIS_USERS.filter(user => aclRules(user, part) !== undefined);
  return [...services, ...(replicas ? ([REPLICA] as const) : [])].map(user => {
    const given = env[passwordVariable(user)]?.trim();
    return {user, password: given || makePassword(), isNew: !given};
  });
}

/** One command for each user, which may be run again: it replaces the user as a whole. */
export function aclCommands(users: readonly User[], part: RedisPart): string[] {
  return users.map(
    ({user, password}) => `ACL SETUSER ${user} reset on ${inCommand(`>${password}`)} ${rulesOf(user, part)}`,
  );
}

/** The lines of an aclfile. It has the hashes of the passwords only; whoever names no user may ask whether Redis lives. */
export function aclFile(users: readonly User[], part: RedisPart): string[] {
  const line = ({user, password}: User) =>
    `user ${user} on #${createHash('sha256').update(password).digest('hex')} resetchannels ${rulesOf(user, part)}`;
  return ['user default on nopass resetchannels -@all +ping', ...users.map(line)];
}

function rulesOf(user: User['user'], part: RedisPart): string {
  return user === REPLICA ? '-@all +ping +psync +replconf' : (aclRules(user, part) ?? '');
}

/** As redis-cli reads it: quoted where it has a blank or a quotation mark. */
function inCommand(word: string): string {
  return /[\s"'\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
