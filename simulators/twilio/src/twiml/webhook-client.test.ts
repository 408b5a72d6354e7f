import {createServer} from 'node:http';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {expect, test} from 'vitest';
import {AUTH_TOKEN, MockBridge, respond} from '../testing/mock-bridge.ts';
import {WebhookClient} from './webhook-client.ts';

const post = (url: string, params: Record<string, string> = {}) => ({url, method: 'POST' as const, params});

test('signatures are those of Twilio', () => {
  const params = {
    CallSid: 'CA00000000000000000000000000000001',
    AccountSid: 'AC00000000000000000000000000000001',
    From: '+15550100001',
    To: '+15550100002',
    CallStatus: 'ringing',
    ApiVersion: '2010-04-01',
    Direction: 'inbound',
  };
  const url = 'https://voice.example.com/twilio/voice?tenant=a';
  expect(getExpectedTwilioSignature('12345', url, params)).toBe('b0ho48mFveK4N63SITFYs/SuS+Y=');
  expect(getExpectedTwilioSignature('12345', 'wss://edge.example.com/twilio/media', {})).toBe(
    'acUI7cLv0uTOzXmprN+EMtl1+N0=',
  );
});

test('a webhook gets a signed form, empty values included', async () => {
  await using bridge = await MockBridge.start();
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  const answer = await client.ask(post(bridge.url('/hook?tenant=a'), {From: '+1 555', Empty: '', Name: 'Zoë & Co'}));
  expect(answer).toMatchObject({ok: true, status: 200, contentType: 'text/xml', body: respond('')});
  expect(bridge.requests).toMatchObject([
    {method: 'POST', signed: true, params: {From: '+1 555', Empty: '', Name: 'Zoë & Co'}},
  ]);
  expect(bridge.requests[0]!.headers).toMatchObject({
    'user-agent': 'TwilioProxy/1.1',
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'i-twilio-idempotency-token': expect.any(String),
  });
});

test('a webhook asked with GET has everything in its signed URL', async () => {
  await using bridge = await MockBridge.start();
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  await client.ask({...post(bridge.url('/hook?a=1'), {From: '+1555', Empty: ''}), method: 'GET'});
  expect(bridge.requests).toMatchObject([{method: 'GET', signed: true, params: {a: '1', From: '+1555', Empty: ''}}]);
});

test('a forged signature does not pass', async () => {
  await using bridge = await MockBridge.start();
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  await client.ask({...post(bridge.url('/hook')), badSignature: true});
  expect(bridge.requests).toMatchObject([{signed: false}]);
});

test('a redirect is followed without the parameters, and not for ever', async () => {
  await using bridge = await MockBridge.start({
    twiml: ({path}) =>
      path === '/there' ? undefined : {status: 302, headers: {Location: path === '/once' ? '/there' : '/loop'}},
  });
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  expect(await client.ask(post(bridge.url('/once'), {From: '+1555'}))).toMatchObject({
    ok: true,
    url: bridge.url('/there'),
  });
  expect(bridge.asked('/there')).toMatchObject([{method: 'GET', params: {}, signed: true}]);
  expect(await client.ask(post(bridge.url('/loop')))).toMatchObject({ok: false, code: 11215});
});

test('a closed port is error 11205, an unknown host 11210', async () => {
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  expect(await client.ask(post('http://127.0.0.1:1/hook'))).toMatchObject({ok: false, code: 11205});
  expect(await client.ask(post('http://nowhere.invalid/hook'))).toMatchObject({ok: false, code: 11210});
});

test('a webhook has 15 seconds', async () => {
  const asked = Promise.withResolvers<void>();
  await using bridge = await MockBridge.start({
    twiml: () => {
      asked.resolve();
      return {status: 200, headers: {'Content-Length': 10, 'Content-Type': 'text/xml'}, body: 'too'};
    },
  });
  const clock = new FakeClock();
  await using client = new WebhookClient(AUTH_TOKEN, clock);
  const answer = client.ask(post(bridge.url('/slow')));
  await asked.promise;
  await flushPromises();
  clock.advance(15_000);
  expect(await answer).toMatchObject({ok: false, code: 11205});
});

/** A webhook that fails in one way for so many requests, and then answers. */
async function failing(how: 'is cut' | 500 | 404 | 'is silent', times: number) {
  let left = times;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    request.resume();
    left -= 1;
    if (left < 0) response.writeHead(200, {'content-type': 'text/xml'}).end(respond(''));
    else if (how === 'is cut') response.destroy();
    else if (how !== 'is silent') response.writeHead(how).end();
  });
  const asked: string[] = [];
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://127.0.0.1:${portOf(server)}/hook?a=1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}

test.each([
  ['is cut while it answers', 'is cut', '', 1],
  ['is cut while it answers', 'is cut', '#rc=2', 1],
  ['is cut while it answers', 'is cut', '#rc=2&rp=all', 3],
  ['answers 500', 500, '', 1],
  ['answers 500', 500, '#rc=2&rp=5xx', 3],
  ['answers 500', 500, '#rc=1&rp=all', 2],
  ['answers 404', 404, '#rc=2&rp=5xx', 1],
  ['answers 404', 404, '#rc=2&rp=4xx', 3],
  ['does not answer', 'is silent', '#rc=1&rp=rt&rt=100', 2],
  ['does not answer', 'is silent', '#rc=1&rt=100', 1],
] as const)('a webhook that %s (%s) is asked as its address says: %s', async (_, how, overrides, times) => {
  await using webhook = await failing(how, 10);
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  await client.ask(post(webhook.url + overrides));
  expect(webhook.asked).toEqual(Array.from({length: times}, () => '/hook?a=1'));
});

test('what answers at the second attempt has answered', async () => {
  await using webhook = await failing('is cut', 1);
  await using client = new WebhookClient(AUTH_TOKEN, systemClock);
  expect(await client.ask(post(`${webhook.url}#rc=2&rp=all`))).toMatchObject({ok: true, status: 200});
});

test.each(['#rc=6', '#rp=often', '#rt=1', '#more=1'])(
  'an address that ends in %s is a mistake: error 11243',
  async wrong => {
    await using client = new WebhookClient(AUTH_TOKEN, systemClock);
    expect(await client.ask(post(`http://127.0.0.1:1/hook${wrong}`))).toMatchObject({ok: false, code: 11243});
  },
);
