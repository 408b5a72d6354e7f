import {expect, test} from 'vitest';
import {startFakeTwilio} from '../fake-twilio.ts';
import {AUTH_TOKEN, MockBridge, respond} from '../testing/mock-bridge.ts';
import {Conferences} from './conferences.ts';

test('a conference begins with whoever starts it and another, and is over for all when one leaves who ends it', async () => {
  const conferences = new Conferences();
  const seen: string[] = [];
  const caller = conferences.enter('room', {starts: false, ends: true});
  void caller.began.then(() => seen.push('began'));
  const other = conferences.enter('room', {starts: false, ends: false});
  await Promise.resolve();
  expect(seen).toEqual([]);
  const person = conferences.enter('room', {starts: true, ends: false});
  await caller.began;
  person.leave();
  other.leave();
  void other.over.then(() => seen.push('over'));
  await Promise.resolve();
  expect(seen).toEqual(['began']);
  caller.leave();
  await other.over;
  // Another of the same name is another one.
  const late = conferences.enter('room', {starts: true, ends: true});
  const state = await Promise.race([late.began.then(() => 'began'), Promise.resolve('alone')]);
  expect(state).toBe('alone');
});

test('a call that waits for a conference hears music, and is taken out of it over REST', async () => {
  const documents: Record<string, string> = {
    '/voice': respond(`<Dial action="/after"><Conference waitUrl="/music">room</Conference></Dial>`),
    '/music': respond('<Play>http://h/a.mp3</Play><Redirect>/music</Redirect>'),
    '/back': respond('<Hangup/>'),
  };
  await using bridge = await MockBridge.start({twiml: ({path}) => documents[path]});
  await using twilio = await startFakeTwilio({webhookUrl: bridge.url('/voice'), authToken: AUTH_TOKEN, musicMs: 50});
  const call = twilio.dial([]);
  await expect.poll(() => bridge.asked('/music').length).toBeGreaterThan(1);
  const answer = await fetch(`${twilio.restUrl}/2010-04-01/Accounts/${twilio.accountSid}/Calls/${call.callSid}.json`, {
    method: 'POST',
    headers: {Authorization: `Basic ${btoa(`${twilio.accountSid}:${AUTH_TOKEN}`)}`},
    body: new URLSearchParams({Url: bridge.url('/back')}),
  });
  expect(answer.status).toBe(200);
  const {meetings, violations} = await call.ended;
  expect([meetings, violations, bridge.asked('/after'), bridge.asked('/back').length]).toEqual([[], [], [], 1]);
});
