import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {MemoryFleet} from '@voicebridge/shared/fleet/memory-fleet.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {PROTOCOL_VERSION} from '@voicebridge/shared/protocol/protocol-version.ts';
import type {Outcome, Request, WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {handOver} from './hand-over.ts';
import {sound} from '../testing/call.ts';
import {callSid as callSidOf, TestDeployment} from '../testing/test-deployment.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const worker = ProcessId.parse('worker-000000000me0');
const other = (n: number) => ProcessId.parse(`worker-0000000000${n}0`);

/** A call of `worker`, and other workers whose answers the test scripts. */
async function leaving(answers: readonly ((directory: MemoryCallDirectory) => Promise<Outcome['answer']>)[]) {
  const clock = new FakeClock();
  const [directory, fleet] = [new MemoryCallDirectory(clock), new MemoryFleet(clock)];
  await directory.claim(callSid, {epoch: 0, owner: worker, at: 0, assistant: 'default', facts: {direction: 'inbound'}});
  const asked: {worker: ProcessId; request: Request}[] = [];
  for (let n = 0; n < answers.length; n += 1)
    await fleet.announce('workers', {id: other(n), calls: n, capacity: 10, state: 'ready', lagMs: 0, startedAt: 0});
  await fleet.announce('workers', {id: worker, calls: 0, capacity: 10, state: 'draining', lagMs: 0, startedAt: 0});
  const workerClient: Pick<WorkerClient, 'ask'> = {
    async ask(to, request) {
      const answer = (await answers[asked.length]?.(directory)) ?? 'noReceiver';
      asked.push({worker: to, request});
      const reply = {ask: '1', version: PROTOCOL_VERSION, worker: to, epoch: 2} as const;
      return answer === 'yes' || answer === 'full' || answer === 'unknown' ? {...reply, answer} : {answer: 'noAnswer'};
    },
  };
  const result = await handOver({callSid, epoch: 1}, {worker, fleet, directory, workerClient, random: () => 0});
  return {result, asked};
}

test('a drained call is offered to the least loaded worker first, and to each other one at most once', async () => {
  const {result, asked} = await leaving([async () => 'full', async () => 'full', async () => 'yes']);
  expect(result).toBe(true);
  expect(asked.map(each => each.worker)).toEqual([other(0), other(1), other(2)]);
  expect(asked[0]?.request).toMatchObject({
    type: 'take',
    epoch: 1,
    cause: 'worker-drained',
    facts: {direction: 'inbound'},
  });
});

test('a drained call stays here when no other worker takes it', async () => {
  expect((await leaving([async () => 'full', async () => 'noAnswer'])).result).toBe(false);
  expect((await leaving([])).result).toBe(false);
});

test('a worker that answered too late and claimed the call all the same has it', async () => {
  const late = async (directory: MemoryCallDirectory) => {
    await directory.claim(callSid, {epoch: 1, owner: other(0), at: 0});
    return 'noAnswer' as const;
  };
  expect((await leaving([late])).result).toBe(true);
});

test('a call that has ended meanwhile is not offered to anyone', async () => {
  const ended = async (directory: MemoryCallDirectory) => {
    await directory.end(callSid, 1);
    return 'full' as const;
  };
  const {result, asked} = await leaving([ended, async () => 'yes']);
  expect([result, asked.length]).toEqual([true, 1]);
});

test('a draining worker hands a call over only when the other worker’s model session is ready', async () => {
  await using deployment = new TestDeployment();
  const first = await deployment.worker();
  await deployment.take(first, 1);
  await deployment.stream(first, 1);
  deployment.model.sessions[0]?.emit(
    {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(20)},
    {type: 'audioEnded', itemId: 'i1'},
    {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
  );
  await deployment.pass(2_500); // until it was heard
  const second = await deployment.worker();
  deployment.model.readyAtOnce = false;
  const drained = first.drain();
  await deployment.pass(500);
  expect(first.calls).toBe(1); // the other session is not ready yet
  expect(await deployment.take(first, 2)).toMatchObject({answer: 'draining'});
  deployment.model.sessions.at(-1)?.emit({type: 'ready'});
  await deployment.pass(500);
  await drained;
  expect([first.calls, second.calls]).toEqual([0, 1]);
  expect((await deployment.directory.read(callSidOf(1)))?.owner).toBe(second.id);
  expect(deployment.records).toEqual([]);
});

test('a call that another worker claimed and gave back is offered to the next one, in the epoch that it has now', async () => {
  const givesBack = async (directory: MemoryCallDirectory) => {
    await directory.claim(callSid, {epoch: 1, owner: other(0), at: 0});
    return 'unknown' as const;
  };
  const {result, asked} = await leaving([givesBack, async () => 'yes']);
  expect(result).toBe(true);
  expect(asked.map(({request}) => request)).toMatchObject([{epoch: 1}, {epoch: 2}]);
});
