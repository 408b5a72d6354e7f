import {mcp} from '@voicebridge/assistant';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {sound} from './testing/call.ts';
import {pcmTone} from './testing/pcm.ts';
import {MemoryRecording} from './testing/memory-recording.ts';
import {ScriptedModel} from './testing/scripted-model.ts';
import {filesOf} from './testing/standard.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {TestDeployment} from './testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('a worker takes exactly as many calls as its capacity, including calls that are being set up', async () => {
  const worker = await deployment.worker({MAX_CALLS: '3'});
  const answers = await Promise.all([1, 2, 3, 4, 5].map(n => deployment.take(worker, n)));
  expect(answers.map(({answer}) => answer)).toEqual(['yes', 'yes', 'yes', 'full', 'full']);
  expect(worker.notReady()).toBeUndefined();
  expect(worker.notTaking?.()).toBe('every place is taken');
});

test('a worker whose model speaks PCM converts the caller’s audio, and the phone hears μ-law', async () => {
  deployment.model = new ScriptedModel({audio: {encoding: 'pcm16', rateHz: 24_000}});
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge, heard} = await deployment.stream(worker, 1);
  edge.send({kind: 'audio', timestamp: 0, payload: sound(20)});
  await deployment.pass(50);
  const [session] = deployment.model.sessions;
  expect(session?.commandsOf('hear').map(({payload}) => msOfBase64(payload) / 6)).toEqual([18]);
  session?.emit(
    {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: pcmTone(24_000, 200, 440)},
    {type: 'audioEnded', itemId: 'i1'},
  );
  await deployment.pass(50);
  const audio = heard.flatMap(frame => (frame.kind === 'audio' ? [msOfBase64(frame.payload)] : []));
  expect(audio.reduce((sum, ms) => sum + ms, 0)).toBe(200);
});

test('a worker that is given a recorder records both sides of a call, and ends the recording with the call', async () => {
  const recordings: MemoryRecording[] = [];
  deployment.openRecording = call => {
    const recording = new MemoryRecording(call);
    recordings.push(recording);
    return recording;
  };
  const worker = await deployment.worker({RECORDING: 'on'});
  await deployment.take(worker, 1);
  const {edge} = await deployment.stream(worker, 1);
  const said = Buffer.alloc(160, 0x20).toString('base64');
  deployment.model.sessions[0]?.emit(
    {type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'},
    {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(200)},
  );
  for (let n = 0; n < 25; n += 1) {
    edge.send({kind: 'audio', timestamp: n * 20, payload: said});
    await deployment.pass(20);
  }
  edge.send({kind: 'ended', why: 'hungUp'});
  await deployment.pass(1_000);
  const [recording] = recordings;
  expect(recording?.caller.msOf(0x20)).toBe(500);
  expect(recording?.assistant.msOf(0x10)).toBe(200);
  expect([recordings.length, recording?.isOver]).toEqual([1, true]);
});

test('a call whose stream never comes is released after half a minute, and its record says so', async () => {
  const worker = await deployment.worker({MAX_CALLS: '1'});
  await deployment.take(worker, 1);
  await deployment.pass(29_000);
  expect(worker.calls).toBe(1);
  await deployment.pass(2_000);
  expect(worker.calls).toBe(0);
  expect(deployment.model.sessions[0]?.closed).toBe(true);
  expect(deployment.records.map(({summary}) => summary.endReason)).toEqual(['platform.stream-never-came']);
});

test('two requests to take a call before the first answer get the same answer and use one session', async () => {
  const worker = await deployment.worker({MAX_CALLS: '1'});
  const claim = deployment.directory.claim.bind(deployment.directory);
  const busy = Promise.withResolvers<void>();
  deployment.directory.claim = async (...args) => {
    await busy.promise;
    return await claim(...args);
  };
  const asked = [deployment.take(worker, 1), deployment.take(worker, 1)];
  await deployment.pass(400);
  expect(worker.calls).toBe(1);
  expect(await deployment.take(worker, 2)).toMatchObject({answer: 'full'});
  busy.resolve();
  await deployment.pass(50);
  expect(await Promise.all(asked)).toMatchObject([
    {answer: 'yes', epoch: 1},
    {answer: 'yes', epoch: 1},
  ]);
  expect(worker.calls).toBe(1);
  expect(deployment.model.sessions).toHaveLength(1);
});

test('servers that the provider is to ask are refused at the start where the model’s provider asks none, and given to one that does', async () => {
  const hosted = mcp('https://crm.example.com/mcp', {hosted: true, allow: ['find']});
  const files = filesOf({shop: {answers: '*', prompt: 'You are a shop.', tools: {crm: hosted}}});
  deployment.live.set(files);
  const told = await deployment.worker().then(String, String);
  expect(told).toContain(
    'shop tools.crm: this model asks no MCP servers by itself; take `hosted` away, and the worker asks it',
  );
  deployment.model = new ScriptedModel({hostsMcp: true});
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  await deployment.stream(worker, 1);
  const [session] = deployment.model.sessions;
  expect(session?.settings.hosted).toMatchObject([{label: 'crm', url: hosted.url, allow: ['find'], approve: false}]);
  expect(session?.settings.tools.map(({name}) => name)).toEqual(['hang_up']);
});

test('an edit that the model’s provider cannot serve changes nothing', async () => {
  const plain = {answers: '*', prompt: 'You are a shop.'} as const;
  deployment.live.set(filesOf({shop: plain}));
  const worker = await deployment.worker();
  const tools = {crm: mcp('https://crm.example.com/mcp', {hosted: true})};
  deployment.live.set(filesOf({shop: {...plain, prompt: 'You are another shop.', tools}}));
  await deployment.take(worker, 1);
  await deployment.stream(worker, 1);
  expect(deployment.model.sessions[0]?.settings.instructions).toBe('You are a shop.');
});
