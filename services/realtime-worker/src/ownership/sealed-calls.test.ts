import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {sound} from '../testing/call.ts';
import {callSid, edgeId, streamSid, TestDeployment} from '../testing/test-deployment.ts';

const [OLD, NEW] = ['0'.repeat(64), '1'.repeat(64)];
let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
  deployment.key = new FleetKey([NEW, OLD], () => deployment.clock.wall());
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** A worker with these keys, and a call in which both sides have said something. */
async function callOf(keys: string) {
  // Nobody answers the caller here.
  const worker = await deployment.worker({FLEET_KEY: keys, ANSWER_WITHIN_SECONDS: '60'});
  await deployment.take(worker, 1);
  await deployment.stream(worker, 1);
  deployment.model.sessions[0]?.emit(
    {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(500)},
    {type: 'words', responseId: 'r1', itemId: 'i1', text: 'Hello, how can I help?', whole: true},
    {type: 'audioEnded', itemId: 'i1'},
    {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
    {type: 'callerSpoke', itemId: 'u1', fromMs: 100},
    {type: 'callerStopped', itemId: 'u1', untilMs: 200},
    {type: 'turnCommitted', itemId: 'u1'},
    {type: 'callerWords', itemId: 'u1', text: 'When do you open?'},
  );
  await deployment.pass(500);
  return worker;
}

const journal = async () => (await deployment.directory.journal(callSid(1))).join('\n');

/** Another worker gets the call of a dead one. Returns what its model is told of the conversation. */
async function takenOver(keys: string, epoch = 1) {
  const next = await deployment.worker({FLEET_KEY: keys});
  const stream = {streamSid: streamSid(1), edge: edgeId};
  const reply = await deployment.take(next, 1, {epoch, cause: 'worker-lost', stream});
  expect(reply).toMatchObject({answer: 'yes', epoch: epoch + 1});
  await deployment.pass(500);
  return deployment.model.sessions
    .at(-1)
    ?.commandsOf('add')
    .map(({item}) => ('text' in item ? item.text : item.kind));
}

test('nobody reads in Redis what is said while a call lasts, and the next worker knows it', async () => {
  await callOf(NEW);
  expect(await journal()).toContain('"is":"words"');
  expect(await journal()).not.toMatch(/Hello|open\?/);
  expect(await takenOver(NEW)).toEqual(['Hello, how can I help?', 'When do you open?']);
});

test('the key rotates under a call: workers with both keys read what either has sealed', async () => {
  await callOf(`${OLD},${NEW}`);
  expect(await takenOver(`${NEW},${OLD}`)).toEqual(['Hello, how can I help?', 'When do you open?']);
  expect(await takenOver(`${NEW},${OLD}`, 2)).toEqual(['Hello, how can I help?', 'When do you open?']);
  expect(deployment.errors).toEqual([]);
});

test('a worker whose key is too new goes on with the call without its words, and says so once', async () => {
  await callOf(`${OLD},${NEW}`);
  const told = await takenOver(NEW);
  expect(JSON.stringify(told)).not.toMatch(/Hello|open\?/);
  expect(deployment.errors.filter(line => line.includes('sealed with a FLEET_KEY'))).toHaveLength(1);
  await deployment.pass(60_000);
  expect(deployment.records).toHaveLength(1);
});

test('without a key, or while some processes have none, a call is written as before', async () => {
  await callOf(`${NEW},unsigned`);
  expect(await journal()).toMatch(/Hello/);
});

test('before a call goes to a worker of an older version, its journal is written so that it can be read there', async () => {
  await callOf(NEW);
  expect(await journal()).not.toMatch(/Hello/);
  const old = {id: edgeId, calls: 0, capacity: 5, state: 'ready', lagMs: 0, startedAt: 0, journalFormat: 2} as const;
  for (let second = 0; second < 8; second += 1) {
    await deployment.fleet.announce('workers', old);
    await deployment.pass(1_000);
  }
  expect(await journal()).toMatch(/Hello/);
  expect(await journal()).not.toContain('"sealed"');
  // It is gone again.
  await deployment.fleet.leave('workers', edgeId);
  await deployment.pass(10_000);
  deployment.model.sessions[0]?.emit({type: 'callerWords', itemId: 'u1', text: 'When do you close?'});
  await deployment.pass(1_000);
  expect(await journal()).not.toMatch(/close/);
});
