import {createLog} from '@voicebridge/shared/observability/log.ts';
import fc from 'fast-check';
import {beforeEach, describe, expect, test} from 'vitest';
import {callsUnderKills} from '../testing/calls-under-kills.ts';
import {MemoryOutCalls} from '../testing/memory-out-calls.ts';
import type {CarrierOut, Dial, Dialled} from './carrier-out.ts';
import {CallsOut} from './calls-out.ts';
import {beginAttempt, reported} from './next-state.ts';
import {newOutCall, type Wanted} from './out-call.ts';
import {callableAt, isQuiet, readQuietHours} from './quiet-hours.ts';
import {zonesOf} from './zones.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 30, 11);
const SID = `CA${'a'.repeat(32)}`;
const wanted: Wanted & {readonly to: string} = {
  to: '+4722334455',
  from: '+4721000000',
  assistant: 'reminder',
  variables: {name: 'Ada'},
  zone: null,
  notBefore: NOON,
  deadline: NOON + 24 * HOUR,
  attemptsAtMost: 2,
  retryAfterMs: 600_000,
  ringSeconds: 30,
  detectMachines: true,
};

let wall: number;
let store: MemoryOutCalls;
let dialled: Dial[];
let answer: Dialled;
let callsOut: CallsOut;
const carrier: {-readonly [Name in keyof CarrierOut]: CarrierOut[Name]} = {
  dial: async dial => {
    dialled.push(dial);
    return answer;
  },
  find: async () => undefined,
  callsTo: async () => [],
  hangUp: async () => {},
};
beforeEach(() => {
  wall = NOON;
  store = new MemoryOutCalls();
  dialled = [];
  answer = {outcome: 'placed', callSid: SID};
  carrier.find = async () => undefined;
  callsOut = new CallsOut({
    store,
    carrier,
    settings: {everyMs: 1_000, atOnce: 2, quietHours: readQuietHours('20:00-08:00')},
    hashOf: number => `#${number}`,
    clock: {wall: () => wall},
    log: createLog('test', {level: 'silent'}),
  });
});
const state = async () => (await store.read('a'))?.state;
const told = () => [...store.events.values()].map(({type}) => type.replace('call-out.', ''));
const report = (status: string, attempt = 1, callSid = SID) =>
  callsOut.report('a', {attempt, callSid, status, answeredBy: undefined});

describe('a program that wants a call', () => {
  test('has it made once, however often it asks', async () => {
    await callsOut.want('a', wanted, 'key');
    expect((await callsOut.want('b', wanted, 'key')).id).toBe('a');
    await Promise.all([callsOut.step('a'), callsOut.step('a'), callsOut.step('a')]);
    expect(dialled).toMatchObject([{to: '+4722334455', out: 'a', attempt: 1}]);
    for (const status of ['ringing', 'in-progress', 'completed']) await report(status);
    expect(await store.read('a')).toMatchObject({state: 'completed', to: null, variables: {}, lastTwo: '55'});
    expect(told()).toEqual(['queued', 'placed', 'ringing', 'answered', 'completed']);
  });

  test('is told the same whether reports come late, twice or in any order', async () => {
    await callsOut.want('a', wanted, 'key');
    await callsOut.step('a');
    for (const status of ['completed', 'ringing', 'completed', 'initiated', 'in-progress']) await report(status);
    expect(await state()).toBe('completed');
    expect(told()).toEqual(['queued', 'placed', 'completed']);
  });

  test('has a busy number tried again after a while, and no more often than it said', async () => {
    await callsOut.want('a', wanted, 'key');
    await callsOut.step('a');
    await report('busy');
    expect(await state()).toBe('queued');
    expect(await callsOut.step('a')).toEqual({again: NOON + 600_000});
    wall += 600_000;
    await callsOut.step('a');
    // The report of the first attempt comes once more.
    await report('busy');
    expect(await state()).toBe('placed');
    await report('no-answer', 2, `CA${'b'.repeat(32)}`);
    expect(dialled).toHaveLength(2);
  });

  test('is told why the carrier refuses, and a refusal that passes costs no attempt', async () => {
    answer = {outcome: 'refused', reason: 'Twilio answers 429', again: true};
    await callsOut.want('a', wanted, 'key');
    await callsOut.step('a');
    expect(await store.read('a')).toMatchObject({state: 'queued', attempts: [], reason: 'Twilio answers 429'});
    answer = {outcome: 'refused', reason: 'Twilio answers 400 (21211: no number)', again: false};
    wall += 60_000;
    await callsOut.step('a');
    expect(await store.read('a')).toMatchObject({state: 'refused', reason: 'Twilio answers 400 (21211: no number)'});
  });

  test('is told that nobody knows, rather than have somebody called twice', async () => {
    answer = {outcome: 'unknown', reason: 'ECONNRESET'};
    await callsOut.want('a', wanted, 'key');
    for (let minutes = 0; minutes < 20; minutes += 1) {
      await callsOut.step('a');
      wall += 61_000;
    }
    expect(await store.read('a')).toMatchObject({state: 'unknown', reason: expect.stringContaining('not made again')});
    expect(dialled).toHaveLength(1);
    // The carrier clears it up after all.
    await report('completed');
    expect(await state()).toBe('completed');
  });

  test('is told ten seconds after its stream ended that a call is over, though all reports of that are lost', async () => {
    let status = 'in-progress';
    carrier.find = async callSid => ({callSid, status});
    await callsOut.want('a', wanted, 'key');
    await callsOut.step('a');
    await report('in-progress');
    wall += 20_000;
    // One that was lost is followed by another: the call goes on.
    await callsOut.streamEnded(SID);
    await callsOut.streamEnded(`CA${'b'.repeat(32)}`);
    wall += 10_000;
    await callsOut.step('a');
    expect(await state()).toBe('answered');
    status = 'completed';
    await callsOut.streamEnded(SID);
    wall += 9_999;
    await callsOut.step('a');
    expect(await state()).toBe('answered');
    wall += 1;
    expect(await callsOut.step('a')).toEqual({});
    expect(await state()).toBe('completed');
    await callsOut.streamEnded(SID);
    expect(await state()).toBe('completed');
  });

  test('can take it back before it is made', async () => {
    await callsOut.want('a', wanted, 'key');
    await callsOut.cancel('a');
    await callsOut.step('a');
    expect([await state(), dialled.length]).toEqual(['canceled', 0]);
  });

  test('gets no call to somebody who does not want to be called, nor after its deadline', async () => {
    await store.forbid('#+4722334455', true);
    await callsOut.want('a', wanted, 'key');
    await callsOut.step('a');
    expect(await state()).toBe('refused');
    await callsOut.want('b', {...wanted, to: '+4722334456'}, 'other');
    wall += 25 * HOUR;
    await callsOut.step('b');
    expect((await store.read('b'))?.state).toBe('expired');
    expect(dialled).toEqual([]);
  });

  test('has no more calls going on than the operator allows', async () => {
    for (const id of ['a', 'b', 'c'])
      await callsOut.want(id, {...wanted, to: `+472233445${id.charCodeAt(0) % 10}`}, id);
    for (const id of ['a', 'b', 'c']) {
      wall += 1_000;
      answer = {outcome: 'placed', callSid: `CA${id.repeat(32)}`};
      await callsOut.step(id);
    }
    expect(dialled.map(({out}) => out)).toEqual(['a', 'b']);
  });
});

test('a call that was answered is talked on by the assistant that was asked for, and one that nobody knows is not', async () => {
  await callsOut.want('a', wanted, 'key');
  await callsOut.step('a');
  expect(await callsOut.answered('a', 1, SID)).toEqual({assistant: 'reminder', variables: {name: 'Ada'}});
  expect(await callsOut.answered('a', 1, `CA${'b'.repeat(32)}`)).toBeUndefined();
  expect(await callsOut.answered('nobody', 1, SID)).toBeUndefined();
  expect(await report('completed', 7)).toBe(true);
  expect(await callsOut.report('nobody', {attempt: 1, callSid: SID, status: 'completed'})).toBe(false);
});

test('nobody is called in their quiet hours, wherever they may be', () => {
  const hours = readQuietHours('20:00-08:00');
  expect(readQuietHours('8 pm')).toBeUndefined();
  fc.assert(
    fc.property(
      fc.constantFrom('+47', '+1', '+44', '+61', '+81', '+351'),
      fc.integer({min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 11, 31)}),
      (prefix, at) => {
        const zones = zonesOf(`${prefix}5550100`) ?? [];
        const when = callableAt(hours, zones, at);
        expect(when).toBeGreaterThanOrEqual(at);
        expect(when! - at).toBeLessThan(25 * HOUR);
        for (const zone of zones) expect(isQuiet(hours!, zone, when!)).toBe(false);
      },
    ),
    {numRuns: 300},
  );
  expect(zonesOf('+999123456')).toBeUndefined();
});

test('what is known of a call never goes back, in whatever order reports come', () => {
  const statuses = ['initiated', 'ringing', 'in-progress', 'completed', 'busy', 'no-answer', 'failed', 'nonsense'];
  const begun = beginAttempt(newOutCall('a', {...wanted, attemptsAtMost: 1}, NOON), NOON);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...statuses), {maxLength: 12}), reports => {
      let call = begun;
      let over: string | undefined;
      for (const status of reports) {
        call = reported(call, {attempt: 1, callSid: SID, status}, NOON);
        if (over !== undefined) expect(call.state).toBe(over);
        if (call.dueAt === null) over ??= call.state;
      }
      expect(call.attempts).toHaveLength(1);
      expect(call.events.length).toBeLessThanOrEqual(5);
    }),
  );
});

test('of many calls none is made twice or at night, and all are told as they were, though webhooks are killed', async () => {
  const seed = 20_261_129;
  const outcome = await callsUnderKills(new MemoryOutCalls(), {calls: 150, seed, killEvery: 3});
  expect({seed, ...outcome, calls: outcome.calls.length, made: undefined}).toMatchObject({
    calls: 150,
    twice: 0,
    inQuietHours: 0,
    wrong: [],
  });
  expect(outcome.closest).toBeGreaterThanOrEqual(1_000);
  expect(outcome.kills).toBeGreaterThan(10);
  expect(outcome.calls.filter(({dueAt}) => dueAt !== null)).toEqual([]);
});
