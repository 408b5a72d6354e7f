import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import type {Callee} from './callee.ts';
import type {CallFacts} from './call-facts.ts';
import {ringCallee} from './ring-callee.ts';

/** Rings somebody for 20 s at most: how it ended, when, and what was told by then. */
async function ring(callee: Callee) {
  const clock = new FakeClock();
  const told: string[] = [];
  const call: CallFacts = {
    accountSid: 'AC',
    callSid: 'CA',
    from: '+15550100002',
    to: '+15550100005',
    direction: 'outbound-api',
    status: 'queued',
  };
  const {signal} = new AbortController();
  const ringing = ringCallee({
    callee,
    timeout: 20_000,
    machine: {url: 'http://h/', method: 'POST', mode: 'Enable'},
    call,
    progress: {
      tell: event => void told.push(event),
      tellMachine: (_, answeredBy, after) => void told.push(`${answeredBy} after ${after}`),
    },
    clock,
    signal,
    over: signal,
  });
  let ended: string | undefined;
  void ringing.then(how => (ended = `${how} after ${clock.now()}`));
  await clock.advanceAsync(40_000, 500);
  return {ended, told, status: call.status};
}

test('somebody who does not answer is rung for as long as the call may ring', async () => {
  expect(await ring({does: 'be-silent'})).toEqual({
    ended: 'no-answer after 20000',
    told: ['initiated', 'ringing'],
    status: 'ringing',
  });
  expect(await ring({does: 'answer', after: 25_000, script: []})).toMatchObject({ended: 'no-answer after 20000'});
});

test('detection that need not hear the whole announcement knows a machine early', async () => {
  const detected = {as: 'machine_end_beep', after: 9_000} as const;
  expect(await ring({does: 'answer', after: 3_000, script: [], detected})).toEqual({
    ended: 'answered after 3000',
    told: ['initiated', 'ringing', 'answered', 'machine_start after 2000'],
    status: 'in-progress',
  });
});
