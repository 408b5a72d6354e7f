import {afterEach, beforeEach, expect, test} from 'vitest';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {type FakeTwilio, startFakeTwilio} from '../../../../../simulators/twilio/src/fake-twilio.ts';
import type {RestMood} from '../../../../../simulators/twilio/src/rest/rest-mood.ts';
import {AUTH_TOKEN, MockBridge, respond} from '../../../../../simulators/twilio/src/testing/mock-bridge.ts';
import {openPeopleCaller} from './people.ts';

/** The product of these tests: what a person hears, and what a caller does who is brought back. */
const DOCUMENTS: Record<string, string> = {
  '/voice': respond('<Pause length="30"/>'),
  '/whisper': respond('<Pause length="30"/>'),
  '/after-stream': respond('<Hangup/>'),
};
let bridge: MockBridge;
let twilio: FakeTwilio;
let mood: RestMood | undefined;
beforeEach(async () => {
  mood = undefined;
  bridge = await MockBridge.start({twiml: ({path}) => DOCUMENTS[path.replace(/\?.*$/, '')]});
  twilio = await startFakeTwilio({
    webhookUrl: bridge.url('/voice'),
    authToken: AUTH_TOKEN,
    callees: () => ({does: 'answer', after: 50, script: []}),
    restMood: () => mood,
  });
});
afterEach(async () => {
  await twilio[Symbol.asyncDispose]();
  await bridge[Symbol.asyncDispose]();
});

const people = (token = AUTH_TOKEN, api = twilio.restUrl) =>
  openPeopleCaller({
    PUBLIC_WEBHOOK_URL: bridge.url(''),
    WEBHOOK_RETRIES: 2,
    TWILIO_API_URL: api,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: [token],
  })!;
const caller = CallSid.parse(`CA${'1'.repeat(32)}`);
const wanted = {to: '+4722334455', from: '+15550100002', ringSeconds: 20, callSid: caller, away: 0};
const ring = async (using = people()) => {
  const {outcome, ...rest} = await using.ring(wanted);
  return 'again' in rest ? `${outcome}, ${rest.again ? 'may be tried again' : 'for good'}` : outcome;
};

test('a person is called, hears what is asked for them, and can be hung up on, also twice', async () => {
  const rung = await people().ring(wanted);
  expect(rung.outcome).toBe('placed');
  const [call] = twilio.calls;
  expect(await people().find(call!.callSid)).toMatchObject({callSid: call!.callSid});
  await expect.poll(() => bridge.asked('/whisper').map(({signed}) => signed)).toEqual([true]);
  await people().hangUp(call!.callSid);
  const {webhooks} = await call!.ended;
  await people().hangUp(call!.callSid);
  expect(webhooks.map(({url, told}) => [url, told])).toEqual([
    [bridge.url(`/whisper?call=${caller}&away=0&meets=1`), 'in-progress'],
    [bridge.url(`/person-status?call=${caller}&away=0`), 'completed'],
  ]);
});

test.each([
  ['credentials', 'refused, may be tried again'],
  ['too-many', 'refused, may be tried again'],
  ['suspended', 'refused, may be tried again'],
  ['trial-account', 'refused, for good'],
  ['not-permitted', 'refused, for good'],
  ['fails', 'unknown'],
  ['fails-after', 'unknown'],
  ['cuts-before', 'unknown'],
  ['cuts-after', 'unknown'],
] as const)('a person whom the API does not call because of %s: %s', async (how, came) => {
  mood = how;
  expect(await ring()).toBe(came);
});

test('a wrong token and an API that is not there are refusals that may pass', async () => {
  expect(await ring(people('wrong'))).toBe('refused, may be tried again');
  expect(await ring(people(AUTH_TOKEN, 'http://127.0.0.1:9'))).toMatch(/^refused, may be tried again|unknown$/);
});

test('a caller is brought back; one who has hung up is no error, a refusal is', async () => {
  const call = twilio.dial([]);
  await expect.poll(() => call.status).toBe('in-progress');
  const back = {callSid: CallSid.parse(call.callSid), away: 0, leg: '01234567'};
  mood = 'too-many';
  await expect(people().bringBack(back, 'busy')).rejects.toThrow('Twilio answers 429 (20429: Too Many Requests)');
  mood = undefined;
  await people().bringBack(back, 'busy');
  const {webhooks} = await call.ended;
  expect(webhooks.map(({url}) => url)).toContain(bridge.url('/after-stream?leg=01234567&away=0&came=busy'));
  await people().bringBack(back, 'busy');
});
