import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {mediaUp} from '@voicebridge/shared/redis/keys.ts';
import {sound} from '../testing/call.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {callSid, edgeId, streamSid, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('a new call has its model session open before the caller’s stream exists, and its greeting requested with it', async () => {
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const [session] = deployment.model.sessions;
  expect(session?.commandsOf('respond')).toEqual([]);
  await deployment.stream(worker, 1);
  await deployment.pass(20);
  expect(session?.commandsOf('respond').map(({tag}) => tag)).toEqual(['greeting-1']);
  expect(session?.settings.voice).toBe('alloy');
});

test('a second request to take the same call is answered with taken, and opens no second session', async () => {
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  expect(await deployment.take(worker, 1)).toMatchObject({answer: 'taken', epoch: 1});
  expect(deployment.model.sessions.filter(session => !session.closed)).toHaveLength(1);
});

test('a worker that loses the claim, or claims an ended call, keeps neither capacity nor a session', async () => {
  const worker = await deployment.worker({MAX_CALLS: '1'});
  const other = ProcessId.parse('worker-0000other');
  for (const ended of [false, true]) {
    const n = ended ? 2 : 1;
    await deployment.directory.claim(callSid(n), {epoch: 0, owner: other, at: 0});
    if (ended) await deployment.directory.end(callSid(n), 1);
    expect(await deployment.take(worker, n)).toMatchObject({answer: 'taken', epoch: 1});
    expect(worker.calls).toBe(0);
    expect(deployment.model.sessions.every(({closed}) => closed)).toBe(true);
  }
});

test('a worker that takes a call over knows what was said and does not greet again', async () => {
  const first = await deployment.worker();
  const second = await deployment.worker();
  await deployment.take(first, 1);
  await deployment.stream(first, 1);
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
  await deployment.pass(100);
  await deployment.take(second, 1, {epoch: 1, cause: 'worker-lost', stream: {streamSid: streamSid(1), edge: edgeId}});
  await deployment.pass(300); // its edge is silent here, and the model is started all the same
  const session = deployment.model.sessions.at(-1);
  expect(session?.commandsOf('add').map(({item}) => ('text' in item ? item.text : item.kind))).toEqual([
    'Hello, how can I help?',
    'When do you open?',
  ]);
  // The caller had asked and was not answered.
  expect(session?.commandsOf('respond').map(({tag}) => tag)).toEqual(['recovery-1']);
});

test.each([
  ['how many keys of its stream are known', 1, 2],
  ['nothing of the keys of an earlier stream, or keys of its own would be dropped', 2, undefined],
])('an edge whose call is taken over is told %s', async (_, n, digits) => {
  const first = await deployment.worker();
  const second = await deployment.worker();
  await deployment.take(first, 1);
  const {edge} = await deployment.stream(first, 1);
  for (const number of [1, 2]) edge.send({kind: 'digit', digit: '4', number});
  await deployment.pass(100);
  const stream = {streamSid: streamSid(n), edge: edgeId};
  const reply = await deployment.take(second, 1, {epoch: 1, cause: 'worker-lost', stream});
  expect(reply).toMatchObject({answer: 'yes', epoch: 2});
  expect('digits' in reply ? reply.digits : undefined).toBe(digits);
});

test('a model session that was opened early is closed when the claim fails', async () => {
  const worker = await deployment.worker();
  deployment.directory.claim = async () => {
    throw new Error('Redis is away');
  };
  expect(await deployment.take(worker, 1)).not.toMatchObject({answer: 'yes'});
  expect([worker.calls, deployment.model.sessions.map(({closed}) => closed)]).toEqual([0, [true]]);
});

test('a worker that ends while it takes a call lets that call go, too', async () => {
  const worker = await deployment.worker();
  const gate = Promise.withResolvers<void>();
  const claim = deployment.directory.claim.bind(deployment.directory);
  deployment.directory.claim = async (sid, options) => {
    await gate.promise;
    return await claim(sid, options);
  };
  const taken = deployment.take(worker, 1);
  await deployment.pass(20);
  const ended = worker[Symbol.asyncDispose]();
  await deployment.pass(20);
  gate.resolve();
  await deployment.pass(20);
  await ended;
  await taken;
  expect(deployment.model.sessions.map(({closed}) => closed)).toEqual([true]);
});

test('a worker that cannot listen to a caller’s stream gives the call back at once, and another worker takes it', async () => {
  const [odd, good] = [await deployment.worker(), await deployment.worker()];
  const subscribe = deployment.bus.subscribe.bind(deployment.bus);
  let refusals = 1;
  deployment.bus.subscribe = async (channel, listener) => {
    if (channel.includes(streamSid(1)) && refusals-- > 0) throw new Error('no node takes the subscription');
    return await subscribe(channel, listener);
  };
  const stream = {streamSid: streamSid(1), edge: edgeId};
  expect(await deployment.take(odd, 1, {stream})).toMatchObject({answer: 'unknown', epoch: 1});
  expect([odd.calls, deployment.model.sessions.map(({closed}) => closed)]).toEqual([0, [true]]);

  const taken = await deployment.take(good, 1, {stream, epoch: 1, cause: 'worker-lost'});
  expect(taken).toMatchObject({answer: 'yes', epoch: 2});
  await deployment.pass(60_000);
  expect(deployment.records).toHaveLength(1); // only its owner ended and recorded the call
});

test('a worker that takes a lost call listens to the caller while Redis still decides, and no longer if it loses', async () => {
  const worker = await deployment.worker();
  const other = ProcessId.parse('worker-0000other');
  await deployment.directory.claim(callSid(1), {epoch: 0, owner: other, at: 0});
  const listening = new Set<string>();
  const subscribe = deployment.bus.subscribe.bind(deployment.bus);
  deployment.bus.subscribe = async (channel, listener) => {
    listening.add(channel);
    const leave = await subscribe(channel, listener);
    return async () => {
      listening.delete(channel);
      await leave();
    };
  };
  const decided = Promise.withResolvers<void>();
  const claim = deployment.directory.claim.bind(deployment.directory);
  deployment.directory.claim = async (sid, options) => {
    await decided.promise;
    return await claim(sid, options);
  };
  const stream = {streamSid: streamSid(1), edge: edgeId};
  const taken = deployment.take(worker, 1, {stream, epoch: 0, cause: 'worker-lost'});
  await deployment.pass(20);
  expect([...listening]).toEqual([mediaUp(streamSid(1))]);
  decided.resolve();
  await deployment.pass(20);
  expect(await taken).toMatchObject({answer: 'taken'});
  await deployment.pass(20);
  expect([...listening]).toEqual([]);
});

test('a worker that cannot set a call up gives it back at once, with its model session closed', async () => {
  const worker = await deployment.worker();
  let failures = 1;
  const odd = await deployment.worker();
  const wellSince = deployment.bus.wellSince.bind(deployment.bus);
  const failsOnce = (name?: string) => {
    if (name?.includes(callSid(1)) === true && failures-- > 0) throw new Error('no such shard');
    return wellSince();
  };
  Object.assign(deployment.bus, {wellSince: failsOnce});
  expect(await deployment.take(odd, 1)).toMatchObject({answer: 'unknown', epoch: 1});
  expect([odd.calls, deployment.model.sessions.map(({closed}) => closed)]).toEqual([0, [true]]);
  expect(await deployment.take(worker, 1, {epoch: 1, cause: 'worker-lost'})).toMatchObject({answer: 'yes', epoch: 2});
});
