import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {CallJournal} from './call-journal.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const owner = ProcessId.parse('worker-aaaaaaaaaaaa');
const known: CallEntry = {
  callSid,
  state: 'live',
  epoch: 1,
  owner,
  assistant: 'default',
  attempts: 0,
  startedAt: 0,
  facts: {},
};

test('a call that Redis has lost and cannot store is logged once, and is restored when Redis takes writes again', async () => {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  const restore = directory.restore.bind(directory);
  let refusals = 0;
  let readOnly = true;
  directory.restore = async call => {
    if (!readOnly) return await restore(call);
    refusals += 1;
    throw new Error('READONLY');
  };
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  const onFenced = () => {
    throw new Error('fenced');
  };
  const journal = new CallJournal({
    directory,
    callSid,
    epoch: 1,
    clock,
    log,
    entries: [],
    currentEntry: () => known,
    onFenced,
  });
  journal.write({is: 'greeted'});
  await clock.advanceAsync(60_000, 250);
  expect(refusals).toBeGreaterThan(200);
  expect(lines.filter(line => line.includes('redis has forgotten the call'))).toHaveLength(1);
  readOnly = false;
  await clock.advanceAsync(1_000, 250);
  await journal.written();
  expect(await directory.read(callSid)).toMatchObject({owner, epoch: 1});
});
