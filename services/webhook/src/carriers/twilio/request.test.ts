import {BROWSER_ACCOUNT} from '@voicebridge/shared/protocol/via.ts';
import {expect, test} from 'vitest';
import {toCallRequest, TwilioRequest} from './request.ts';

const callOf = (more: Record<string, string>) => {
  const form = {CallSid: `CA${'1'.repeat(32)}`, From: 'client:browser', To: '+15005550006', ...more};
  return toCallRequest(TwilioRequest.parse(form), form);
};

test('only a call of our own phone in the browser is marked as one, whatever a client of Twilio is named', () => {
  expect(callOf({AccountSid: BROWSER_ACCOUNT}).via).toBe('browser');
  expect(callOf({AccountSid: `AC${'1'.repeat(32)}`})).not.toHaveProperty('via');
});
