import {MemorySpendLedger} from '@voicebridge/shared/spend/memory-spend-ledger.ts';
import {payerFacts} from '@voicebridge/shared/spend/payer.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {NO_FLEET_KEY} from '@voicebridge/shared/protocol/fleet-key.ts';
import {NO_SPEND_LIMITS} from '@voicebridge/shared/spend/limits.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import {describe, expect, test} from 'vitest';
import {NO_TOKENS} from '../cdr/sum-tokens.ts';
import {ended, sound} from '../testing/call.ts';
import type {ScriptedSession} from '../testing/scripted-model.ts';
import {takenCall} from '../testing/taken-call.ts';

const model = 'gpt-realtime-2.1';
const facts = payerFacts({caller: '+15550100001', callee: '+15550100002'}, NO_FLEET_KEY);
const gone: SpendLedger = {
  admit: () => Promise.reject(new Error('Redis is unavailable')),
  charge: () => Promise.reject(new Error('Redis is unavailable')),
};

/** An answer of a second that costs 64 millionths of a dollar for each token. */
function answers(session: ScriptedSession, number: number, outputAudio: number): void {
  const [responseId, itemId] = [`r${number}`, `i${number}`];
  session.emit(
    {type: 'turnCommitted', itemId: `c${number}`},
    {type: 'responseStarted', responseId, tag: undefined},
    {type: 'audio', responseId, itemId, payload: sound(1_000)},
    {type: 'audioEnded', itemId},
    {...ended(responseId), tokens: {...NO_TOKENS, outputAudio}},
  );
}

async function counted(metrics: Awaited<ReturnType<typeof takenCall>>['metrics'], name: string) {
  const metric = await metrics.registry.getSingleMetric(`voicebridge_${name}`)?.get();
  return Object.fromEntries(
    (metric?.values ?? []).flatMap(({labels, value}) => (value > 0 ? [[String(Object.values(labels)[0]), value]] : [])),
  );
}

describe('a caller whose call has spent its limit', () => {
  test('hears the answer to its end, and then why the call is over, from the carrier', async () => {
    const spendLimits = {...NO_SPEND_LIMITS, call: 640};
    const {clock, session, stream, modelSession, directory, metrics} = await takenCall({model, facts, spendLimits});
    const frames: string[] = [];
    stream.onFrame(({kind}) => frames.push(kind));
    answers(modelSession, 1, 9);
    await clock.advanceAsync(4_000, 20);
    expect(frames).not.toContain('close');
    answers(modelSession, 2, 1);
    await clock.advanceAsync(900, 20);
    expect(frames).not.toContain('close');
    const asked = modelSession.commandsOf('respond').length;
    await clock.advanceAsync(3_000, 20);
    expect(frames.at(-1)).toBe('close');
    expect(modelSession.commandsOf('respond')).toHaveLength(asked);
    await expect(session.outcome).resolves.toMatchObject({how: 'ended', reason: 'platform.spend-call'});
    expect(await directory.read(session.callSid)).toMatchObject({
      intent: 'hang-up',
      facts: {limit: 'platform.spend-call'},
    });
    expect(await counted(metrics, 'limits_near_total')).toEqual({call: 1});
    expect(await counted(metrics, 'limits_reached_total')).toEqual({call: 1});
  });

  test('keeps no line open by speaking', async () => {
    const spendLimits = {...NO_SPEND_LIMITS, call: 640};
    const {clock, session, modelSession} = await takenCall({model, facts, spendLimits});
    answers(modelSession, 1, 10);
    await clock.advanceAsync(500, 20);
    modelSession.emit({type: 'callerSpoke', itemId: 'c2', fromMs: 0});
    await clock.advanceAsync(4_000, 20);
    await expect(session.outcome).resolves.toMatchObject({how: 'ended', reason: 'platform.spend-call'});
  });
});

test('a caller who has spent the money of a day in another call is told in the next turn', async () => {
  const ledger = new MemorySpendLedger(() => 0);
  const spendLimits = {...NO_SPEND_LIMITS, caller: 1_000};
  const call = await takenCall({model, facts, spendLimits, ledger});
  const payer = {callSid: call.session.callSid, assistant: 'default', caller: facts['spendCaller'], number: undefined};
  await ledger.charge(payer, {owner: 7, micros: 990, isOver: false});
  answers(call.modelSession, 1, 1);
  await call.clock.advanceAsync(5_000, 20);
  await expect(call.session.outcome).resolves.toMatchObject({reason: 'platform.spend-caller'});
});

test('a caller of an assistant that has spent its money is told before they have said a word', async () => {
  const memory = new MemorySpendLedger(() => 0);
  const other = {callSid: CallSid.parse('another'), assistant: 'survey', caller: undefined, number: undefined};
  await memory.charge(other, {owner: 1, micros: 1_000, isOver: true});
  const answered = Promise.withResolvers<void>();
  const ledger: SpendLedger = {
    admit: (...of) => memory.admit(...of),
    charge: (...of) => answered.promise.then(() => memory.charge(...of)),
  };
  const spendLimits = {...NO_SPEND_LIMITS, assistant: 1_000};
  const {clock, session, directory} = await takenCall({name: 'survey', model, facts, spendLimits, ledger});
  answered.resolve();
  await clock.advanceAsync(100, 20);
  await expect(session.outcome).resolves.toMatchObject({reason: 'platform.spend-assistant'});
  expect(await directory.read(session.callSid)).toMatchObject({intent: 'hang-up'});
});

describe('while the ledger does not answer', () => {
  test('a call goes on, and that is counted', async () => {
    const spendLimits = {...NO_SPEND_LIMITS, day: 1};
    const {clock, session, modelSession, directory, metrics} = await takenCall({
      model,
      facts,
      spendLimits,
      ledger: gone,
    });
    for (let turn = 1; turn <= 3; turn += 1) {
      answers(modelSession, turn, 100);
      await clock.advanceAsync(4_000, 20);
    }
    expect((await directory.read(session.callSid))?.intent).toBeUndefined();
    expect(await counted(metrics, 'spend_unjudged_total')).toEqual({'no-answer': 4});
  });

  test('the limit of a call holds all the same: its owner knows what it spent', async () => {
    const spendLimits = {...NO_SPEND_LIMITS, call: 640};
    const {clock, session, modelSession} = await takenCall({model, facts, spendLimits, ledger: gone});
    answers(modelSession, 1, 10);
    await clock.advanceAsync(5_000, 20);
    await expect(session.outcome).resolves.toMatchObject({reason: 'platform.spend-call'});
  });
});

test('the ledger is asked when a call begins and when it ends, once in a turn, and once a minute in silence', async () => {
  let asked = 0;
  const memory = new MemorySpendLedger(() => 0);
  const ledger: SpendLedger = {
    admit: (...of) => memory.admit(...of),
    charge: (...of) => {
      asked += 1;
      return memory.charge(...of);
    },
  };
  const {clock, session, stream, modelSession} = await takenCall({model, facts, ledger});
  const frame = () => stream.send({kind: 'audio', timestamp: clock.now(), payload: sound(20)});
  /** The caller listens: fifty frames a second come in. */
  const listens = async (seconds: number) => {
    for (let frames = 0; frames < seconds * 50; frames += 1) {
      frame();
      await clock.advanceAsync(20, 20);
    }
  };
  answers(modelSession, 1, 10);
  await listens(30);
  expect(asked).toBe(2);
  await listens(40);
  expect(asked).toBe(3);
  session.end('caller.hung-up');
  await clock.advanceAsync(100, 20);
  expect(asked).toBe(4);
});
