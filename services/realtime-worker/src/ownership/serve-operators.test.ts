import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {ActiveCall, OperatorAsk} from '@voicebridge/shared/protocol/operator-desk.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {serveOperators} from './serve-operators.ts';

const worker = ProcessId.parse('worker-0001');
const callSid = CallSid.parse('CA00000000000000000000000000000001');
const call: ActiveCall = {
  callSid,
  startedAt: 0,
  assistant: 'default',
  direction: 'inbound',
  callerLastTwo: '42',
  edge: 'edge-0001',
  speaks: 'caller',
  turns: 2,
  turnGapMs: 840,
  interruptions: 1,
};

/** A desk on which asks are laid by hand. */
function deskOf() {
  const asks: OperatorAsk[] = [];
  const told: string[] = [];
  const desk = {
    taken: async () => asks.splice(0),
    tell: async (_: ProcessId, calls: readonly ActiveCall[]) => void told.push(`calls ${calls.length}`),
    tellRecord: async (_: ProcessId, sid: CallSid) => void told.push(`record of ${sid}`),
  };
  return {asks, told, desk};
}

function serving(desk: ReturnType<typeof deskOf>['desk']) {
  const clock = new FakeClock();
  const hungUp: CallSid[] = [];
  const transferred: string[] = [];
  const served = {
    active: () => [call],
    recordSoFar: () => [],
    hangUp: (sid: CallSid) => void hungUp.push(sid),
    transfer: (sid: CallSid, to: string) => void transferred.push(`${sid} to ${to}`),
  };
  const stop = serveOperators({desk, worker, served, clock, log: createLog('test', {level: 'silent'})});
  /** A second passes, and what it starts comes to its end. */
  const second = async () => {
    clock.advance(1_000);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return {hungUp, transferred, second, stop};
}

test('an operator sees the calls within a second, for as long as they look, and a call that they open', async () => {
  const {asks, told, desk} = deskOf();
  const {second, stop} = serving(desk);
  await second();
  expect(told).toEqual([]);
  asks.push({ask: 'watch'}, {ask: 'watch', callSid});
  await second();
  expect(told).toEqual(['calls 1', `record of ${callSid}`]);
  for (let passed = 0; passed < 10; passed += 1) await second();
  expect(told.length).toBeLessThanOrEqual(8);
  stop();
});

test('an operator ends a call', async () => {
  const {asks, desk} = deskOf();
  const {hungUp, second, stop} = serving(desk);
  asks.push({ask: 'hangUp', callSid});
  await second();
  expect(hungUp).toEqual([callSid]);
  stop();
});

test('an operator sends the caller of a call to a person', async () => {
  const {asks, desk} = deskOf();
  const {transferred, second, stop} = serving(desk);
  asks.push({ask: 'transfer', callSid, to: '+4722334455'});
  await second();
  expect(transferred).toEqual([`${callSid} to +4722334455`]);
  stop();
});

test('while Redis is away nothing happens, and operators are served again when it is back', async () => {
  const {asks, told, desk} = deskOf();
  let isAway = true;
  const {second, stop} = serving({
    ...desk,
    taken: async () => {
      if (isAway) throw new Error('away');
      return await desk.taken();
    },
  });
  asks.push({ask: 'watch'});
  await second();
  isAway = false;
  await second();
  expect(told).toEqual(['calls 1']);
  stop();
});
