import {expect, test} from 'vitest';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {upgradeVerifier} from './verify-upgrade.ts';
import {newTicket} from '../../testing/twilio-client.ts';

const ticket = newTicket();
const config = {PUBLIC_EDGE_URL: 'wss://edge.test', TWILIO_AUTH_TOKEN: ['new', 'old'], TWILIO_VALIDATE: true};
const signed = (address: string, token = 'new') => ({
  host: 'an inner name',
  'x-twilio-signature': getExpectedTwilioSignature(token, address, {}),
});
const url = `/media-stream/${ticket}`;

test('a signature is checked against the public address, whatever Host header the request has', () => {
  const headers = signed(`wss://edge.test${url}`);
  expect(upgradeVerifier(config)({url, headers}, true)).toEqual({ok: true, ticket});
  expect(upgradeVerifier(config)({url, headers: {...headers, host: 'edge.evil'}}, true)).toEqual({ok: true, ticket});
  expect(upgradeVerifier(config)({url, headers: signed(`wss://edge.evil${url}`)}, true)).toMatchObject({status: 403});
});

test('a signature of the https form of the address is refused', () => {
  expect(upgradeVerifier(config)({url, headers: signed(`https://edge.test${url}`)}, true)).toMatchObject({status: 403});
});

test('an edge below a path is reached whether its proxy keeps the path or removes it', () => {
  const shared = {...config, PUBLIC_EDGE_URL: 'wss://shared.test/edge-1'};
  const headers = signed(`wss://shared.test/edge-1${url}`);
  expect(upgradeVerifier(shared)({url, headers}, true)).toEqual({ok: true, ticket});
  expect(upgradeVerifier(shared)({url: `/edge-1${url}`, headers}, true)).toEqual({ok: true, ticket});
  expect(upgradeVerifier(shared)({url: `/edge-2${url}`, headers}, true)).toMatchObject({status: 404});
});

test('a full edge answers 503 only to a signed request', () => {
  expect(upgradeVerifier(config)({url, headers: signed(`wss://edge.test${url}`)}, false)).toMatchObject({status: 503});
  expect(upgradeVerifier(config)({url, headers: {}}, false)).toMatchObject({status: 403});
});
