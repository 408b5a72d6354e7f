import {PGlite} from '@electric-sql/pglite';
import pg from 'pg';
import {expect, inject, test} from 'vitest';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {testPostgres} from './testing/test-postgres.ts';

const WORDS = 'Hello, my number is +15005550006';

function lineOf(err: unknown): string {
  const lines: string[] = [];
  createLog('test', {to: {write: line => void lines.push(line)}}).error({err, callSid: 'CA1'}, 'record not sent');
  return lines.join('');
}

const rejection = (promise: PromiseLike<unknown>) =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

test('a log line about a command that Redis refused holds none of its arguments', async () => {
  const redis = openRedis(inject('redisUrl'), 'commands', createLog('test', {level: 'silent'}));
  for (const failure of [
    await rejection(redis.call('XADD', 'a', 'nonsense', 'words', WORDS)),
    await rejection(redis.call('NO-SUCH-COMMAND', WORDS)),
    await rejection(redis.eval("return redis.call('HSET', KEYS[1], ARGV[1])", 1, 'a', WORDS)),
  ]) {
    // What it guards against: the error itself has them.
    expect(JSON.stringify(failure) + messageOf(failure)).toContain(WORDS);
    const line = lineOf(failure);
    expect(line).not.toContain('5005550006');
    expect(JSON.parse(line)).toMatchObject({err: {type: 'ReplyError', message: expect.stringMatching(/^ERR /)}});
    expect(line.length).toBeLessThan(5_000);
  }
  redis.disconnect();
});

test(
  'a log line about a statement that a database refused holds none of its parameters',
  {timeout: 60_000},
  async () => {
    await using database = new PGlite();
    const failure = await rejection(database.query('INSERT INTO nowhere VALUES ($1, $2)', [WORDS, 'x'.repeat(50_000)]));
    expect(JSON.stringify(failure)).toContain(WORDS);
    const line = lineOf(new Error('not written', {cause: failure}));
    expect(line).not.toContain('5005550006');
    expect(line.length).toBeLessThan(10_000);
    expect(JSON.parse(line)).toMatchObject({
      err: {message: 'not written', cause: {code: '42P01', message: 'relation "nowhere" does not exist'}},
    });
  },
);

/** What a database refuses: a value that is no number, one that is too large, one that is there already. */
const REFUSED = [
  ['SELECT $1::text::integer', [WORDS]],
  ['SELECT $1::text::smallint', ['5005550006']],
  ['INSERT INTO words VALUES ($1)', [WORDS]],
] as const;

async function expectNoValues(query: (text: string, values: readonly string[]) => Promise<unknown>) {
  await query('CREATE TEMPORARY TABLE words (said text PRIMARY KEY)', []);
  await query('INSERT INTO words VALUES ($1)', [WORDS]);
  for (const [text, values] of REFUSED) {
    const failure = await rejection(query(text, values));
    // What it guards against, in the message or beside it.
    expect(JSON.stringify(failure) + messageOf(failure), text).toContain('5005550006');
    expect(lineOf(failure), text).not.toContain('5005550006');
  }
}

test('a log line about a value that the embedded database refused does not repeat it', {timeout: 60_000}, async () => {
  await using database = new PGlite();
  await expectNoValues((text, values) => database.query(text, [...values]));
});

const startPostgres = testPostgres(inject('postgres'));

test.skipIf(!startPostgres)(
  'a log line about a value that PostgreSQL refused does not repeat it',
  {timeout: 120_000},
  async () => {
    await using server = await startPostgres!();
    const client = new pg.Client(server.url);
    await client.connect();
    await expectNoValues((text, values) => client.query(text, [...values]));
    await client.end();
  },
);

test('a password that Redis refuses is in no log line', async () => {
  const {host} = new URL(inject('redisUrl'));
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  const redis = openRedis(`redis://vb:canary-of-a-password@${host}`, 'commands', log);
  expect(await rejection(redis.ping())).toBeInstanceOf(Error);
  redis.disconnect();
  expect(lines.join('')).toContain('redis is away');
  expect(lines.join('')).not.toContain('canary');
});

test('any thrown value becomes one short log line without its arguments', () => {
  for (const thrown of [undefined, null, 'a word', {args: [WORDS]}, new Error('x'.repeat(100_000))]) {
    const line = lineOf(thrown);
    expect(line).not.toContain('5005550006');
    expect(line.length).toBeLessThan(6_000);
  }
});
