import {afterEach, beforeEach, expect, test} from 'vitest';
import {startFakeTwilio, type FakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import {readSettings} from '../start/plan.ts';
import {doctorSettings} from './settings.ts';
import {checkNumber} from './twilio-number.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const WEBHOOK = 'https://voice.example.com';
const OURS = {voiceUrl: `${WEBHOOK}/incoming-call`, statusCallback: `${WEBHOOK}/call-status`};

let twilio: FakeTwilio;
beforeEach(async () => {
  twilio = await startFakeTwilio({webhookUrl: 'https://before.example.com/voice', authToken: TOKEN});
});
afterEach(() => twilio[Symbol.asyncDispose]());

function check(env: Record<string, string | undefined> = {}, fix = false) {
  const set = {
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: TOKEN,
    TWILIO_NUMBER: twilio.number.number,
    TWILIO_API_URL: twilio.restUrl,
    PUBLIC_WEBHOOK_URL: WEBHOOK,
    ...env,
  };
  return checkNumber(doctorSettings(readSettings(set)), {fix});
}
const told = async (...args: Parameters<typeof check>) =>
  (await check(...args)).map(({level, what, cure = ''}) => `${level}: ${what} ${cure}`).join('\n');

test('an operator whose number leads elsewhere is told where, and how to set it up', async () => {
  expect(await told()).toMatch(
    /^broken: \+15550100002 leads to https:\/\/before\.example\.com\/voice, not to https:\/\/voice\.example\.com\/incoming-call npm run doctor -- --fix/,
  );
  expect(twilio.number.setUp.voiceUrl).toBe('https://before.example.com/voice');
});

test('an operator who asks for it has the number set up, and is told what it led to before', async () => {
  expect(await told({}, true)).toMatch(/^fine: .* was set up; before, it led to https:\/\/before\.example\.com\/voice/);
  expect(twilio.number.setUp).toMatchObject({...OURS, voiceUrl: `${OURS.voiceUrl}#rc=2&rp=all`});
  expect(await told()).toMatch(/^fine: \+15550100002 leads to https:\/\/voice\.example\.com\/incoming-call/);
});

test('an operator whose number has our address with Twilio’s own time-outs behind it is told nothing', async () => {
  twilio.number.setUp = {...twilio.number.setUp, ...OURS, voiceUrl: `${OURS.voiceUrl}#rc=2&rt=4000`};
  expect(await told()).toMatch(/^fine: /);
});

test.each([
  [{voiceApplicationSid: 'AP1'}, /^broken: .* belongs to a TwiML application, so its webhook is not asked/],
  [{trunkSid: 'TK1'}, /^broken: .* belongs to a SIP trunk/],
  [{voiceMethod: 'GET'}, /^warning: .* asks by GET/],
  [{statusCallback: ''}, /^warning: .* does not report ended calls/],
] as const)('an operator whose number is set up with %j is told', async (change, words) => {
  twilio.number.setUp = {...twilio.number.setUp, ...OURS, ...change};
  expect(await told()).toMatch(words);
  await check({}, true);
  expect(await told()).toMatch(/^fine: /);
});

test.each([
  [{TWILIO_AUTH_TOKEN: 'another'}, /^broken: Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN Compare both/],
  [{TWILIO_NUMBER: '+15550199999'}, /^broken: the account has no number \+15550199999/],
  [{TWILIO_NUMBER: undefined}, /^warning: none of the account's numbers leads here/],
  [{TWILIO_ACCOUNT_SID: undefined}, /^skipped: /],
  [{TWILIO_API_URL: 'http://127.0.0.1:1'}, /^broken: 127\.0\.0\.1:1 refuses the connection/],
  [{PUBLIC_WEBHOOK_URL: undefined}, /^warning: .* there is no PUBLIC_WEBHOOK_URL/],
])('an operator with %j is told, and no token is shown', async (env, words) => {
  expect(await told(env)).toMatch(words);
  expect(await told(env)).not.toContain('another');
});
