import {expect, test} from 'vitest';
import {z} from 'zod';
import {
  choice,
  drainSeconds,
  guardedUrl,
  host,
  loadConfig,
  logLevel,
  onOff,
  phrase,
  port,
  secret,
  secrets,
  wholeNumber,
} from './config.ts';
import {postgresUrl, redisUrls} from './server-urls.ts';

/** What an operator is told about X, without the frame around it; `fine` where there is nothing to say. */
function told(field: z.ZodType, value: string): string {
  try {
    loadConfig(z.object({X: field}), {X: value});
    return 'fine';
  } catch (thrown) {
    const [, line = ''] = thrown instanceof Error ? thrown.message.split('\n') : [];
    return line.trim();
  }
}
const read = (field: z.ZodType, value: string) => loadConfig(z.object({X: field}), {X: value})['X'];

test.each([' sk-key\n', '\tsk-key\r\n', '\uFEFFsk-key'])(
  'a key that was pasted with blanks around it (%j) works',
  value => {
    expect(read(secret(), value)).toBe('sk-key');
  },
);

test.each(['"sk-key"', "'sk-key'", 'sk key', 'sk-\nkey', 'sk-…', '“sk-key”', 'sk-key\u200B'])(
  'a key that cannot be one (%j) is refused with the cure, and not shown',
  value => {
    expect(told(secret(), value)).toBe(
      'X holds a blank, a quotation mark or a sign that is in no key: copy it again, alone, without quotes',
    );
    expect(told(secrets(), `good,${value}`)).toContain('copy it again');
  },
);

test('an operator who rotates tokens may leave blanks and commas around them', () => {
  expect(read(secrets(), ' new ,\n old,')).toEqual(['new', 'old']);
});

test('a value of blanks counts as not set', () => {
  expect(told(secret(), ' \n ')).toBe('X is not set');
});

test('a phrase that people choose may hold blanks and quotes, and must only be long enough', () => {
  expect(told(phrase(12), 'my "long" phrase')).toBe('fine');
  expect(told(phrase(12), 'short')).toBe('X must have 12 characters or more');
});

test.each([
  [wholeNumber({min: 1, max: 100_000}), '0', 'X must be a whole number from 1 to 100000'],
  [wholeNumber({min: 1, max: 100_000}), '1e21', 'X must be a whole number from 1 to 100000'],
  [wholeNumber(), '1000000000000000000000', 'X must be a whole number'],
  [wholeNumber(), '-1', 'X must be a whole number'],
  [wholeNumber(), '7', 'fine'],
  [drainSeconds(), '99999999', 'X must be a whole number from 0 to 86400'],
  [port(), '65536', 'X must be a port, 0 to 65535'],
  [port({min: 1}), '0', 'X must be a port, 1 to 65535'],
  [onOff(), 'yes', 'X must be on or off'],
  [choice('a', 'b', 'c'), 'd', 'X must be a, b or c'],
  [logLevel(), 'verbose', /^X must be fatal, error, warn, info, debug, trace or silent/],
  [host(), 'my-laptop', /^X must be an address of this machine/],
  [host(), '::', 'fine'],
])('an operator whose number or word is out of range is told the range (%#)', (field, value, what) => {
  expect(told(field, value)).toEqual(typeof what === 'string' ? what : expect.stringMatching(what));
});

test.each([
  ['ws', 'ws://api.openai.com/v1/realtime'],
  ['ws', 'WS://api.openai.com/v1/realtime'],
  ['http', 'http://voice.example.com'],
] as const)('nothing is sent in clear to a public host (%s, %s)', (plain, value) => {
  expect(told(guardedUrl(plain), value)).toBe(
    `X must start with ${plain}s:// where its host is a public one; ${plain}:// would be readable on the way`,
  );
});

test.each([
  ['ws', 'ws://127.0.0.1:5100/v1/realtime'],
  ['ws', 'ws://simulator-openai:5100'],
  ['ws', 'wss://api.openai.com/v1/realtime'],
  ['http', 'http://[::1]:5050/'],
  ['http', 'https://voice.example.com/'],
] as const)('an encrypted or a private address is fine (%s, %s)', (plain, value) => {
  expect(told(guardedUrl(plain), value)).toBe('fine');
});

test.each([
  ['http://127.0.0.1:6379', /^X must start with redis:\/\/ or rediss:\/\//],
  ['127.0.0.1:6379', /^X must start with redis:\/\/ or rediss:\/\//],
  ['redis://a:6379,b:6379', /^X must start with redis:\/\/ or rediss:\/\/, and each of several/],
  ['redis://', /^X must name a server, as in redis:\/\/127\.0\.0\.1/],
  ['redis://h/name', /^X must end in the number of a database/],
  ['redis://:p#ss@h:6379', /percent-encoded: # is %23/],
  ['redis://:p/ss@h:6379', /percent-encoded/],
  ['redis://:p?ss@h:6379', /percent-encoded/],
  ['redis://:1#ss@h:6379', /percent-encoded/],
  ['redis://:p%ss@h:6379', /percent-encoded/],
])('an operator whose REDIS_URL is none is told why, and it is not shown (%s)', (value, what) => {
  expect(told(redisUrls(), value)).toMatch(what);
  expect(told(redisUrls(), value)).not.toContain('ss@');
});

test.each([
  'redis://127.0.0.1',
  'rediss://user:p%23ss@redis.example.com:6380/2',
  'redis://a:7101, redis://b:7102',
  'redis://[::1]:6379',
])('a Redis is named by %s', value => {
  expect(told(redisUrls(), value)).toBe('fine');
});

test.each([
  ['mysql://h/db', /^X must start with postgres:\/\/ or postgresql:\/\//],
  ['postgres://user:p#ss@h/db', /percent-encoded/],
  ['postgresql://user:p%23ss@h/db?sslmode=require', /^fine$/],
  ['postgres:///db?host=/run/postgresql', /^fine$/],
])('an operator whose DATABASE_URL is %s is told', (value, what) => {
  expect(told(postgresUrl(), value)).toMatch(what);
});

test('a name that is almost ours is pointed out, beside what is missing and alone', () => {
  const schema = z.object({OPENAI_API_KEY: secret(), VOICE: z.string().default('alloy')});
  expect(() => loadConfig(schema, {OPENAI_APIKEY: 'sk-secret'})).toThrow(
    /OPENAI_API_KEY is not set\n {2}OPENAI_APIKEY: did you mean OPENAI_API_KEY\?/,
  );
  const hints: string[] = [];
  loadConfig(schema, {OPENAI_API_KEY: 'sk-secret', VOCIE: 'marin'}, hint => hints.push(hint));
  expect(hints).toEqual(['VOCIE: did you mean VOICE?']);
});
