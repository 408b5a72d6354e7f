import {tool} from '@voicebridge/assistant';
import {readJournal} from '../events/journal-entry.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {z} from 'zod';
import {EditedAssistants, filesOf, standard} from '../testing/standard.ts';
import {callSid, edgeId, streamSid, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const [reception, survey] = ['+4711111111', '+4722222222'];
const ring = (callee: string) => ({ring: {direction: 'inbound' as const, caller: '+4799999999', callee}});

const two = (prompt: string) =>
  filesOf({
    reception: {answers: reception, prompt, voice: 'marin', variables: {company: 'Fjord'}},
    survey: {answers: survey, prompt: 'Ask three questions.', tools: {hang_up: false}},
  });
const settingsOf = (session: number) => deployment.model.sessions[session]?.settings;
const takenOver = {epoch: 1, assistant: 'reception', stream: {streamSid: streamSid(1), edge: edgeId}};

test('each number has its own assistant, with its voice, its tools and its prompt, and the others have that of the environment', async () => {
  deployment.live.set(two('You work for {{company}}. {{caller}} calls.'));
  const worker = await deployment.worker();
  await deployment.take(worker, 1, ring(reception));
  await deployment.take(worker, 2, ring(survey));
  await deployment.take(worker, 3, ring('+4733333333'));
  await deployment.take(worker, 4); // a webhook of an older version does not say
  expect(
    [0, 1, 2, 3].map(n => [
      settingsOf(n)?.instructions.slice(0, 41),
      settingsOf(n)?.voice,
      settingsOf(n)?.tools.length,
    ]),
  ).toEqual([
    ['You work for Fjord. +4799999999 calls.', 'marin', 1],
    ['Ask three questions.', 'alloy', 0],
    [standard.instructions.slice(0, 41), 'alloy', 1],
    [standard.instructions.slice(0, 41), 'alloy', 1],
  ]);
  expect((await deployment.directory.read(callSid(1)))?.assistant).toBe('reception');
});

test('a call that is taken over after its file was edited has the same prompt and variables; a new call has the new one', async () => {
  deployment.live.set(two('First, for {{caller}}.'));
  const first = await deployment.worker();
  await deployment.take(first, 1, ring(reception));
  await deployment.stream(first, 1);
  deployment.live.set(two('Second.'));
  const second = await deployment.worker(); // has never seen the first version
  await deployment.take(second, 1, {...takenOver, cause: 'worker-lost'});
  await deployment.pass(300);
  expect(deployment.model.sessions.at(-1)?.settings.instructions).toBe('First, for +4799999999.');
  await deployment.take(second, 2, ring(reception));
  expect(deployment.model.sessions.at(-1)?.settings.instructions).toBe('Second.');
});

test('twenty people talk while files are edited three times, and ten of their calls move: each keeps the assistant they began with', async () => {
  deployment.live.set(two('First, for {{caller}}.'));
  const first = await deployment.worker();
  const calls = Array.from({length: 20}, (_, index) => index + 1);
  for (const n of calls) {
    await deployment.take(first, n, ring(reception));
    await deployment.stream(first, n);
  }
  for (const edit of ['Second.', 'Third.', 'Fourth.']) {
    deployment.live.set(two(edit));
    await deployment.pass(2_000);
  }
  const second = await deployment.worker(); // has never seen the first version
  for (const n of calls.slice(10)) {
    const stream = {streamSid: streamSid(n), edge: edgeId};
    await deployment.take(second, n, {...takenOver, stream, cause: 'worker-lost'});
    await deployment.pass(300);
  }
  await deployment.take(second, 21, ring(reception));
  const prompts = deployment.model.sessions.map(({settings}) => settings.instructions);
  // Twenty calls, ten of them on two workers, with some sessions more for those whose model says nothing.
  expect(prompts.length).toBeGreaterThan(30);
  expect(new Set(prompts.slice(0, -1))).toEqual(new Set(['First, for +4799999999.']));
  expect(prompts.at(-1)).toBe('Fourth.');
});

test('a drained worker’s call is opened on the next one with the same prompt, before it moves', async () => {
  deployment.live.set(two('First.'));
  const first = await deployment.worker();
  await deployment.take(first, 1, ring(reception));
  await deployment.stream(first, 1);
  deployment.live.set(two('Second.'));
  const second = await deployment.worker();
  const taken = deployment.take(second, 1, {...takenOver, cause: 'worker-drained'});
  await deployment.pass(20);
  deployment.model.sessions.at(-1)?.emit({type: 'ready'});
  await deployment.pass(100);
  expect((await taken).answer).toBe('yes');
  expect(deployment.model.sessions.at(-1)?.settings.instructions).toBe('First.');
});

test('a call whose version nobody knows any more goes on with the assistant of the same name', async () => {
  deployment.live.set(two('First.'));
  const first = await deployment.worker();
  await deployment.take(first, 1, ring(reception));
  await deployment.stream(first, 1);
  deployment.versions.get = async () => undefined;
  deployment.live.set(two('Second.'));
  const second = await deployment.worker();
  await deployment.take(second, 1, {...takenOver, cause: 'worker-lost'});
  await deployment.pass(300);
  expect(deployment.model.sessions.at(-1)?.settings.instructions).toBe('Second.');
});

test('the journal has the version of the assistant and the variables of the call, and no number that no text uses', async () => {
  deployment.live.set(two('For {{callee}}.'));
  const worker = await deployment.worker();
  await deployment.take(worker, 1, ring(reception));
  await deployment.pass(50);
  const [opened] = readJournal(await deployment.directory.journal(callSid(1)));
  const {hash} = deployment.live.current.answering(reception);
  expect(opened).toMatchObject({is: 'opened', assistant: 'reception', version: hash, variables: {callee: reception}});
});

test('a version is written once for many calls, and again every hour, so that it outlives each of them', async () => {
  deployment.live.set(two('First.'));
  let puts = 0;
  const put = deployment.versions.put.bind(deployment.versions);
  deployment.versions.put = async (...args) => {
    puts += 1;
    await put(...args);
  };
  const worker = await deployment.worker();
  for (const n of [1, 2, 3]) await deployment.take(worker, n, ring(reception));
  expect(puts).toBe(1);
  await deployment.clock.advanceAsync(3_600_000, 60_000);
  await deployment.take(worker, 4, ring(reception));
  expect(puts).toBe(2);
});

test('the record says which version of which assistant a caller spoke with, and keeps as many words as that assistant allows', async () => {
  deployment.live.set(filesOf({reception: {answers: reception, transcripts: 'full'}}));
  const worker = await deployment.worker();
  for (const n of [1, 2]) {
    await deployment.take(worker, n, n === 1 ? ring(reception) : {});
    const {edge} = await deployment.stream(worker, n);
    deployment.model.sessions[n - 1]?.emit(
      {type: 'callerSpoke', itemId: 'u1', fromMs: 100},
      {type: 'callerStopped', itemId: 'u1', untilMs: 200},
      {type: 'turnCommitted', itemId: 'u1'},
      {type: 'callerWords', itemId: 'u1', text: 'When do you open?'},
    );
    await deployment.pass(100);
    edge.send({kind: 'ended', why: 'hungUp'});
    await deployment.pass(1_000);
  }
  const {current} = deployment.live;
  expect(
    deployment.records.map(({summary, transcript}) => [summary.assistant, summary.assistantVersion, transcript.length]),
  ).toEqual([
    ['reception', current.answering(reception).hash, 1],
    ['default', current.standard.hash, 0],
  ]);
});

test('a drained call whose assistant has tools in code moves only to a worker with that code; a call of a dead worker moves in any case', async () => {
  const book = tool({about: 'Books.', input: z.object({}), run: () => 'booked'});
  const withTool = (prompt: string, name: string) =>
    filesOf({reception: {answers: reception, prompt, tools: {[name]: book}}});
  deployment.live.set(withTool('First.', 'book'));
  const first = await deployment.worker();
  await deployment.take(first, 1, ring(reception));
  await deployment.stream(first, 1);
  deployment.live = new EditedAssistants(withTool('Second.', 'reserve'));
  const other = await deployment.worker();
  deployment.live = new EditedAssistants(withTool('Other words, same code.', 'book'));
  const same = await deployment.worker();
  expect(await deployment.take(other, 1, {...takenOver, cause: 'worker-drained'})).toMatchObject({
    answer: 'unknown',
    epoch: 1,
  });
  const taken = deployment.take(same, 1, {...takenOver, cause: 'worker-drained'});
  await deployment.pass(100);
  expect(await taken).toMatchObject({answer: 'yes', epoch: 2});
  expect(deployment.model.sessions.at(-1)?.settings.instructions).toBe('First.');
  const lost = await deployment.take(other, 1, {...takenOver, epoch: 2, cause: 'worker-lost'});
  expect(lost.answer).toBe('yes');
});
