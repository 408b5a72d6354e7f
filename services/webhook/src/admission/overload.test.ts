import {afterEach, beforeEach, expect, test} from 'vitest';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {ORIGIN, passing, ringing, TestDeployment} from '../testing/test-deployment.ts';
import {overloadAnswer} from './overload.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

/** A deployment in which every place is taken. */
const full = async (env: Record<string, string>) => {
  await deployment.webhook(env);
  await deployment.worker({calls: 10}, async () => ({answer: 'full', epoch: 0}));
};

test('a caller hears what the assistant of the number says while every place is taken, and others what all say', async () => {
  deployment.sentences = {
    '+15550100002': {overloadSay: 'The clinic is busy.'},
    '+15550100003': {},
    '*': {overloadSay: 'We are busy.'},
  };
  await full({OVERLOAD: 'say', OVERLOAD_SAY: 'All are busy.'});
  const to = async (number: string, more: object = {}) =>
    (await deployment.ask('/incoming-call', {...ringing(), To: number, ...more})).text;
  expect(await to('+15550100002')).toContain('<Say>The clinic is busy.</Say>');
  expect(await to('+15550100003')).toContain('<Say>All are busy.</Say>');
  expect(await to('+15550100004')).toContain('<Say>We are busy.</Say>');
  // Whom we call, their number does not tell the assistant.
  expect(await to('+15550100002', {Direction: 'outbound-api'})).toContain('<Say>All are busy.</Say>');
});

test('a caller is sent to another number while every place is taken', async () => {
  await full({OVERLOAD: 'dial', OVERLOAD_TARGET: '+15550100123'});
  const {text} = await deployment.ask('/incoming-call', ringing());
  expect(text).toContain('<Dial answerOnBridge="true" timeLimit="3600"><Number>+15550100123</Number></Dial><Hangup/>');
});

test('a caller is sent to other TwiML while every place is taken', async () => {
  await full({OVERLOAD: 'redirect', OVERLOAD_TARGET: 'https://example.com/busy?a=1&b=2'});
  const {text} = await deployment.ask('/incoming-call', ringing());
  expect(text).toContain('<Redirect method="POST">https://example.com/busy?a=1&amp;b=2</Redirect>');
});

test('a caller is held while every place is taken, hears why once, and is connected when there is a place', async () => {
  await full({OVERLOAD: 'hold', OVERLOAD_SAY: 'Please hold.', OVERLOAD_HOLD_SECONDS: '7'});
  const call = ringing();
  const first = await deployment.ask('/incoming-call', call);
  const again = (held: number) => `<Redirect method="POST">${ORIGIN}/incoming-call?held=${held}</Redirect>`;
  expect(first.text).toContain(`<Response><Say>Please hold.</Say><Pause length="7"/>${again(1)}</Response>`);
  const second = await deployment.ask('/incoming-call?held=1', call);
  expect(second.text).toContain(`<Response><Pause length="7"/>${again(2)}</Response>`);
  await deployment.worker();
  const third = await deployment.ask('/incoming-call?held=2', call);
  expect(third.text).toContain('<Connect');
  expect((await deployment.ask('/incoming-call?held=86', ringing())).text).toContain('<Connect');
});

test('a caller is held for ten minutes at most', async () => {
  await full({OVERLOAD: 'hold'});
  expect((await deployment.ask('/incoming-call?held=119', ringing())).text).toContain('<Redirect');
  expect((await deployment.ask('/incoming-call?held=120', ringing())).text).toContain('<Hangup/>');
});

test('a caller is not sent to an edge that is full, and no worker is asked', async () => {
  await deployment.webhook();
  await deployment.worker();
  await deployment.edge({calls: 10, url: 'wss://full.example.com'});
  expect((await deployment.ask('/incoming-call', ringing())).text).toContain('<Hangup/>');
  expect(deployment.asked).toEqual([]);
});

test.each([
  [{OVERLOAD: 'say'}, {kind: 'hangUp', say: 'Busy.'}],
  [
    {OVERLOAD: 'dial', OVERLOAD_TARGET: 'sip:desk@example.com'},
    {kind: 'dial', target: 'sip:desk@example.com'},
  ],
  [
    {OVERLOAD: 'redirect', OVERLOAD_TARGET: 'https://example.com'},
    {kind: 'redirect', url: 'https://example.com'},
  ],
  [{OVERLOAD: 'hold'}, {kind: 'hold', say: 'Busy.', seconds: 5, again: {held: 1}}],
] as const)('an operator who sets %o decides what callers get while every place is taken', (set, answer) => {
  const config = {OVERLOAD_SAY: 'Busy.', OVERLOAD_HOLD_SECONDS: 5, OVERLOAD_TARGET: undefined, ...set};
  expect(overloadAnswer(config, 0)).toEqual(answer);
});

test('a caller hears at once that every place is taken', async () => {
  const clock = new FakeClock();
  deployment = new TestDeployment(clock);
  await passing(clock, full({OVERLOAD_SAY: 'Too many of you.'}));
  const call = ringing();
  const {text, status} = (await passing(clock, deployment.ask('/incoming-call', call), 0)).result;
  expect(status).toBe(200);
  expect(text).toContain('<Response><Say>Too many of you.</Say><Hangup/></Response>');
  expect(await deployment.directory.read(call.CallSid)).toBeUndefined();
});
