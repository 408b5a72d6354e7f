import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, inject, test, vi} from 'vitest';
import {openBridge} from './bridge.ts';

const folder = mkdtempSync(join(tmpdir(), 'assistants-'));
afterAll(() => rmSync(folder, {recursive: true}));

const [shop, clinic] = ['+4711111111', '+4722222222'];
const write = (name: string, number: string, prompt: string) =>
  writeFileSync(join(folder, name), `answers: "${number}"\nprompt: ${prompt}\n`);

test('two numbers have two assistants; one that is edited answers the next caller, and who is on the line keeps theirs, also on another worker', async () => {
  write('shop.yaml', shop, 'You are a shop.');
  write('clinic.yaml', clinic, 'You are a clinic.');
  await using bridge = await openBridge({
    redisUrl: inject('redisUrl'),
    assistants: folder,
    workers: 2,
    env: {GREETING_PROTECTED_MS: '0'},
    openai: {knobs: {speed: [5, 5], firstDeltaMs: [20, 20]}, script: [[{say: {text: 'Hello.', audioMs: 400}}]]},
  });
  const {twilio, openai, workers} = bridge;
  const call = (to: string) => twilio.dial([{do: 'pause', ms: 120_000}], {to});
  const open = () =>
    openai.sessions.filter(({closedAt}) => closedAt === undefined).map(({config}) => config.instructions);
  const inUse = async (expected: string[]) =>
    await vi.waitFor(() => expect(open().toSorted()).toEqual(expected.toSorted()), {timeout: 30_000, interval: 50});

  call(shop);
  call(clinic);
  await inUse(['You are a shop.', 'You are a clinic.']);

  write('shop.yaml', shop, 'You are another shop.');
  await vi.waitFor(
    async () => {
      const third = call(shop);
      await vi.waitFor(() => expect(open()).toHaveLength(3), {timeout: 10_000, interval: 50});
      const isNew = open().includes('You are another shop.');
      if (!isNew) third.hangUp();
      await vi.waitFor(() => expect(open()).toHaveLength(isNew ? 3 : 2), {timeout: 10_000, interval: 50});
      expect(isNew).toBe(true);
    },
    {timeout: 60_000, interval: 500},
  );

  const [first] = workers;
  const before = first!.calls;
  await first!.drain();
  expect([before > 0, first!.calls, workers[1]!.calls]).toEqual([true, 0, 3]);
  await inUse(['You are a shop.', 'You are a clinic.', 'You are another shop.']);
  for (const session of openai.sessions) expect(session.refusals).toEqual([]);
});
