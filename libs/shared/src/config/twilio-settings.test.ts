import {expect, test} from 'vitest';
import {isOurs} from './twilio-settings.ts';

const LOCAL = {PUBLIC_WEBHOOK_URL: 'http://127.0.0.1:5050', PUBLIC_EDGE_URL: 'ws://127.0.0.1:5051'};
const unsigned = {TWILIO_AUTH_TOKEN: [], TWILIO_VALIDATE: false, ...LOCAL};

test('a tool on this machine may come without a signature', () => {
  for (const host of ['127.0.0.1:5050', 'localhost:5050', '[::1]:5050']) expect(isOurs({host}, unsigned)).toBe(true);
});

test.each([
  ['through a tunnel', {host: '127.0.0.1:5050', 'x-forwarded-for': '203.0.113.7'}],
  ['through a proxy', {host: '127.0.0.1:5050', forwarded: 'for=203.0.113.7'}],
  ['for a name that a web page had resolved to this machine', {host: 'evil.example'}],
  ['without a name', {}],
])('a stranger %s may not', (_, headers) => {
  expect(isOurs(headers, unsigned)).toBe(false);
});

test('an operator allows it with an address or a public name, and with signatures it does not matter', () => {
  const stranger = {host: 'evil.example', 'x-forwarded-for': '203.0.113.7'};
  expect(isOurs(stranger, {...unsigned, HOST: '0.0.0.0'})).toBe(true);
  expect(isOurs(stranger, {...unsigned, PUBLIC_WEBHOOK_URL: 'https://voice.example.com'})).toBe(true);
  expect(isOurs(stranger, {...unsigned, TWILIO_VALIDATE: true})).toBe(true);
});
