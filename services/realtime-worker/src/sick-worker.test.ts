import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {LostCause} from './model/model-adapter.ts';
import {ScriptedModel} from './testing/scripted-model.ts';
import {callSid, TestDeployment} from './testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** A worker with a model of its own. */
async function workerWith(refuses?: LostCause) {
  const model = new ScriptedModel();
  model.refuses = refuses;
  deployment.model = model;
  return {worker: await deployment.worker(), model};
}

const intentOf = async (n: number) => (await deployment.directory.read(callSid(n)))?.intent;

describe('a caller whose worker', () => {
  test.for(['refused', 'unreachable', 'misconfigured'] as const)(
    'cannot use the model (%s) is greeted by another worker, and hears no apology',
    async cause => {
      const sick = await workerWith(cause);
      const well = await workerWith();
      await deployment.pass(5_000); // they have seen each other
      await deployment.take(sick.worker, 1);
      await deployment.stream(sick.worker, 1);
      await deployment.pass(2_000);
      expect([sick.worker.calls, well.worker.calls]).toEqual([0, 1]);
      // The edge follows the call, as it does when an owner hands it over.
      await deployment.stream(well.worker, 1, (await deployment.directory.read(callSid(1)))?.epoch);
      expect(
        well.model.sessions
          .at(-1)
          ?.commandsOf('respond')
          .map(({tag}) => tag),
      ).toEqual(['greeting-1']);
      expect(await intentOf(1)).toBeUndefined();
    },
  );

  test('gets no session in time is greeted by another worker after three seconds', async () => {
    const slow = await workerWith();
    slow.model.readyAtOnce = false;
    const well = await workerWith();
    await deployment.pass(5_000);
    await deployment.take(slow.worker, 1);
    await deployment.stream(slow.worker, 1);
    await deployment.pass(2_000);
    expect([slow.worker.calls, well.worker.calls]).toEqual([1, 0]);
    await deployment.pass(2_500);
    expect([slow.worker.calls, well.worker.calls]).toEqual([0, 1]);
  });

  test('is as sick as all the others is told so, and the call is offered to nobody twice', async () => {
    const [one, other] = [await workerWith('refused'), await workerWith('refused')];
    await deployment.pass(5_000);
    await deployment.take(one.worker, 1);
    await deployment.stream(one.worker, 1);
    await deployment.pass(5_000);
    expect(await intentOf(1)).toBe('apologise');
    expect(other.worker.calls).toBe(0);
  });
});

describe('a worker that cannot use the model', () => {
  test('leaves new calls to one that can, takes the calls of a dead one, and takes new ones again when it is well', async () => {
    const sick = await workerWith('unreachable');
    await workerWith();
    await deployment.pass(5_000);
    await deployment.take(sick.worker, 1);
    await deployment.pass(2_000);
    expect(await deployment.take(sick.worker, 2)).toMatchObject({answer: 'full'});
    expect(sick.worker.notReady()).toMatch(/cannot be reached/);
    expect(sick.worker.notTaking?.()).toMatch(/cannot be reached/);
    const listed = (await deployment.fleet.members('workers')).find(({id}) => id === sick.worker.id);
    expect(listed).toMatchObject({state: 'ready', trouble: 'model-unreachable'});
    sick.model.refuses = undefined;
    await deployment.pass(6_000);
    expect(await deployment.take(sick.worker, 3)).toMatchObject({answer: 'yes'});
    expect(sick.worker.notReady()).toBeUndefined();
  });

  test('takes calls and is ready while no other worker can either', async () => {
    const [one, other] = [await workerWith('unreachable'), await workerWith('unreachable')];
    await deployment.pass(5_000);
    await deployment.take(one.worker, 1);
    await deployment.take(other.worker, 2);
    await deployment.pass(3_000);
    for (const [n, {worker}] of [one, other].entries()) {
      expect(worker.notReady()).toBeUndefined();
      expect(await deployment.take(worker, 10 + n)).toMatchObject({answer: 'yes'});
    }
  });

  test('knows it before its first caller, and says why it is not ready', async () => {
    await workerWith();
    deployment.preflight = true;
    const {worker, model} = await workerWith('refused');
    expect(worker.notReady()).toMatch(/check OPENAI_API_KEY/);
    expect(await deployment.take(worker, 1)).toMatchObject({answer: 'full'});
    expect(model.sessions).toHaveLength(2);
    expect(model.sessions.every(({closed}) => closed)).toBe(true);
    expect(model.sessions[0]?.settings.safetyId).toBe('voicebridge-try');
  });
});
