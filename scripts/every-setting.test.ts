import fc from 'fast-check';
import {expect, test} from 'vitest';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {SCHEMAS} from './start/plan.ts';
import {StartEnv} from './start/start-env.ts';

/** What makes each schema content, so that only the variable under test can be wrong. */
const ENOUGH = {
  OPENAI_API_KEY: 'sk-test',
  TWILIO_AUTH_TOKEN: 'token',
  REDIS_URL: 'redis://127.0.0.1',
  PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
  PUBLIC_EDGE_URL: 'wss://voice.example.com',
  DASHBOARD_PASSWORD: 'a long password',
};

const settings = Object.entries({...SCHEMAS, start: StartEnv}).flatMap(([service, schema]) =>
  Object.keys(schema.shape).map(name => [service, name, schema] as const),
);

/** Text as people mistype it, as programs leave it, and as nobody would think of. */
const anything = fc.oneof(
  fc.string({unit: 'grapheme', minLength: 1, maxLength: 40}),
  fc.string({unit: 'binary', minLength: 1, maxLength: 40}).map(text => text.replaceAll('\0', '')),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.webUrl({withQueryParameters: true, withFragments: true}),
  fc
    .tuple(
      fc.constantFrom('http', 'https', 'ws', 'wss', 'redis', 'rediss', 'postgres', 'REDIS', 'javascript', ''),
      fc.constantFrom('', ':p#ss@', 'u:p%ss@', 'u:p/s@', '@', ':@'),
      fc.constantFrom('', 'api.openai.com', '127.0.0.1', '[::1]', 'h:99999', 'h:', '%', 'ho st'),
      fc.constantFrom('', '/', '/incoming-call', '/media-stream', '/0', '/x', '?a=b', '#c', ',', ',redis://b'),
    )
    .map(([scheme, access, host, path]) => `${scheme}://${access}${host}${path}`),
  fc.constantFrom('-1', '0', '1e21', '0x10', ' 7', '7 ', '1.5', '99999999', '9'.repeat(400), 'NaN', 'Infinity'),
  fc.constantFrom('ON', 'yes', 'true', 'off ', 'verbose', "'x'", '"x"', 'x\ny', '\u2028', '“x”', 'x'.repeat(5_000)),
);

/** Every message of ours begins with one of these words; those of libraries do not. */
const OURS = /^(must|is|holds|has|names|and) /;

test.each(settings)(
  'for %s: an operator who mistypes %s reads one sentence about it, without its value',
  (_service, name, schema) => {
    fc.assert(
      fc.property(anything, value => {
        let message: string;
        try {
          loadConfig(schema, {...ENOUGH, [name]: value});
          return;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CannotStart);
          ({message} = thrown as CannotStart);
        }
        const [head, line = '', last, ...more] = message.split('\n');
        expect(head).toBe('the environment needs one change:');
        expect(line.startsWith(`  ${name} `), message).toBe(true);
        expect(line.slice(name.length + 3), message).toMatch(OURS);
        expect(last).toMatch(/^Set it in the environment/);
        expect(more).toEqual([]);
        if (value.trim().length > 12) expect(message).not.toContain(value.trim());
      }),
      {numRuns: 50},
    );
  },
);

test('a number that is accepted never overflows a timer', () => {
  for (const [, name, schema] of settings.filter(([, name]) => /_(SECONDS|MS)$/.test(name))) {
    const accepts = (value: number) => {
      try {
        loadConfig(schema, {...ENOUGH, [name]: String(value)});
        return true;
      } catch {
        return false;
      }
    };
    const millisecondsEach = name.endsWith('_MS') ? 1 : 1_000;
    expect(accepts(Math.ceil(2 ** 31 / millisecondsEach)), name).toBe(false);
  }
});
