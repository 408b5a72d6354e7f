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

test('twenty people talk while files are edited, also wrongly, and a worker goes: each keeps the assistant they began with', async () => {
  write('shop.yaml', shop, 'Version 0.');
  await using bridge = await openBridge({
    redisUrl: inject('redisUrl'),
    assistants: folder,
    workers: 2,
    env: {GREETING_PROTECTED_MS: '0'},
    openai: {knobs: {speed: [8, 8], firstDeltaMs: [20, 20]}, script: [[{say: {text: 'Hello.', audioMs: 200}}]]},
  });
  const {twilio, openai, workers} = bridge;
  const prompts = () =>
    openai.sessions.filter(({closedAt}) => closedAt === undefined).map(({config}) => config.instructions);
  const count = (prompt: string) => prompts().filter(one => one === prompt).length;
  const soon = {timeout: 60_000, interval: 100};
  const people = Array.from({length: 20}, () => twilio.dial([{do: 'pause', ms: 300_000}], {to: shop}));
  await vi.waitFor(() => expect(count('Version 0.')).toBe(20), soon);

  for (const version of [1, 2]) {
    write('shop.yaml', shop, `Version ${version}.`);
    await vi.waitFor(async () => {
      const caller = twilio.dial([{do: 'pause', ms: 300_000}], {to: shop});
      await vi.waitFor(() => expect(prompts()).toHaveLength(20 + version), soon);
      const isNew = count(`Version ${version}.`) === 1;
      if (!isNew) caller.hangUp();
      await vi.waitFor(() => expect(prompts()).toHaveLength(isNew ? 20 + version : 19 + version), soon);
      expect(isNew).toBe(true);
    }, soon);
    // A file that is wrong changes nothing.
    write('shop.yaml', shop, '{}');
  }
  await workers[0]!.drain();
  expect(workers.map(({calls}) => calls)).toEqual([0, 22]);
  await vi.waitFor(() => expect([0, 1, 2].map(version => count(`Version ${version}.`))).toEqual([20, 1, 1]), soon);
  expect(people.map(({status}) => status)).toEqual(people.map(() => 'in-progress'));
});
