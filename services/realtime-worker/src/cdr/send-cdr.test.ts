import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {quietTraces} from '@voicebridge/shared/observability/trace.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {sendCdr, sendCdrWithRetries} from './send-cdr.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('a call whose record cannot be sent stays open, and is recorded later by the orphan sweep', async () => {
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  const {edge} = await deployment.stream(worker, 1);
  deployment.queueIsDown = true;
  edge.send({kind: 'ended', why: 'hungUp'});
  await deployment.pass(2_000);
  expect(deployment.records).toEqual([]);
  expect(await deployment.directory.open()).toEqual([callSid(1)]);
  deployment.queueIsDown = false;
  await deployment.pass(30_000);
  expect(deployment.records.map(({summary}) => summary.endReason)).toEqual(['caller.hung-up']);
  expect(await deployment.directory.open()).toEqual([]);
});

const party = {hash: null, lastTwo: null, number: null};
const worker = ProcessId.parse('worker-0000000000a0');

/** A finished call of `worker` in the directory; `sent` has, for each record sent, the call's state at that moment. */
async function finishedCall() {
  const directory = new MemoryCallDirectory(new FakeClock());
  await directory.claim(callSid(1), {epoch: 0, owner: worker, at: 0});
  const sent: (string | undefined)[] = [];
  const deps = {
    queue: {
      send: async () => void sent.push((await directory.read(callSid(1)))?.state),
      [Symbol.asyncDispose]: async () => {},
    },
    directory,
    sealOf: () => new JournalSeal(),
    worker,
    transcripts: 'off' as const,
    metrics: createMetrics('test'),
    traces: quietTraces,
    log: createLog('test', {level: 'silent'}),
  };
  const opened: JournalEntry = {
    is: 'opened',
    wall: 0,
    callSid: callSid(1),
    direction: 'inbound',
    caller: party,
    callee: party,
    assistant: 'default',
    model: 'm',
    voice: 'v',
    admissionMs: null,
    traceparent: null,
  };
  const entries: JournalEntry[] = [opened, {is: 'ended', wall: 1_000, reason: 'caller.hung-up'}];
  return {deps, directory, sent, call: {callSid: callSid(1), epoch: 1, entries}};
}

test('an operator reads the end of a call once, also if its record is sent only at the second try', async () => {
  const {deps, call} = await finishedCall();
  const lines: {msg: string; reason?: string; callSid?: string}[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(JSON.parse(line) as (typeof lines)[number])}});
  let tries = 0;
  const send = async () => {
    tries += 1;
    if (tries === 1) throw new Error('Redis is unavailable');
  };
  const clock = new FakeClock();
  const queue = {send, [Symbol.asyncDispose]: async () => {}};
  const sent = sendCdrWithRetries(call, {...deps, log, queue}, {clock, signal: new AbortController().signal});
  await clock.advanceAsync(1_000, 100);
  await sent;
  expect(lines.map(({msg}) => msg)).toEqual(['call ended', 'record not sent']);
  expect(lines[0]).toMatchObject({callSid: callSid(1), reason: 'caller.hung-up'});
});

test('a call is marked as ended only after its record is in the queue', async () => {
  const {deps, directory, sent, call} = await finishedCall();
  await sendCdr(call, deps);
  expect(sent).toEqual(['live']);
  expect((await directory.read(callSid(1)))?.state).toBe('ended');
});

test('the record of a call that another worker owns by now is left to that worker', async () => {
  const {deps, directory, sent, call} = await finishedCall();
  await directory.claim(callSid(1), {epoch: 1, owner: ProcessId.parse('worker-0000000000b0'), at: 0});
  await sendCdr(call, deps);
  expect(sent).toEqual([]);
  expect((await directory.read(callSid(1)))?.state).toBe('live');
});

test('a journal from which no record can be built does not keep the call open', async () => {
  const {deps, directory, sent, call} = await finishedCall();
  await sendCdr({...call, entries: []}, deps);
  expect(sent).toEqual([]);
  expect((await directory.read(callSid(1)))?.state).toBe('ended');
});
