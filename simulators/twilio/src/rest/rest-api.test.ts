import twilioSdk from 'twilio';
import {expect, test} from 'vitest';
import {
  answeringMachine,
  type Callee,
  type FakeCall,
  type FakeTwilio,
  type FakeTwilioOptions,
  startFakeTwilio,
} from '../fake-twilio.ts';
import type {RestMood} from './rest-mood.ts';
import {AUTH_TOKEN, MockBridge, parseMessage, respond} from '../testing/mock-bridge.ts';

async function setUp(options: Partial<FakeTwilioOptions> = {}) {
  const bridge = await MockBridge.start();
  const twilio = await startFakeTwilio({webhookUrl: bridge.url('/voice'), authToken: AUTH_TOKEN, ...options});
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

/** Asks for a call. Several values of one parameter are separated by blanks. */
function make(
  {twilio, bridge}: {twilio: FakeTwilio; bridge: MockBridge},
  form: Readonly<Record<string, string>> = {},
  token = AUTH_TOKEN,
) {
  const whole = {From: '+15550100002', To: '+15550100005', Url: bridge.url('/voice'), ...form};
  const pairs = Object.entries(whole).flatMap(([name, value]): [string, string][] =>
    value.split(' ').map(each => [name, each]),
  );
  return fetch(`${twilio.restUrl}/2010-04-01/Accounts/${twilio.accountSid}/Calls.json`, {
    method: 'POST',
    headers: {Authorization: `Basic ${btoa(`${twilio.accountSid}:${token}`)}`},
    body: new URLSearchParams(pairs),
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

test.each([
  ['a number that is none', 21211, {To: '22334455'}],
  ['no number', 21201, {To: ''}],
  ['a number of somebody else to call from', 21210, {From: '+15550109999'}],
  ['an event that does not exist', 20001, {StatusCallbackEvent: 'answer'}],
  ['a parameter that does not exist', 20001, {Timout: '30'}],
  ['a second of ringing', 20001, {Timeout: '1'}],
  ['detection that is told to nobody', 20001, {MachineDetection: 'Enable', AsyncAmd: 'true'}],
])('no call is made for %s: %i', async (_, code, form) => {
  await using world = await setUp();
  const answer = await make(world, form);
  expect([answer.status, await answer.json(), world.twilio.calls]).toMatchObject([400, {code}, []]);
});

test.each([
  ['credentials', 401, 20003, 0],
  ['trial-account', 400, 21219, 0],
  ['too-many', 429, 20429, 0],
  ['fails', 500, 20500, 0],
  ['fails-after', 502, 20502, 1],
] as const)('an account in the mood %s answers %i', async (mood, status, code, made) => {
  await using world = await setUp({restMood: () => mood});
  const answer = await make(world);
  expect([answer.status, await answer.json(), world.twilio.calls.length]).toMatchObject([status, {code}, made]);
});

test('a connection that is cut may have made a call', async () => {
  const moods: RestMood[] = ['cuts-before', 'cuts-after'];
  await using world = await setUp({restMood: () => moods.shift()});
  await expect(make(world)).rejects.toThrow('fetch failed');
  expect(world.twilio.calls).toEqual([]);
  await expect(make(world)).rejects.toThrow('fetch failed');
  expect(world.twilio.calls).toHaveLength(1);
});

test('who is called may be busy, not there or hang up, and the account is told what it asked for', async () => {
  const callees: Callee[] = [
    {does: 'be-busy', after: 20},
    {does: 'fail', after: 0},
    {does: 'answer', after: 10, script: [{do: 'pause', ms: 60}, {do: 'hangUp'}]},
  ];
  await using world = await setUp({callees: () => callees.shift()!});
  const told = {StatusCallback: world.bridge.url('/told'), StatusCallbackEvent: 'ringing completed'};
  const statuses: string[] = [];
  while (callees.length > 0) {
    await make(world, told);
    statuses.push((await world.twilio.calls.at(-1)!.ended).status);
  }
  expect(statuses).toEqual(['busy', 'failed', 'completed']);
  expect(world.bridge.asked('/told').map(({params}) => params['CallStatus'])).toEqual(
    'ringing busy failed ringing completed'.split(' '),
  );
});

test('a machine is found out when its beep is over, and the list of calls knows whom it was asked to call', async () => {
  const announces = Buffer.alloc(800, 0x20);
  await using world = await setUp({callees: () => answeringMachine({after: 0, announces})});
  await make(world, {
    MachineDetection: 'DetectMessageEnd',
    AsyncAmd: 'true',
    AsyncAmdStatusCallback: world.bridge.url('/machine'),
  });
  await expect.poll(() => world.bridge.asked('/machine')).toHaveLength(1);
  expect(world.bridge.asked('/machine')[0]?.params).toEqual({
    AccountSid: world.twilio.accountSid,
    CallSid: world.twilio.calls[0]!.callSid,
    AnsweredBy: 'machine_end_beep',
    MachineDetectionDuration: '650',
  });
  const list = await fetch(
    `${world.twilio.restUrl}/2010-04-01/Accounts/${world.twilio.accountSid}/Calls.json?To=%2B15550100005`,
    {
      headers: {Authorization: `Basic ${btoa(`${world.twilio.accountSid}:${AUTH_TOKEN}`)}`},
    },
  );
  expect(await list.json()).toMatchObject({calls: [{sid: world.twilio.calls[0]!.callSid, to: '+15550100005'}]});
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
