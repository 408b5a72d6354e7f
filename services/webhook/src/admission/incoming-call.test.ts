import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {EDGE, newCallSid, ORIGIN, passing, ringing, TestDeployment, type Reply} from '../testing/test-deployment.ts';
import {CallSid, type Ticket} from '@voicebridge/shared/protocol/ids.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const ticketOf = ({text}: Reply): Ticket => /\/media-stream\/([0-9a-f]{32})"/.exec(text)?.[1] as Ticket;

describe('a caller', () => {
  test('is connected with an edge, and asked about again when the stream has ended', async () => {
    await deployment.webhook();
    await deployment.worker();
    const call = ringing();
    const reply = await deployment.ask('/incoming-call', call);
    const ticket = ticketOf(reply);
    const after = `${ORIGIN}/after-stream?leg=${ticket.slice(0, 8)}`;
    expect(reply).toEqual({
      status: 200,
      type: 'text/xml; charset=utf-8',
      text:
        '<?xml version="1.0" encoding="UTF-8"?><Response>' +
        `<Connect action="${after}"><Stream url="${EDGE}/media-stream/${ticket}" statusCallback="${ORIGIN}/stream-status"/></Connect>` +
        `<Redirect method="POST">${after}</Redirect></Response>`,
    });
    expect(await deployment.directory.takeTicket(ticket)).toEqual({callSid: call.CallSid, epoch: 1});
  });

  test('has an owner, which gets the facts of the call', async () => {
    await deployment.webhook({NUMBER_HASH_KEY: 'a key that nobody knows'});
    const owner = await deployment.worker();
    const call = ringing();
    await deployment.ask('/incoming-call', call);
    const entry = await deployment.directory.read(call.CallSid);
    expect(entry).toMatchObject({owner, epoch: 1, facts: {direction: 'inbound', callerLastTwo: '01', edgeUrl: EDGE}});
    expect(JSON.stringify(entry)).not.toContain('5550100');
    expect(deployment.asked).toMatchObject([{type: 'take', cause: 'new', traceparent: entry?.facts['traceparent']}]);
  });

  test('by SIP has its headers told to the worker that decides who answers, and nobody else', async () => {
    await deployment.webhook();
    await deployment.worker();
    const headers = {'SipHeader_X-Customer': '4711', 'SipHeader_X-Note': 'x'.repeat(2_000), StirVerstat: 'A'};
    const call = {...ringing(), ...headers};
    await deployment.ask('/incoming-call', call);
    const parameters = {'X-Customer': '4711', 'X-Note': 'x'.repeat(1_000)};
    expect(deployment.asked).toMatchObject([{type: 'take', ring: {direction: 'inbound', parameters}}]);
    expect(JSON.stringify(await deployment.directory.read(call.CallSid))).not.toContain('4711');
  });

  test('whose webhook arrives twice gets one call and one answer', async () => {
    await deployment.webhook();
    const other = await deployment.webhook();
    for (let n = 0; n < 3; n += 1) await deployment.worker();
    const call = ringing();
    const twice = await Promise.all([
      deployment.ask('/incoming-call', call),
      deployment.ask('/incoming-call', call),
      deployment.ask('/incoming-call', call, {webhook: other}),
      deployment.ask('/incoming-call', call, {webhook: other}),
    ]);
    const later = await deployment.ask('/incoming-call', call, {webhook: other});
    expect(new Set([...twice, later].map(({text}) => text)).size).toBe(1);
    expect(await deployment.directory.read(call.CallSid)).toMatchObject({epoch: 1, attempts: 0});
    expect(await deployment.directory.open()).toEqual([call.CallSid]);
  });

  test('is sent to the edge with the most room, and to none that drains', async () => {
    await deployment.webhook();
    await deployment.worker();
    await deployment.edge({calls: 5, url: 'wss://busy.example.com'});
    await deployment.edge({calls: 1, url: 'wss://calm.example.com'});
    await deployment.edge({state: 'draining', url: 'wss://leaving.example.com'});
    const reply = await deployment.ask('/incoming-call', ringing());
    expect(reply.text).toContain(`<Stream url="wss://calm.example.com/media-stream/${ticketOf(reply)}"`);
  });

  test('hears the welcome of the operator first, with all characters escaped', async () => {
    await deployment.webhook({WELCOME_SAY: 'Ann & Bob <3 "you"'});
    await deployment.worker();
    const {text} = await deployment.ask('/incoming-call', ringing());
    expect(text).toContain('<Response><Say>Ann &amp; Bob &lt;3 "you"</Say><Connect');
  });

  test('who comes by GET is connected too', async () => {
    await deployment.webhook({TWILIO_VALIDATE: 'off'});
    await deployment.worker();
    const {text} = await deployment.send(`/incoming-call?${new URLSearchParams(ringing()).toString()}`);
    expect(text).toContain('<Connect');
  });

  test('whose call has ended is not connected again', async () => {
    await deployment.webhook();
    await deployment.worker();
    const call = ringing();
    await deployment.ask('/incoming-call', call);
    await deployment.directory.end(call.CallSid, 1);
    const {text} = await deployment.ask('/incoming-call', call);
    expect(text).toContain('<Response><Hangup/></Response>');
  });

  test('gets the next worker when the first one hangs, is full or is gone', async () => {
    await deployment.webhook();
    await deployment.worker({}, () => new Promise(() => {}));
    await deployment.worker({calls: 1}, async () => ({answer: 'full', epoch: 0}));
    const owner = await deployment.worker({calls: 2});
    const call = ringing();
    expect((await deployment.ask('/incoming-call', call)).text).toContain('<Connect');
    expect(await deployment.directory.read(call.CallSid)).toMatchObject({owner});
  });
});

describe('a caller whose call no worker has accepted yet', () => {
  let clock: FakeClock;
  const call = ringing();
  beforeEach(() => {
    clock = new FakeClock();
    deployment = new TestDeployment(clock);
  });
  const asked = (path: string) => passing(clock, deployment.ask(path, call));
  const againOf = ({text}: Reply) =>
    /<Response><Pause length="1"\/><Redirect method="POST">https:\/\/voice.example.com([^<]*)</.exec(text)?.[1];

  /** Follows redirects as Twilio does until there is another answer. `seconds`: how long that took. */
  async function waits(): Promise<{last: Reply; seconds: number}> {
    const began = clock.now();
    for (let path = '/incoming-call'; ;) {
      const {result} = await asked(path);
      const again = againOf(result);
      if (again === undefined) return {last: result, seconds: (clock.now() - began) / 1_000};
      clock.advance(1_000);
      path = again;
    }
  }
  const notYet = () => new Promise<never>(() => {});

  test.each([
    ['the only worker is too busy to answer', async () => void (await deployment.worker({}, notYet))],
    ['no worker has come up yet', async () => {}],
    [
      'one is full and the other too busy to answer',
      async () => {
        await deployment.worker({calls: 10}, async () => ({answer: 'full', epoch: 0}));
        await deployment.worker({}, notYet);
      },
    ],
  ])('while %s goes on ringing, and is told after some 20 s that all lines are busy', async (_, begin) => {
    await deployment.webhook();
    await begin();
    const {last, seconds} = await waits();
    expect(last.text).toContain('All our lines are busy');
    expect(last.text).toContain('<Hangup/>');
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThanOrEqual(20);
  });

  test('gets the same answer twice when Twilio asks twice at once', async () => {
    await deployment.webhook();
    const other = await deployment.webhook();
    await deployment.worker({}, notYet);
    const twice = [deployment.ask('/incoming-call', call), deployment.ask('/incoming-call', call, {webhook: other})];
    const {result} = await passing(clock, Promise.all(twice));
    expect(result.map(againOf)).toEqual(['/incoming-call?waited=4', '/incoming-call?waited=4']);
  });

  test('is connected as soon as a worker starts', async () => {
    await deployment.webhook();
    expect(againOf((await asked('/incoming-call')).result)).toBe('/incoming-call?waited=4');
    const owner = await deployment.worker();
    expect((await asked('/incoming-call?waited=4')).result.text).toContain('<Connect');
    expect(await deployment.directory.read(call.CallSid)).toMatchObject({owner});
  });

  test('is connected with a worker that accepted the call while the caller waited, with the ticket that the worker got', async () => {
    await deployment.webhook();
    const yes = Promise.withResolvers<void>();
    await deployment.worker({}, async ask => {
      await yes.promise;
      if (ask.type !== 'take') return {answer: 'yes', epoch: 1};
      const claim = {epoch: 0, owner: ask.replyTo as never, at: 0, facts: ask.facts, ticket: ask.ticket!};
      return {answer: (await deployment.directory.claim(ask.callSid, claim)).won ? 'yes' : 'taken', epoch: 1};
    });
    const again = againOf((await asked('/incoming-call')).result);
    await clock.advanceAsync(1_500, 50); // no request is waiting any more
    yes.resolve();
    await clock.advanceAsync(50, 10);
    const {result} = await asked(again ?? '');
    expect(await deployment.directory.takeTicket(ticketOf(result))).toEqual({callSid: call.CallSid, epoch: 1});
    const twice = await asked(again ?? '');
    expect(twice.result).toEqual(result);
  });

  test.each([
    ['hangs up meanwhile', () => deployment.ask('/call-status', {...call, CallStatus: 'canceled'})],
    ['hangs up, and Twilio asks once more', () => deployment.ask('/incoming-call', {...call, CallStatus: 'completed'})],
    ['was sent away at last', () => deployment.ask('/incoming-call?waited=20', call)],
  ])('who %s leaves an ended call: a worker that accepts it later finds it over', async (_, leaves) => {
    await deployment.webhook();
    await deployment.worker({}, notYet);
    await asked('/incoming-call');
    await passing(clock, leaves());
    await passing(clock, expect.poll(async () => (await deployment.directory.read(call.CallSid))?.state).toBe('ended'));
    const late = await deployment.directory.claim(call.CallSid, {
      epoch: 0,
      owner: deployment.asked[0]!.replyTo as never,
      at: 0,
    });
    expect(late.won).toBe(false);
    expect(await deployment.directory.open()).toEqual([]);
  });

  test('who was told to wait gets a final answer before the webhook is stopped', async () => {
    const webhook = await deployment.webhook();
    const again = againOf((await asked('/incoming-call')).result);
    let left = false;
    const leaving = webhook.drain().then(() => (left = true));
    await clock.advanceAsync(900, 100);
    expect(left).toBe(false);
    const {result} = await asked(again ?? '');
    expect(result.text).toContain('All our lines are busy');
    await leaving;
  });

  test('who does not come back delays the stop of the webhook by three seconds at most', async () => {
    const webhook = await deployment.webhook();
    await asked('/incoming-call');
    const {tookMs} = await passing(clock, webhook.drain());
    expect(tookMs).toBeGreaterThan(2_500);
    expect(tookMs).toBeLessThan(3_500);
  });

  test('who is held by OVERLOAD=hold already waits by that rule alone', async () => {
    await deployment.webhook({OVERLOAD: 'hold', OVERLOAD_HOLD_SECONDS: '7'});
    await deployment.worker({}, notYet);
    const {result} = await asked('/incoming-call?held=3');
    expect(result.text).toContain('<Pause length="7"/>');
    expect(result.text).toContain('/incoming-call?held=4<');
  });
});

describe('a caller while Redis fails', () => {
  const clock = new FakeClock();
  beforeEach(() => {
    deployment = new TestDeployment(clock);
  });

  test('hears a sentence while Twilio asks once more, then an apology, never an error', async () => {
    await deployment.webhook();
    deployment.directory.read = () => Promise.reject(new Error('away'));
    const call = ringing();
    const {result: reply, tookMs} = await passing(clock, deployment.ask('/incoming-call', call));
    expect(reply).toMatchObject({status: 200, type: 'text/xml; charset=utf-8'});
    expect(reply.text).toContain(
      `<Say>One moment, please.</Say><Redirect method="POST">${ORIGIN}/incoming-call?again=1</Redirect>`,
    );
    expect(tookMs).toBeLessThan(4_000);
    const second = await passing(clock, deployment.ask('/incoming-call?again=1', call));
    expect(second.result.text).toContain('<Say>Sorry, something went wrong.');
    expect(second.result.text).toContain('<Hangup/>');
  });

  test.each(['read-only', 'full', 'rights'] as const)(
    'gets the overload answer at once when Redis is %s',
    async trouble => {
      await deployment.webhook();
      await deployment.worker();
      deployment.bus.setTrouble(trouble);
      const {result: reply, tookMs} = await passing(clock, deployment.ask('/incoming-call', ringing()));
      expect(reply.text).toContain('All our lines are busy');
      expect(tookMs).toBeLessThan(100);
    },
  );

  test.each(['loading', 'cluster-down'] as const)(
    'is not told that all lines are busy because Redis was %s when the webhook looked last',
    async trouble => {
      await deployment.webhook();
      await deployment.worker();
      deployment.bus.setTrouble(trouble);
      const {result: reply} = await passing(clock, deployment.ask('/incoming-call', ringing()));
      expect(reply.text).toContain('<Connect');
    },
  );

  test('is connected when Redis answers again within three seconds', async () => {
    await deployment.webhook();
    await deployment.worker();
    deployment.bus.setDown(true);
    clock.after(2_000, () => deployment.bus.setDown(false));
    const {result: reply, tookMs} = await passing(clock, deployment.ask('/incoming-call', ringing()));
    expect(reply.text).toContain('<Connect');
    expect(tookMs).toBeGreaterThanOrEqual(2_000);
  });
});

describe('an operator who tries it out without Twilio', () => {
  test('sees TwiML without sending anything', async () => {
    await deployment.webhook({TWILIO_VALIDATE: 'off'});
    const {text, type} = await deployment.send('/incoming-call', {method: 'POST'});
    expect(type).toContain('text/xml');
    expect(text).toContain(`<Connect><Stream url="${EDGE}/media-stream"/></Connect></Response>`);
    expect((await deployment.send('/incoming-call')).text).toBe(text);
  });

  test('is told what is wrong with a CallSid', async () => {
    await deployment.webhook({TWILIO_VALIDATE: 'off'});
    const text = 'CallSid must be 1 to 64 of A-Z, a-z, 0-9, _ and -.\n';
    for (const sid of ['my call', '', '}:x', 'a'.repeat(65)]) {
      const query = new URLSearchParams({CallSid: sid}).toString();
      expect(await deployment.send(`/incoming-call?${query}`)).toMatchObject({status: 400, text});
    }
  });

  test('is connected under an id of his own', async () => {
    await deployment.webhook({TWILIO_VALIDATE: 'off'});
    const owner = await deployment.worker();
    expect((await deployment.send('/incoming-call?CallSid=test_call-1&From=Anonymous')).text).toContain('<Connect');
    expect(await deployment.directory.read(CallSid.parse('test_call-1'))).toMatchObject({owner});
  });

  test('may use one CallSid again after its call has ended', async () => {
    await deployment.webhook({TWILIO_VALIDATE: 'off'});
    await deployment.worker();
    const callSid = newCallSid();
    const path = `/incoming-call?CallSid=${callSid}`;
    const first = await deployment.send(path);
    await deployment.directory.end(callSid, 1);
    const second = await deployment.send(path);
    expect(second.text).toContain('<Connect');
    expect(ticketOf(second)).not.toBe(ticketOf(first));
  });
});
