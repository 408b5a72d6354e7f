import twilioSdk from 'twilio';
import {expect, test} from 'vitest';
import {type FakeCall, type FakeTwilio, startFakeTwilio} from '../fake-twilio.ts';
import {AUTH_TOKEN, MockBridge, parseMessage, respond} from '../testing/mock-bridge.ts';

async function setUp() {
  const bridge = await MockBridge.start();
  const twilio = await startFakeTwilio({webhookUrl: bridge.url('/voice'), authToken: AUTH_TOKEN});
  return {
    bridge,
    twilio,
    async [Symbol.asyncDispose]() {
      await twilio[Symbol.asyncDispose]();
      await bridge[Symbol.asyncDispose]();
    },
  };
}

function request(twilio: FakeTwilio, callSid: string, form?: Record<string, string>, token = AUTH_TOKEN) {
  return fetch(`${twilio.restUrl}/2010-04-01/Accounts/${twilio.accountSid}/Calls/${callSid}.json`, {
    method: form ? 'POST' : 'GET',
    headers: {Authorization: `Basic ${btoa(`${twilio.accountSid}:${token}`)}`},
    ...(form ? {body: new URLSearchParams(form)} : {}),
  });
}

const opened = (call: FakeCall) =>
  new Promise<void>(resolve => call.on(event => event.type === 'streamOpened' && resolve()));

test('an update during a stream stops it, asks no action, and obeys the new document', async () => {
  await using world = await setUp();
  const call = world.twilio.dial([]);
  await opened(call);
  const answer = await request(world.twilio, call.callSid, {Twiml: respond('<Dial>+15550100009</Dial>')});
  expect([answer.status, await answer.json()]).toMatchObject([200, {sid: call.callSid, status: 'in-progress'}]);
  const report = await call.ended;
  expect(report.handedTo).toEqual(['Dial: Number: +15550100009']);
  expect(report.webhooks.filter(({purpose}) => purpose === 'action')).toEqual([]);
  const socket = world.bridge.sockets[0]!;
  expect(await socket.closed).toBe(1005);
  expect(parseMessage(socket.texts.at(-1)!).event).toBe('stop');
  expect(world.bridge.asked('/stream-status').map(({params}) => params['StreamEvent'])).toEqual([
    'stream-started',
    'stream-stopped',
  ]);
});

test('an update may name a URL, which is asked with the call in progress', async () => {
  await using world = await setUp();
  const call = world.twilio.dial([]);
  await opened(call);
  await request(world.twilio, call.callSid, {Url: world.bridge.url('/elsewhere'), Method: 'GET'});
  await call.ended;
  expect(world.bridge.asked('/elsewhere')).toMatchObject([
    {method: 'GET', signed: true, params: {CallStatus: 'in-progress'}},
  ]);
});

test('a call is hung up over REST, and after that it cannot be', async () => {
  await using world = await setUp();
  const call = world.twilio.dial([]);
  await opened(call);
  expect((await request(world.twilio, call.callSid, {Status: 'completed'})).status).toBe(200);
  expect(await call.ended).toMatchObject({endedBy: 'platform', reason: 'completed over REST', status: 'completed'});
  const again = await request(world.twilio, call.callSid, {Status: 'completed'});
  expect([again.status, await again.json()]).toMatchObject([400, {code: 21220}]);
  expect(await (await request(world.twilio, call.callSid)).json()).toMatchObject({status: 'completed'});
});

test.each([
  ['a wrong token', 401, 20003, {Status: 'completed'}, 'wrong'],
  ['both Twiml and Url', 400, 21221, {Twiml: '<Response/>', Url: 'http://h/'}, AUTH_TOKEN],
  ['TwiML that is no XML', 400, 12100, {Twiml: '<Response>'}, AUTH_TOKEN],
  ['TwiML of 5000 characters', 400, 21617, {Twiml: respond(`<Say>${'a'.repeat(5_000)}</Say>`)}, AUTH_TOKEN],
  ['nothing', 400, 21218, {}, AUTH_TOKEN],
])('%s is refused with %i', async (_, status, code, form, token) => {
  await using world = await setUp();
  const call = world.twilio.dial([]);
  await opened(call);
  const answer = await request(world.twilio, call.callSid, form, token);
  expect([answer.status, await answer.json()]).toMatchObject([status, {code}]);
});

test('an unknown call is not found', async () => {
  await using world = await setUp();
  const answer = await request(world.twilio, `CA${'0'.repeat(32)}`, {Status: 'completed'});
  expect([answer.status, await answer.json()]).toMatchObject([404, {code: 20404}]);
});

test('the SDK of Twilio gets along with it', async () => {
  await using world = await setUp();
  const httpClient = new twilioSdk.RequestClient();
  httpClient.axios.interceptors.request.use(config => {
    config.url = config.url?.replace('https://api.twilio.com', world.twilio.restUrl) ?? '';
    return config;
  });
  const client = twilioSdk(world.twilio.accountSid, AUTH_TOKEN, {httpClient});
  const made = await client.calls.create({from: '+15550100002', to: '+15550100005', url: world.bridge.url('/voice')});
  const call = world.twilio.calls.find(({callSid}) => callSid === made.sid)!;
  await opened(call);
  expect(world.bridge.asked('/voice')).toMatchObject([
    {params: {Direction: 'outbound-api', CallStatus: 'in-progress'}},
  ]);
  expect((await client.calls(made.sid).update({status: 'completed'})).status).toBe('completed');
  expect(await call.ended).toMatchObject({endedBy: 'platform'});
});
