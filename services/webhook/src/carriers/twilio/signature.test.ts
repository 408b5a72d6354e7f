import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {expect, test} from 'vitest';
import type {Form} from './form.ts';
import {signatureCheck} from './signature.ts';

const config = {
  PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
  TWILIO_AUTH_TOKEN: ['12345'],
  WEBHOOK_RETRIES: 2,
};
const isSigned = signatureCheck(config);
/** Made with Twilio's own library. */
const form: Form = {
  CallSid: 'CA00000000000000000000000000000001',
  AccountSid: 'AC00000000000000000000000000000001',
  From: '+15550100001',
  To: '+15550100002',
  CallStatus: 'ringing',
  ApiVersion: '2010-04-01',
  Direction: 'inbound',
};
const request = {path: '/twilio/voice?tenant=a', form, signature: 'b0ho48mFveK4N63SITFYs/SuS+Y='};

test('a request that Twilio signed is accepted', () => {
  expect(isSigned(request)).toBe(true);
});

test.each(['/after-stream?leg=01234567', '/incoming-call?waited=1&why=%20'])(
  'a request to %s is accepted also if what stands behind # in its address was signed, and nothing else there',
  path => {
    const signedWith = (fragment: string) =>
      getExpectedTwilioSignature('12345', `https://voice.example.com${path}${fragment}`, form);
    expect(isSigned({path, form, signature: signedWith('')})).toBe(true);
    expect(isSigned({path, form, signature: signedWith('#rc=2&rp=all')})).toBe(true);
    expect(isSigned({path, form, signature: signedWith('#rc=5')})).toBe(false);
  },
);

test('a request signed with either token is accepted while tokens are rotated', () => {
  expect(signatureCheck({...config, TWILIO_AUTH_TOKEN: ['next', '12345']})(request)).toBe(true);
  expect(signatureCheck({...config, TWILIO_AUTH_TOKEN: ['next']})(request)).toBe(false);
});

test.each([
  ['without a signature', {signature: undefined}],
  ['with an empty signature', {signature: ''}],
  ['with a signature that is none', {signature: 'ü\u0000'}],
  ['with another query', {path: '/twilio/voice?tenant=b'}],
  ['with another path', {path: '/twilio/voice/'}],
  ['with one parameter more', {form: {...form, Digits: '1'}}],
  ['with another parameter', {form: {...form, From: '+15550100009'}}],
  ['without parameters', {form: {}}],
])('a request %s is refused', (_, changed) => {
  expect(isSigned({...request, ...changed})).toBe(false);
});

test('a request is refused, without an exception, when the public address is not a URL', () => {
  expect(signatureCheck({...config, PUBLIC_WEBHOOK_URL: 'nowhere'})(request)).toBe(false);
});
