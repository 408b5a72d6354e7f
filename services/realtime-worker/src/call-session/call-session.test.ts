import {expect, test} from 'vitest';
import {takenCall} from '../testing/taken-call.ts';
import {openingHours, ScriptedLookUp} from '../testing/tools.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import type {Tool} from '../tools/tool.ts';
import {flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {sound} from '../testing/call.ts';
import {callSid, edgeId, streamSid, TestDeployment} from '../testing/test-deployment.ts';

/** A call of an assistant with these tools. */
async function callWithTools(tools: readonly Tool[]) {
  const {clock, session, stream, modelSession: model} = await takenCall({tools});
  const call = (name: string) =>
    model.emit(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'toolCalled', responseId: 'r1', itemId: 't1', callId: 'c1', name, arguments: '{"city":"Bern"}'},
      {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
    );
  const results = () => model.commandsOf('add').flatMap(({item}) => (item.kind === 'toolResult' ? [item.output] : []));
  return {clock, session, stream, model, call, results};
}

test('a tool in the assistant’s list is offered to the model and run when the model calls it', async () => {
  const {model, call, results} = await callWithTools([...assistantTools, openingHours]);
  expect(model.settings.tools.map(({name}) => name)).toEqual(['hang_up', 'opening_hours']);
  call('opening_hours');
  expect(results()).toEqual(['Bern: 9 to 5']);
  expect(model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller hears the answer of a tool that takes two seconds', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, model, call, results} = await callWithTools([lookUp]);
  call('look_up');
  await clock.advanceAsync(2_000, 50);
  expect([results(), model.commandsOf('respond')]).toEqual([[], []]);
  lookUp.jobs[0]!.result.resolve({kind: 'output', output: 'Monday'});
  await clock.advanceAsync(5);
  expect(results()).toEqual(['Monday']);
  expect(model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('the model tells the caller when a tool fails or never answers', async () => {
  const rejects = new ScriptedLookUp();
  const failing = await callWithTools([rejects]);
  failing.call('look_up');
  await failing.clock.advanceAsync(5);
  rejects.jobs[0]!.result.reject(new Error('no connection'));
  await failing.clock.advanceAsync(5);
  expect(failing.results()).toEqual([expect.stringContaining('failed')]);

  const silent = await callWithTools([new ScriptedLookUp()]);
  silent.call('look_up');
  await silent.clock.advanceAsync(8_050, 50);
  expect(silent.results()).toEqual([expect.stringContaining('within 8 seconds')]);
  expect(silent.model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller who hangs up meanwhile aborts the tool; the record says that it was called and did not end', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, session, stream, call, results} = await callWithTools([lookUp]);
  call('look_up');
  await clock.advanceAsync(500, 50);
  stream.send({kind: 'ended', why: 'hungUp'});
  await clock.advanceAsync(50, 5);
  expect(lookUp.jobs[0]!.job.signal.aborted).toBe(true);
  lookUp.jobs[0]!.result.resolve({kind: 'output', output: 'Monday'});
  await clock.advanceAsync(10_000, 50);
  const outcome = await session.outcome;
  expect(outcome).toMatchObject({how: 'ended', reason: 'caller.hung-up'});
  const tools =
    outcome.how === 'ended' ? outcome.entries.flatMap(entry => (entry.is === 'tool' ? [entry.tool] : [])) : [];
  expect(tools).toMatchObject([{name: 'look_up', durationMs: null, ok: false}]);
  expect(results()).toEqual([]);
});

test('a greeting that the model sends early is played once when the stream exists', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const [session] = deployment.model.sessions;
  session?.emit(
    {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(200)},
  );
  const {heard} = await deployment.stream(worker, 1);
  const audio = heard.flatMap(frame => (frame.kind === 'audio' ? [frame.payload] : []));
  expect(audio.join('')).toEqual(sound(200));
});

test('a model that is minutes ahead waits, until the caller has heard more of it or interrupts', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge, heard} = await deployment.stream(worker, 1);
  const [session] = deployment.model.sessions;
  session?.emit({type: 'responseStarted', responseId: 'r1', tag: undefined});
  const speak = (seconds: number) => {
    for (let said = 0; said < seconds; said += 10)
      session?.emit({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(10_000)});
  };
  const listen = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      edge.send({kind: 'counted', malformed: 0, lost: 0, bufferedBytes: 0});
      await deployment.clock.advanceAsync(1_000, 50);
    }
  };
  speak(290);
  await deployment.pass(1_000);
  expect(session?.paused).toBe(false);
  const given = heard.flatMap(frame => (frame.kind === 'audio' ? [Buffer.from(frame.payload, 'base64')] : []));
  expect(Buffer.concat(given)).toHaveLength(290_000 * 8);
  speak(30);
  expect(session?.paused).toBe(true);
  await listen(70);
  expect(session?.paused).toBe(true);
  await listen(20);
  expect(session?.paused).toBe(false);
  speak(100);
  expect(session?.paused).toBe(true);
  session?.emit({type: 'callerSpoke', itemId: 'c1', fromMs: undefined});
  await deployment.pass(2_000);
  expect(session?.paused).toBe(false);
});

test('caller audio is kept until the model session is configured, and then given in order', async () => {
  await using deployment = new TestDeployment();
  deployment.model.readyAtOnce = false;
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge} = await deployment.stream(worker, 1);
  const said = Array.from({length: 10}, (_, n) => Buffer.alloc(160, n).toString('base64'));
  said.forEach((payload, n) => edge.send({kind: 'audio', timestamp: 100 + n * 20, payload}));
  await deployment.pass(50);
  const [session] = deployment.model.sessions;
  expect(session?.commandsOf('hear')).toEqual([]);
  session?.emit({type: 'ready'});
  expect(session?.commandsOf('hear').map(({payload}) => payload)).toEqual(said);
});

test('a call that the caller hangs up is released within a second and recorded once', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge} = await deployment.stream(worker, 1);
  edge.send({kind: 'ended', why: 'hungUp'});
  await deployment.pass(1_000);
  expect(worker.calls).toBe(0);
  expect(deployment.model.sessions[0]?.closed).toBe(true);
  expect(deployment.records.map(({summary}) => [summary.endReason, summary.endedBy])).toEqual([
    ['caller.hung-up', 'caller'],
  ]);
  expect((await deployment.directory.read(callSid(1)))?.state).toBe('ended');
});

test('a hang-up reported by Twilio is passed on to the edge, which must not look for another owner', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {heard} = await deployment.stream(worker, 1);
  const asked = deployment.workerClient.ask(worker.id, {type: 'end', callSid: callSid(1), why: 'caller.hung-up'});
  await deployment.pass(50);
  expect(await asked).toMatchObject({answer: 'yes'});
  expect(heard.at(-1)).toEqual({kind: 'close', why: 'done'});
  expect(deployment.records.map(({summary}) => summary.endReason)).toEqual(['caller.hung-up']);
});

test('a worker that loses a call to a newer owner releases it and records nothing', async () => {
  await using deployment = new TestDeployment();
  const first = await deployment.worker();
  const second = await deployment.worker();
  await deployment.take(first, 1);
  await deployment.stream(first, 1);
  const stream = {streamSid: streamSid(1), edge: edgeId};
  expect(await deployment.take(second, 1, {epoch: 1, cause: 'worker-lost', stream})).toMatchObject({
    answer: 'yes',
    epoch: 2,
  });
  // The edge follows the newer owner, and its frames tell the older one.
  const edge = await deployment.channels.edgeEnd(streamSid(1), 2);
  edge.send({kind: 'began', callSid: callSid(1), streamSid: streamSid(1), edge: edgeId});
  await deployment.pass(500);
  expect([first.calls, second.calls]).toEqual([0, 1]);
  expect(deployment.records).toEqual([]);
  expect(deployment.model.sessions[0]?.closed).toBe(true);
});

test('a worker that wakes after another one took its call, and finds its model session lost, opens no further one', async () => {
  await using deployment = new TestDeployment();
  const [frozen, second] = [await deployment.worker(), await deployment.worker()];
  await deployment.take(frozen, 1);
  await deployment.stream(frozen, 1);
  await deployment.take(second, 1, {epoch: 1, cause: 'worker-lost', stream: {streamSid: streamSid(1), edge: edgeId}});
  await deployment.pass(1_000);
  expect([frozen.calls, second.calls]).toEqual([1, 1]);
  const opened = deployment.model.sessions.length;
  deployment.clock.oversleep(16_000);
  deployment.model.sessions[0]?.emit({type: 'lost', cause: 'closed', detail: ''});
  await deployment.pass(1_000);
  expect(deployment.model.sessions).toHaveLength(opened);
  expect([frozen.calls, second.calls]).toEqual([0, 1]);
});

test('an interruption is in the record though the worker died before it knew what the caller had heard', async () => {
  await using deployment = new TestDeployment();
  const [first, second] = [await deployment.worker(), await deployment.worker()];
  await deployment.take(first, 1);
  const {edge: firstEdge, heard} = await deployment.stream(first, 1);
  // So the worker knows how long a mark takes, and waits for that of the clear.
  for (const frame of heard) if (frame.kind === 'mark') firstEdge.send({kind: 'mark', name: frame.name});
  await deployment.pass(50);
  deployment.model.sessions[0]?.emit(
    {type: 'ready'},
    {type: 'responseStarted', responseId: 'r1', tag: undefined},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(5_000)},
  );
  await deployment.pass(1_000);
  deployment.model.sessions[0]?.emit({type: 'callerSpoke', itemId: 'c1', fromMs: undefined});
  await deployment.pass(15);
  expect(heard.map(({kind}) => kind)).toContain('clear');
  // No mark has come back: the journal ends with the clear.
  const stream = {streamSid: streamSid(1), edge: edgeId};
  await deployment.take(second, 1, {epoch: 1, cause: 'worker-lost', stream});
  const edge = await deployment.channels.edgeEnd(streamSid(1), 2);
  edge.send({kind: 'began', callSid: callSid(1), streamSid: streamSid(1), edge: edgeId});
  await deployment.pass(1_000);
  edge.send({kind: 'ended', why: 'hungUp'});
  await deployment.pass(3_000);
  const [record] = deployment.records;
  expect(record?.summary.bargeIns).toBe(1);
  expect(record?.interruptions).toMatchObject([{interruption: 0, turn: 0, tStopMs: null, false: false}]);
  expect(record?.interruptions[0]?.truncatedAtMs).toBeCloseTo(1_015, -2);
});

test('a call is restored in a Redis that came back without its data', async () => {
  await using deployment = new TestDeployment();
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge} = await deployment.stream(worker, 1);
  deployment.directory.lose();
  edge.send({kind: 'digit', digit: '#'});
  deployment.model.sessions[0]?.emit({type: 'turnCommitted', itemId: 'u1'});
  await deployment.pass(500);
  expect(await deployment.directory.read(callSid(1))).toMatchObject({state: 'live', owner: worker.id, epoch: 1});
  expect((await deployment.directory.journal(callSid(1)))[0]).toContain('"is":"opened"');
  await flushPromises();
});

test('a bug in the handling of one event ends that call in words and in its record, and no other call', async () => {
  const {clock, session, stream, modelSession: model, directory} = await takenCall({});
  const closed: unknown[] = [];
  stream.onFrame(frame => frame.kind === 'close' && closed.push(frame.why));
  const impossible = {
    type: 'responseEnded',
    get responseId(): string {
      throw new Error('a bug');
    },
  };
  model.emit(impossible as never);
  await clock.advanceAsync(1_000, 50);
  expect(closed).toEqual(['refused']);
  expect((await directory.read(session.callSid))?.intent).toBe('apologise');
  expect(await session.outcome).toMatchObject({how: 'ended', reason: 'platform.internal-error'});
});
