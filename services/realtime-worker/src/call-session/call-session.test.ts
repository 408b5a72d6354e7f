import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {MemoryMediaBus} from '@voicebridge/shared/bus/memory-media-bus.ts';
import {reliableFrameChannels} from '@voicebridge/shared/frame-channel/reliable-frame-channel.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import type {Assistant} from '../assistant.ts';
import {takeCall} from '../ownership/take-call.ts';
import {usualAssistant} from '../testing/call.ts';
import {ScriptedModel} from '../testing/scripted-model.ts';
import {openingHours, ScriptedLookUp} from '../testing/tools.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import type {Tool} from '../tools/tool.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);
const edge = ProcessId.parse('edge-0000test');
const floor = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 350,
  uninterruptible: false,
} as const;

/** A call of an assistant with these tools, taken by a worker, whose caller is connected. */
async function takenCall(tools: readonly Tool[]) {
  const clock = new FakeClock();
  const model = new ScriptedModel();
  const bus = new MemoryMediaBus(clock);
  const channels = reliableFrameChannels(bus, clock);
  const directory = new MemoryCallDirectory(clock);
  const assistant: Assistant = {...usualAssistant, greeting: '', floor, tools};
  const deps = {
    worker: ProcessId.parse('worker-0001'),
    channels,
    directory,
    adapter: model,
    clock,
    metrics: createMetrics('test'),
    log: createLog('test', {level: 'silent'}),
    streamGraceMs: 15_000,
    rotateAfterMs: 3_000_000,
    showTimingMath: false,
    wellSince: () => bus.wellSince(),
    handOver: async () => false,
  };
  const ask = {
    type: 'take',
    version: 2,
    ask: 'ask-1',
    replyTo: 'edge',
    callSid,
    epoch: 0,
    assistant: 'default',
  } as const;
  const {session} = await takeCall({...ask, facts: {}, cause: 'new'}, assistant, deps);
  const attached = await directory.attach(callSid, {epoch: 1, streamSid, edge});
  const {epoch} = attached!.call;
  const stream = await channels.edgeEnd(streamSid, epoch);
  await session!.attach(streamSid, edge, epoch);
  stream.send({kind: 'began', callSid, streamSid, edge});
  await clock.advanceAsync(50, 5);
  const [spoken] = model.sessions;
  const call = (name: string) =>
    spoken!.emit(
      {type: 'responseStarted', responseId: 'r1', tag: undefined},
      {type: 'toolCalled', responseId: 'r1', itemId: 't1', callId: 'c1', name, arguments: '{"city":"Bern"}'},
      {type: 'responseEnded', responseId: 'r1', status: 'completed', reason: undefined, tokens: undefined},
    );
  const results = () =>
    spoken!.commandsOf('add').flatMap(({item}) => (item.kind === 'toolResult' ? [item.output] : []));
  return {clock, session: session!, stream, model: spoken!, call, results};
}

test('a tool in the assistant’s list is offered to the model and run when the model calls it', async () => {
  const {model, call, results} = await takenCall([...assistantTools, openingHours]);
  expect(model.settings.tools.map(({name}) => name)).toEqual(['hang_up', 'opening_hours']);
  call('opening_hours');
  expect(results()).toEqual(['Bern: 9 to 5']);
  expect(model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller hears the answer of a tool that takes two seconds', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, model, call, results} = await takenCall([lookUp]);
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
  const failing = await takenCall([rejects]);
  failing.call('look_up');
  rejects.jobs[0]!.result.reject(new Error('no connection'));
  await failing.clock.advanceAsync(5);
  expect(failing.results()).toEqual([expect.stringContaining('failed')]);

  const silent = await takenCall([new ScriptedLookUp()]);
  silent.call('look_up');
  await silent.clock.advanceAsync(8_000, 50);
  expect(silent.results()).toEqual([expect.stringContaining('within 8 seconds')]);
  expect(silent.model.commandsOf('respond')).toMatchObject([{tag: 'tool-1'}]);
});

test('a caller who hangs up meanwhile aborts the tool; the record says that it was called and did not end', async () => {
  const lookUp = new ScriptedLookUp();
  const {clock, session, stream, call, results} = await takenCall([lookUp]);
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
