import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {SpendMeter} from './spend-meter.ts';
import {NO_TOKENS} from './sum-tokens.ts';

const MODEL = 'gpt-realtime-2.1';
/** So many tokens of spoken output cost 64 millionths of a dollar each. */
const spoken = (outputAudio: number) => ({...NO_TOKENS, outputAudio});
const NONE = {call: 0, caller: 0, assistant: 0, day: 0};

describe('a call', () => {
  test('is told once that it nears its limit, and once that it has reached it', () => {
    const meter = new SpendMeter(MODEL, {...NONE, call: 640});
    meter.billed(spoken(7));
    expect(meter.judge()).toEqual({near: [], reached: undefined});
    meter.billed(spoken(1));
    expect(meter.micros).toBe(512);
    expect(meter.judge()).toEqual({near: ['call'], reached: undefined});
    expect(meter.judge()).toEqual({near: [], reached: undefined});
    meter.billed(spoken(2));
    expect(meter.judge()).toEqual({near: [], reached: 'call'});
    expect(meter.judge()).toEqual({near: [], reached: undefined});
  });

  test('ends for what its former owners and other calls have spent, too', () => {
    const limits = {...NONE, call: 640, day: 10_000};
    const meter = new SpendMeter(MODEL, limits);
    meter.billed(spoken(1));
    expect(meter.judge({...NONE, call: 640}).reached).toBe('call');
    expect(new SpendMeter(MODEL, limits).judge({...NONE, call: 64, day: 10_001}).reached).toBe('day');
  });

  test('of a model without a price ends for nothing, and says that it is blind', () => {
    const meter = new SpendMeter('a-model-of-ours', {...NONE, call: 1});
    meter.billed(spoken(1_000_000));
    expect([meter.micros, meter.isBlind, meter.judge().reached]).toEqual([0, true, undefined]);
    expect(new SpendMeter('a-model-of-ours', NONE).isBlind).toBe(false);
    expect(new SpendMeter(MODEL, {...NONE, call: 1}).isBlind).toBe(false);
  });
});

const turns = fc.array(
  fc.record({
    call: fc.nat(3),
    tokens: fc.nat(400),
    /** The owner died before this turn: another worker goes on. */
    isTakenOver: fc.boolean(),
    /** The charge is said again, as a connection that was lost may do it. */
    isRepeated: fc.boolean(),
  }),
  {minLength: 1, maxLength: 80},
);

test('whoever owns a call, it and its caller spend no more than the limit and the turn that reaches it', async () => {
  await fc.assert(
    fc.asyncProperty(
      turns,
      fc.integer({min: 1, max: 60_000}),
      fc.integer({min: 1, max: 120_000}),
      async (steps, ofCall, ofCaller) => {
        const limits = {...NONE, call: ofCall, caller: ofCaller};
        const ledger = new MemorySpendLedger(() => 0);
        const calls = Array.from({length: 4}, (_, index) => ({
          payer: {
            callSid: CallSid.parse(`CA${String(index).padStart(32, '0')}`),
            assistant: 'default',
            caller: 'the caller',
            number: undefined,
          },
          owner: 1,
          meter: new SpendMeter(MODEL, limits),
          spent: 0,
          lastTurn: 0,
          isOver: false,
        }));
        for (const {call: index, tokens, isTakenOver, isRepeated} of steps) {
          const call = calls[index]!;
          if (call.isOver) continue;
          if (isTakenOver) {
            call.owner += 1;
            call.meter = new SpendMeter(MODEL, limits);
          }
          call.meter.billed(spoken(tokens));
          call.lastTurn = tokens * 64;
          call.spent += call.lastTurn;
          const charge = {owner: call.owner, micros: call.meter.micros, isOver: false};
          if (isRepeated) await ledger.charge(call.payer, charge);
          call.isOver = call.meter.judge(await ledger.charge(call.payer, charge)).reached !== undefined;
        }
        for (const {spent, lastTurn} of calls) expect(spent - lastTurn).toBeLessThan(ofCall);
        // Each call in progress may finish the turn in which it learns that the caller has spent everything.
        const all = calls.reduce((sum, {spent}) => sum + spent, 0);
        expect(all - calls.reduce((sum, {lastTurn}) => sum + lastTurn, 0)).toBeLessThan(ofCaller);
        const {caller} = await ledger.charge(calls[0]!.payer, {owner: 99, micros: 0, isOver: true});
        expect(caller).toBe(all);
      },
    ),
  );
});
