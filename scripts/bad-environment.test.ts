import {devNull} from 'node:os';
import {expect, test} from 'vitest';
import {ProcessFailed, startProcess} from '../tools/local-stack/processes.ts';

test.each(['webhook', 'media-edge', 'realtime-worker', 'analytics'])(
  'an operator whose environment is wrong for %s reads one message, and no stack',
  async service => {
    const env = {
      DOTENV_CONFIG_PATH: devNull,
      LOG_LEVEL: 'verbose',
      DRAIN_SECONDS: '99999999',
      REDIS_URL: 'http://secret',
    };
    const failed = await startProcess({service, env}).then(
      running => running.stop(0),
      (thrown: unknown) => thrown,
    );
    expect(failed).toBeInstanceOf(ProcessFailed);
    const {message, lines} = failed as ProcessFailed;
    expect(message).toContain(`${service} ended with exit code 1 before it was ready`);
    for (const name of ['LOG_LEVEL', 'DRAIN_SECONDS', 'REDIS_URL'])
      expect(lines.filter(({text}) => text.startsWith(`  ${name} must`))).toHaveLength(1);
    expect(message).not.toMatch(/^\s+at /m);
    expect(message).not.toContain('secret');
  },
);

test('an operator prints what a process would start with, and where it comes from', async () => {
  const env = {
    DOTENV_CONFIG_PATH: devNull,
    TWILIO_AUTH_TOKEN: 'secret',
    REDIS_URL: 'redis://:secret@127.0.0.1:1',
    PUBLIC_EDGE_URL: 'wss://edge.example.com',
    MAX_CALLS: '7',
  };
  const options = {service: 'media-edge', env, args: ['--print-config'], readyWithin: 0};
  await using printing = await startProcess(options);
  expect(await printing.exited).toMatchObject({code: 0});
  const lines = printing.lines.map(({text}) => text);
  expect(lines).toContainEqual(expect.stringMatching(/^MAX_CALLS +environment +7$/));
  expect(lines).toContainEqual(expect.stringMatching(/^DRAIN_SECONDS +default +60$/));
  expect(lines).toContainEqual(expect.stringMatching(/^REDIS_URL +environment +redis:\/\/…@127\.0\.0\.1:1$/));
  expect(lines.join('\n')).not.toContain('secret');
});
