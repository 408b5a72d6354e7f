import type {Env} from '@voicebridge/shared/config/config.ts';
import {aclFile, usersOf} from '../redis-acl/lines.ts';

/** The files of docker-compose.yml's `secrets:`, by name. */
export type SecretFiles = ReadonlyMap<string, string>;

/** What only the user can know. */
const ASKED_FOR = [
  ['openai-api-key', 'OPENAI_API_KEY', 'your key, from https://platform.openai.com/api-keys'],
  ['twilio-auth-token', 'TWILIO_AUTH_TOKEN', "the token on the front page of Twilio's console"],
] as const;
/** Taken where the user has one, otherwise made. */
const MADE = [
  ['fleet-key', 'FLEET_KEY'],
  ['number-hash-key', 'NUMBER_HASH_KEY'],
  ['dashboard-password', 'DASHBOARD_PASSWORD'],
] as const;

/**
 * The secret files that are missing. What is there stays as it is, also where another one is derived from it: another Redis
 * or database is named by writing its URL into its file. `given` has what the user has already; `password` makes one of
 * letters and digits.
 */
export function missingSecrets(there: SecretFiles, given: Env, password: () => string): SecretFiles {
  const files = new Map(there);
  const add = (name: string, text: () => string) => {
    if (!files.has(name)) files.set(name, text());
    return files.get(name) ?? '';
  };
  const givenAs = (variable: string) => given[variable]?.trim() ?? '';
  for (const [name, variable] of ASKED_FOR) add(name, () => givenAs(variable));
  for (const [name, variable] of MADE) add(name, () => givenAs(variable) || password());
  for (const part of ['bus', 'queue'] as const) {
    const users = usersOf(part, {}, password).map(({user, password: made}) => {
      const url = add(`redis-${part}-${user}`, () => `redis://${user}:${made}@redis-${part}:6379`);
      return {user, password: passwordIn(url), isNew: false};
    });
    add(`redis-${part}-users`, () => `${aclFile(users, part).join('\n')}\n`);
  }
  const database = add('database-url', () => `postgresql://voicebridge:${password()}@postgres:5432/voicebridge`);
  add('postgres-password', () => passwordIn(database));
  return new Map([...files].filter(([name]) => !there.has(name)));
}

/** The secret files that only the user can fill, and what belongs into them. */
export function emptySecrets(files: SecretFiles): string[] {
  return ASKED_FOR.flatMap(([name, , what]) => (files.get(name)?.trim() ? [] : [`${name}: ${what}`]));
}

function passwordIn(url: string): string {
  return decodeURIComponent(URL.parse(url.trim().split(',')[0] ?? '')?.password ?? '');
}
