import {Agent, request as rawRequest} from 'node:http';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {EDGE, ORIGIN, ringing, TOKEN, TestDeployment} from './testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const routes = ['/incoming-call', '/after-stream', '/call-status', '/stream-status'];

describe('an operator', () => {
  test('sees that the webhook runs', async () => {
    await deployment.webhook();
    const reply = await deployment.send('/');
    expect(JSON.parse(reply.text)).toEqual({message: 'Twilio Media Stream Express Server is running!'});
  });

  test('sees whether the webhook is alive and ready, and its metrics', async () => {
    const webhook = await deployment.webhook();
    expect(await deployment.send('/livez')).toMatchObject({status: 200});
    expect(await deployment.send('/readyz')).toMatchObject({status: 200});
    expect((await deployment.send('/metrics')).text).toContain('voicebridge_calls_total');
    deployment.bus.setDown(true);
    expect(await deployment.send('/livez')).toMatchObject({status: 200});
    expect(await deployment.send('/readyz')).toMatchObject({status: 503});
    expect(webhook.notReady()).toBe('Redis does not answer');
  });

  test('who stops the webhook loses no request that is not answered yet', async () => {
    const webhook = await deployment.webhook();
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const read = deployment.directory.read.bind(deployment.directory);
    deployment.directory.read = async callSid => {
      arrived.resolve();
      await held.promise;
      return read(callSid);
    };
    await deployment.worker();
    const asking = deployment.ask('/incoming-call', ringing());
    await arrived.promise;
    let drained = false;
    const draining = webhook.drain().then(() => (drained = true));
    expect(webhook.notReady()).toBe('draining');
    expect(drained).toBe(false);
    held.resolve();
    expect((await asking).text).toContain('<Connect');
    await draining;
  });

  test('whose proxy keeps or removes the path of the public address gets calls', async () => {
    await deployment.webhook({PUBLIC_WEBHOOK_URL: 'https://voice.example.com/voice', TWILIO_VALIDATE: 'off'});
    for (const path of ['/voice/incoming-call', '/incoming-call']) {
      expect((await deployment.send(path)).text).toContain(EDGE);
    }
  });
});

describe('a request that is not from Twilio', () => {
  test.each(routes)('is refused at %s before anything is read', async path => {
    await deployment.webhook();
    await deployment.worker();
    deployment.directory.read = () => Promise.reject(new Error('touched'));
    const body = new URLSearchParams(ringing());
    expect(await deployment.send(path, {method: 'POST', body})).toMatchObject({status: 403});
    const forged = {'x-twilio-signature': 'b0ho48mFveK4N63SITFYs/SuS+Y='};
    expect(await deployment.send(path, {method: 'POST', body, headers: forged})).toMatchObject({status: 403});
    expect(deployment.asked).toEqual([]);
  });

  test('cannot choose the address whose signature is checked, nor the one callers are sent to', async () => {
    const webhook = await deployment.webhook({TWILIO_VALIDATE: 'off'});
    const text = await new Promise<string>((resolve, reject) => {
      const headers = {host: 'evil.example/"/><Hangup a="', 'x-forwarded-host': 'evil.example'};
      rawRequest({port: webhook.port, path: '/incoming-call', headers}, response => {
        response.setEncoding('utf8').on('data', resolve);
      })
        .on('error', reject)
        .end();
    });
    expect(text).toContain(EDGE);
    expect(text).not.toMatch(/evil|Hangup/);
  });

  test('learns nothing about the software that runs here', async () => {
    const webhook = await deployment.webhook();
    const response = await fetch(`http://127.0.0.1:${webhook.port}/`);
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(await deployment.send('/nowhere')).toMatchObject({status: 404});
    expect(await deployment.send('/%E0%A4%A')).toMatchObject({status: 404});
  });

  test('cannot send more than Twilio would', async () => {
    await deployment.webhook();
    // Without a signature no form is read at all.
    const signed = {'x-twilio-signature': `${'A'.repeat(27)}=`};
    const big = new URLSearchParams({CallSid: 'x'.repeat(300_000)});
    expect((await deployment.send('/incoming-call', {method: 'POST', body: big, headers: signed})).status).toBe(413);
    const many = new URLSearchParams(Object.fromEntries(Array.from({length: 1_001}, (_, n) => [`p${n}`, '1'])));
    expect((await deployment.send('/incoming-call', {method: 'POST', body: many, headers: signed})).status).toBe(413);
    const headers = {'x-long': 'x'.repeat(17_000)};
    expect((await deployment.send('/', {headers})).status).toBe(431);
  });
});

test('a request that was seen buys nothing when its call is over, also when nothing else is left of the call', async () => {
  await deployment.webhook();
  await deployment.worker();
  const call = ringing();
  expect((await deployment.ask('/incoming-call', call)).text).toContain('<Connect');
  await deployment.directory.end(call.CallSid, 1);
  await deployment.directory.forget(call.CallSid);
  const asked = deployment.asked.length;
  for (const path of ['/incoming-call', '/after-stream'])
    expect(await deployment.ask(path, call)).toMatchObject({
      status: 200,
      text: expect.not.stringContaining('<Connect'),
    });
  expect(deployment.asked).toHaveLength(asked);
  expect(await deployment.directory.read(call.CallSid)).toBeUndefined();
});

test('a connection is kept open for Twilio, and closed with the answer for a stranger', async () => {
  const webhook = await deployment.webhook();
  const {port} = webhook;
  const connectionFor = (method: string, path: string, signature?: string, wants?: string) =>
    new Promise((resolve, reject) => {
      const agent = new Agent({keepAlive: true});
      const headers = {
        ...(signature === undefined ? {} : {'x-twilio-signature': signature}),
        ...(wants === undefined ? {} : {connection: wants}),
      };
      rawRequest({port, path, method, headers, agent}, response => {
        resolve(response.headers.connection);
        agent.destroy();
      })
        .on('error', reject)
        .end();
    });
  const signature = getExpectedTwilioSignature(TOKEN, `${ORIGIN}/stream-status`, {});
  expect(await connectionFor('GET', '/stream-status', signature)).not.toBe('close');
  // Or a proxy would believe that it is still open, and lose the next call on it.
  expect(await connectionFor('GET', '/stream-status', signature, 'close')).toBe('close');
  expect(await connectionFor('GET', '/stream-status', `${'A'.repeat(27)}=`)).toBe('close');
  for (const path of ['/stream-status', '/incoming-call', '/', '/livez', '/nothing'])
    expect(await connectionFor('GET', path), path).toBe('close');
});

test.each(['/incoming-call', '/after-stream', '/call-status'])(
  'a signed request at %s without a valid CallSid is answered with what is wrong, in one line',
  async path => {
    await deployment.webhook();
    const bad = await deployment.ask(path, {CallSid: '<script>'});
    expect(bad).toMatchObject({status: 400, text: 'CallSid must be CA and 32 hexadecimal digits.\n'});
    expect(await deployment.ask(path, {From: '+15550100001'})).toMatchObject({
      status: 400,
      text: 'CallSid is missing.\n',
    });
    // The signature is that of Twilio's own library, which takes a list of values.
    const twice = [ringing().CallSid, ringing().CallSid];
    expect(await deployment.ask(path, {CallSid: twice})).toMatchObject({
      status: 400,
      text: 'CallSid is given twice.\n',
    });
  },
);

test('a caller is connected although an add-on of the operator adds a hundred and fifty parameters', async () => {
  await deployment.webhook();
  await deployment.worker();
  const told = Object.fromEntries(Array.from({length: 150}, (_, n) => [`AddOn${n}`, `value ${n}`]));
  const AddOns = JSON.stringify({status: 'successful', results: {names: '"{}"'.repeat(9_000)}}).slice(0, 36_000);
  const reply = await deployment.ask('/incoming-call', {...ringing(), ...told, AddOns, Empty: ''});
  expect(reply).toMatchObject({status: 200});
  expect(reply.text).toContain('<Connect');
  expect(
    (await deployment.ask('/incoming-call', {...ringing(), ...told}, {signed: {...told, AddOn7: ''}})).status,
  ).toBe(403);
});

test('an operator whose Twilio number asks by GET loses no callback', async () => {
  await deployment.webhook();
  const worker = await deployment.worker();
  const call = ringing();
  expect((await deployment.get('/incoming-call', call)).text).toContain('<Connect');
  expect(await deployment.directory.read(call.CallSid)).toMatchObject({owner: worker});
  expect((await deployment.get('/after-stream', {...call, CallStatus: 'in-progress'})).text).toContain('<Connect');
  expect(await deployment.get('/stream-status', {CallSid: call.CallSid, StreamEvent: 'stream-started'})).toMatchObject({
    status: 204,
  });
  expect(await deployment.get('/call-status', {...call, CallStatus: 'completed'})).toMatchObject({status: 204});
  await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid: call.CallSid});
  for (const path of routes) {
    const query = new URLSearchParams(call).toString();
    expect(await deployment.send(`${path}?${query}`), path).toMatchObject({status: 403});
  }
});

test('a request signed with the older token is answered while tokens are rotated', async () => {
  await deployment.webhook({TWILIO_AUTH_TOKEN: `the-next-one,${TOKEN}`});
  await deployment.worker();
  expect(await deployment.ask('/incoming-call', ringing())).toMatchObject({status: 200});
});

test('a stranger is told the same of every path that is none, and what Twilio asks has one spelling more', async () => {
  await deployment.webhook();
  await deployment.worker();
  for (const path of ['/nothing', '/incoming-call/x', '//incoming-call', '/incoming-call%2f'])
    expect(await deployment.send(path, {method: 'POST'}), path).toMatchObject({status: 404, text: ''});
  expect((await deployment.ask('/Incoming-Call/', ringing())).text).toContain('<Connect');
});

test('a stranger cannot have a compressed form unpacked', async () => {
  await deployment.webhook();
  const headers = {
    'x-twilio-signature': `${'A'.repeat(27)}=`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-encoding': 'gzip',
  };
  expect(await deployment.send('/incoming-call', {method: 'POST', headers, body: 'x'})).toMatchObject({status: 415});
});

test('strangers who come through the public port see no metrics once these have a port of their own', async () => {
  const webhook = await deployment.webhook({METRICS_PORT: '0'});
  expect(await deployment.send('/metrics')).toMatchObject({status: 404});
  const own = await fetch(`http://127.0.0.1:${webhook.metricsPort}/metrics`);
  expect(await own.text()).toContain('voicebridge_calls_total');
});
