import {NO_FLEET_KEY} from '@voicebridge/shared/protocol/fleet-key.ts';
import {payerFacts, payerOf} from '@voicebridge/shared/spend/payer.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {newCallSid, passing, ringing, TestDeployment} from '../testing/test-deployment.ts';

const REFUSED =
  '<Response><Say>I am sorry, we cannot take your call at the moment. Please call again later.</Say><Hangup/>';
const facts = payerFacts({caller: '+15550100001', callee: '+15550100002'}, NO_FLEET_KEY);

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const metric = async (text: RegExp) => text.exec((await deployment.send('/metrics')).text)?.[1];

test('a person whom we call counts as a caller does, and our own number never', async () => {
  await deployment.webhook({CALLS_PER_CALLER: '1', CALLS_PER_NUMBER: '1'});
  await deployment.worker();
  const ours = '+15550100002';
  const out = (to: string) => ({...ringing(), From: ours, To: to, Direction: 'outbound-api'});
  for (const to of ['+15550100031', '+15550100032'])
    expect((await deployment.ask('/incoming-call', out(to))).text).toContain('<Connect');
  expect((await deployment.ask('/incoming-call', out('+15550100031'))).text).toContain(REFUSED);
});

describe('a caller who calls more often at a time than the operator allows', () => {
  test('hears why, takes no place of a worker, and is connected when a call of theirs is over', async () => {
    await deployment.webhook({CALLS_PER_CALLER: '2'});
    await deployment.worker();
    const [first, second, third] = [ringing(), ringing(), ringing()];
    for (const call of [first, second, first])
      expect((await deployment.ask('/incoming-call', call)).text).toContain('<Connect');
    const asked = deployment.asked.length;
    expect((await deployment.ask('/incoming-call', third)).text).toContain(REFUSED);
    expect(deployment.asked).toHaveLength(asked);
    expect(await metric(/limits_reached_total\{limit="calls-of-caller"[^}]*\} (\d+)/)).toBe('1');
    expect(await metric(/calls_total\{result="limited"[^}]*\} (\d+)/)).toBe('1');
    const other = {...ringing(), From: '+15550100009'};
    expect((await deployment.ask('/incoming-call', other)).text).toContain('<Connect');
    const payer = payerOf({callSid: first.CallSid, assistant: 'default', facts});
    await deployment.ledger.charge(payer, {owner: 1, micros: 0, isOver: true});
    expect((await deployment.ask('/incoming-call', third)).text).toContain('<Connect');
  });

  test('does not get round that by withholding the number: all who do share a limit', async () => {
    await deployment.webhook({CALLS_WITHHELD: '2'});
    await deployment.worker();
    const withheld = () => ({...ringing(), From: 'anonymous'});
    for (const call of [withheld(), withheld()])
      expect((await deployment.ask('/incoming-call', call)).text).toContain('<Connect');
    expect((await deployment.ask('/incoming-call', withheld())).text).toContain(REFUSED);
    expect(await metric(/limits_reached_total\{limit="calls-withheld"[^}]*\} (\d+)/)).toBe('1');
    expect((await deployment.ask('/incoming-call', ringing())).text).toContain('<Connect');
  });

  test('is not counted for a call for which there was no place', async () => {
    await deployment.webhook({CALLS_PER_CALLER: '1'});
    await deployment.worker({calls: 10}, async () => ({answer: 'full', epoch: 0}));
    for (let call = 0; call < 3; call += 1)
      expect((await deployment.ask('/incoming-call', ringing())).text).toContain('All our lines are busy');
  });
});

test('a caller who has cost what there is for a day is refused in the operator’s words', async () => {
  await deployment.webhook({SPEND_PER_CALLER_USD: '0.50', LIMIT_SAY: 'Enough for today.'});
  await deployment.worker();
  const payer = payerOf({callSid: newCallSid(), assistant: 'default', facts});
  await deployment.ledger.charge(payer, {owner: 1, micros: 450_000, isOver: true});
  expect((await deployment.ask('/incoming-call', ringing())).text).toContain('<Connect');
  expect(await metric(/limits_near_total\{limit="caller"[^}]*\} (\d+)/)).toBe('1');
  await deployment.ledger.charge(payer, {owner: 1, micros: 500_000, isOver: true});
  const {text} = await deployment.ask('/incoming-call', ringing());
  expect(text).toContain('<Response><Say>Enough for today.</Say><Hangup/></Response>');
});

test('the owner of a call learns who pays, without the number', async () => {
  await deployment.webhook();
  await deployment.worker();
  const call = ringing();
  await deployment.ask('/incoming-call', call);
  expect((await deployment.directory.read(call.CallSid))?.facts).toMatchObject(facts);
  expect(JSON.stringify(facts)).not.toContain('5550100');
});

test('a caller whose call has ended at its limit hears that from the carrier', async () => {
  await deployment.webhook({LIMIT_END_SAY: 'The time is up.'});
  await deployment.worker();
  const call = ringing();
  await deployment.ask('/incoming-call', call);
  await deployment.directory.intend(call.CallSid, 1, 'hang-up', {limit: 'platform.spend-call'});
  await deployment.directory.end(call.CallSid, 1);
  const {text} = await deployment.ask('/after-stream', {...call, CallStatus: 'in-progress'});
  expect(text).toContain('<Response><Say>The time is up.</Say><Hangup/></Response>');
});

describe('while the ledger does not answer', () => {
  const clock = new FakeClock();
  beforeEach(() => {
    deployment = new TestDeployment(clock);
  });

  test.each([
    ['is away', () => Promise.reject(new Error('Redis is unavailable'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('because it %s, callers are let in, and that is counted', async (_, never) => {
    deployment.ledger = {admit: never, charge: never};
    await deployment.webhook({CALLS_PER_CALLER: '1', SPEND_PER_DAY_USD: '1'});
    await deployment.worker();
    const {result, tookMs} = await passing(clock, deployment.ask('/incoming-call', ringing()));
    expect(result.text).toContain('<Connect');
    expect(tookMs).toBeLessThan(1_000);
    const {result: metrics} = await passing(clock, deployment.send('/metrics'));
    expect(metrics.text).toMatch(/spend_unjudged_total\{reason="no-answer"[^}]*\} 1/);
  });
});
