import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {ProcessId, StreamSid, type CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {
  inProgress,
  newCallSid,
  ORIGIN,
  passing,
  ringing,
  TestDeployment,
  type Reply,
} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
let callSid: CallSid;
let streams: number;
beforeEach(() => {
  deployment = new TestDeployment();
  callSid = newCallSid();
  streams = 0;
});
afterEach(() => deployment[Symbol.asyncDispose]());

const HANGUP = '<Response><Hangup/></Response>';
const actionOf = ({text}: Reply) => /action="https:\/\/voice\.example\.com([^"]*)"/.exec(text)?.[1] ?? 'no action';
const streamOf = ({text}: Reply) => /<Stream url="([^"]*)"/.exec(text)?.[1] ?? 'no stream';
const newStream = () => StreamSid.parse(`MZ${String((streams += 1)).padStart(32, '0')}`);
const epoch = async () => (await deployment.directory.read(callSid))?.epoch ?? 0;

/** A call with a stream. Returns where Twilio asks when the stream has ended. */
async function talking(env: Record<string, string> = {}, edge = ProcessId.parse('edge-somewhere')): Promise<string> {
  await deployment.webhook(env);
  await deployment.worker();
  const reply = await deployment.ask('/incoming-call', ringing(callSid));
  await deployment.streams(callSid, newStream(), edge);
  return actionOf(reply);
}

describe('a caller whose stream was lost', () => {
  test('gets another one, which the old ticket does not open', async () => {
    const action = await talking();
    const before = await deployment.directory.read(callSid);
    const reply = await deployment.ask(action, inProgress(callSid));
    const after = await deployment.directory.read(callSid);
    expect(reply.text).toContain(`/media-stream/${after?.ticket}"`);
    expect(after?.ticket).not.toBe(before?.ticket);
    expect(after).toMatchObject({attempts: 1, owner: before?.owner});
    expect(await deployment.directory.takeTicket(after!.ticket!)).toEqual({callSid, epoch: 1});
    expect(reply.text).not.toContain('<Say>');
  });

  test('gets the same answer when Twilio asks twice about the same stream', async () => {
    const action = await talking();
    const other = await deployment.webhook();
    const replies = await Promise.all([
      deployment.ask(action, inProgress(callSid)),
      deployment.ask(action, inProgress(callSid), {webhook: other}),
      deployment.ask(action, inProgress(callSid)),
    ]);
    const later = await deployment.ask(action, inProgress(callSid));
    expect(new Set([...replies, later].map(({text}) => text)).size).toBe(1);
    expect(await deployment.directory.read(callSid)).toMatchObject({attempts: 1});
  });

  test('is sent to another edge than before', async () => {
    const dead = await deployment.edge({url: 'wss://dead.example.com'});
    const action = await talking({}, dead);
    await deployment.edge({calls: 9, url: 'wss://other.example.com'});
    expect(streamOf(await deployment.ask(action, inProgress(callSid)))).toContain('wss://other.example.com/');
  });

  test('is sent to the same edge when there is no other', async () => {
    const only = await deployment.edge({url: 'wss://only.example.com'});
    const action = await talking({}, only);
    expect(streamOf(await deployment.ask(action, inProgress(callSid)))).toContain('wss://only.example.com/');
  });

  test('is given up after three attempts, with an apology, where each stream lived for some seconds', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    let {result: action} = await passing(clock, talking());
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      clock.advance(5_000);
      const {result: reply} = await passing(clock, deployment.ask(action, inProgress(callSid)), 0);
      expect(reply.text).toContain('<Connect');
      await deployment.streams(callSid, newStream(), ProcessId.parse('edge-somewhere'));
      action = actionOf(reply);
    }
    clock.advance(5_000);
    const {result: last} = await passing(clock, deployment.ask(action, inProgress(callSid)));
    expect(last.text).toContain('<Say>Sorry');
    expect(last.text).toContain('<Hangup/>');
  });

  test('gets another one at once, and then one each second for eight seconds while none can be opened', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    let {result: action} = await passing(clock, talking());
    action = actionOf((await passing(clock, deployment.ask(action, inProgress(callSid)), 0)).result);
    const connectedAt = async () => Number((await deployment.directory.read(callSid))?.facts['connectedAt']);
    const triedAt = [await connectedAt()];
    expect(triedAt).toEqual([clock.wall()]);
    for (;;) {
      const {result: reply} = await passing(clock, deployment.ask(action, inProgress(callSid)));
      if (!reply.text.includes('<Connect')) break;
      triedAt.push(await connectedAt());
      action = actionOf(reply);
    }
    const gaps = triedAt.slice(1).map((at, index) => at - triedAt[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(triedAt.at(-1)! - triedAt[0]!).toBeGreaterThanOrEqual(7_000);
    expect(clock.wall() - triedAt[0]!).toBeGreaterThanOrEqual(8_000);
  });

  test('gets one on an edge that became ready while the next try waited', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    let {result: action} = await passing(clock, talking());
    action = actionOf((await passing(clock, deployment.ask(action, inProgress(callSid)))).result);
    const asked = deployment.ask(action, inProgress(callSid));
    clock.after(500, () => void deployment.edge({url: 'wss://new.example.com'}));
    const {result: reply} = await passing(clock, asked);
    expect(streamOf(reply)).toContain('wss://new.example.com/');
  });

  test('who said goodbye while the next try waited is hung up', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    let {result: action} = await passing(clock, talking());
    action = actionOf((await passing(clock, deployment.ask(action, inProgress(callSid)))).result);
    const asked = deployment.ask(action, inProgress(callSid));
    clock.after(500, () => void epoch().then(now => deployment.directory.intend(callSid, now, 'hang-up')));
    expect((await passing(clock, asked)).result.text).toContain(HANGUP);
  });

  test('is not given up for what happened before a stream that lived for a minute', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    let {result: action} = await passing(clock, talking());
    const loseAfter = async (ms: number) => {
      clock.advance(ms);
      const {result: reply} = await passing(clock, deployment.ask(action, inProgress(callSid)));
      await deployment.streams(callSid, newStream(), ProcessId.parse('edge-somewhere'));
      if (reply.text.includes('<Connect')) action = actionOf(reply);
      return reply.text;
    };
    for (let accident = 0; accident < 6; accident += 1) expect(await loseAfter(60_000)).toContain('<Connect');
    // The last of them was the first of a new row.
    for (const _ of [2, 3]) expect(await loseAfter(50_000)).toContain('<Connect');
    expect(await loseAfter(50_000)).toContain('<Say>Sorry');
  });

  test('gets another stream from the redirect behind <Connect> and from the fallback URL, too', async () => {
    await talking();
    expect((await deployment.ask('/after-stream', inProgress(callSid))).text).toContain('<Connect');
  });
});

describe('an operator who reads the trace of a call', () => {
  const spans = () => deployment.spans.filter(({name}) => name === 'POST /after-stream');

  test('sees each loss of its stream, and what was answered', async () => {
    const action = await talking();
    const call = await deployment.directory.read(callSid);
    for (let asked = 0; asked < 2; asked += 1) await deployment.ask(action, inProgress(callSid));
    const parent = call?.facts['traceparent'];
    expect(parent).toBeDefined();
    expect(spans()).toMatchObject([
      {parent, facts: {'voicebridge.call_sid': callSid, 'voicebridge.result': 'resumed'}},
      {parent, facts: {'voicebridge.result': 'repeated'}},
    ]);
  });
});

describe('a caller whose edge is being replaced', () => {
  test('is moved as often as it takes, and no attempt is counted', async () => {
    let action = await talking();
    for (let move = 0; move < 6; move += 1) {
      await deployment.directory.intend(callSid, await epoch(), 'migrate');
      const reply = await deployment.ask(action, inProgress(callSid));
      expect(reply.text).toContain('<Connect');
      await deployment.streams(callSid, newStream(), ProcessId.parse('edge-somewhere'));
      action = actionOf(reply);
    }
    expect(await deployment.directory.read(callSid)).toMatchObject({attempts: 0, epoch: 7});
  });
});

describe('a caller whose model is rate-limited', () => {
  const busy = 'One moment, please. I will be right back with you.';
  const held = async (ms: number) => {
    const action = await talking();
    await deployment.directory.intend(callSid, await epoch(), 'migrate', {
      heldUntil: `${deployment.clock.wall() + ms}`,
    });
    return action;
  };
  const verbs = ({text}: Reply) => [...text.matchAll(/<(Say|Pause|Connect|Redirect)/g)].map(([, verb]) => verb);

  test('is told to wait and then connected again, and no attempt is counted', async () => {
    const action = await held(8_000);
    const reply = await deployment.ask(action, inProgress(callSid));
    expect(verbs(reply)).toEqual(['Say', 'Connect', 'Redirect']);
    expect(reply.text).toContain(`<Say>${busy}</Say><Connect`);
    expect(await deployment.directory.read(callSid)).toMatchObject({attempts: 0});
    expect((await deployment.ask(action, inProgress(callSid))).text).toBe(reply.text);
  });

  test('is told to wait again and again, with five seconds of silence at most, when it takes long', async () => {
    const action = await held(29_900);
    const reply = await deployment.ask(action, inProgress(callSid));
    expect(verbs(reply).join(' ')).toBe('Say Pause Say Pause Say Pause Say Connect Redirect');
    expect(reply.text).toContain('<Pause length="5"/>');
  });

  test('is not told to wait when the stream is lost after that', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    const {result: action} = await passing(clock, held(8_000));
    const {result: reply} = await passing(clock, deployment.ask(action, inProgress(callSid)));
    expect(reply.text).toContain(busy);
    await deployment.streams(callSid, newStream(), ProcessId.parse('edge-somewhere'));
    clock.advance(9_000);
    const {result: later} = await passing(clock, deployment.ask(actionOf(reply), inProgress(callSid)));
    expect(verbs(later)).toEqual(['Connect', 'Redirect']);
  });

  test('hears the operator’s own sentence', async () => {
    const action = await talking({MODEL_BUSY_SAY: 'Bitte warten.'});
    await deployment.directory.intend(callSid, 1, 'migrate', {heldUntil: `${deployment.clock.wall() + 4_000}`});
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Say>Bitte warten.</Say>');
  });
});

describe('a caller after a stream', () => {
  test('is hung up when the assistant said goodbye, and never enters again', async () => {
    const action = await talking();
    await deployment.directory.intend(callSid, 1, 'hang-up');
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain(HANGUP);
    await deployment.directory.end(callSid, 1);
    for (const path of [action, '/after-stream', '/incoming-call']) {
      expect((await deployment.ask(path, inProgress(callSid))).text).toContain(HANGUP);
    }
  });

  test.each([
    ['+15550100123', '<Number>+15550100123</Number>'],
    ['sip:context@example.com', '<Sip>sip:context@example.com</Sip>'],
    ['client:ann', '<Client>ann</Client>'],
  ])('is transferred to %s, also when the record is already written', async (transferTo, noun) => {
    const action = await talking({TRANSFER_ALLOW: '+1555*,sip:*@example.com,client:ann'});
    await deployment.directory.intend(callSid, 1, 'transfer', {transferTo});
    const dial = `<Response><Dial answerOnBridge="true" timeLimit="3600">${noun}</Dial><Hangup/></Response>`;
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain(dial);
    await deployment.directory.end(callSid, 1);
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain(dial);
  });

  test.each(['"/><Reject/>', '+19005550100'])('hears an apology in place of a transfer to %s', async transferTo => {
    const action = await talking({TRANSFER_ALLOW: '+1555*'});
    await deployment.directory.intend(callSid, 1, 'transfer', {transferTo});
    const {text} = await deployment.ask(action, inProgress(callSid));
    expect(text).toContain('<Say>Sorry');
    expect(text).not.toMatch(/Reject|Dial/);
  });

  test('who hung up gets an empty answer, and the owner learns of it', async () => {
    const action = await talking();
    const {text} = await deployment.ask(action, {...inProgress(callSid), CallStatus: 'completed'});
    expect(text).toContain('<Response/>');
    await expect.poll(() => deployment.asked.at(-1)).toMatchObject({type: 'end', callSid, why: 'caller.hung-up'});
    expect(await deployment.directory.read(callSid)).toMatchObject({attempts: 0});
  });

  test('whose call was never known is hung up within three seconds', async () => {
    const clock = new FakeClock();
    deployment = new TestDeployment(clock);
    await passing(clock, deployment.webhook());
    const {result, tookMs} = await passing(clock, deployment.ask('/after-stream', inProgress(newCallSid())));
    expect(result.text).toContain(HANGUP);
    expect(tookMs).toBeLessThan(3_000);
  });

  test('whose call Redis has lost goes on when its owner has put it back', async () => {
    const action = await talking();
    const entry = await deployment.directory.read(callSid);
    deployment.directory.lose();
    // The first read finds nothing, and the owner puts the call back just then.
    vi.spyOn(deployment.directory, 'read').mockImplementationOnce(async () => {
      await deployment.directory.restore(entry!);
      return undefined;
    });
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Connect');
  });
});

test('a caller whose stream was lost while Redis does not answer hears a sentence, and Twilio asks again about the same stream', async () => {
  const clock = new FakeClock();
  deployment = new TestDeployment(clock);
  const {result: action} = await passing(clock, talking());
  deployment.directory.retry = () => Promise.reject(new Error('away'));
  const {result, tookMs} = await passing(clock, deployment.ask(action, inProgress(callSid)));
  const {text} = result;
  expect(tookMs).toBeLessThan(4_000);
  expect(text).toContain(`<Redirect method="POST">${ORIGIN}${action}&amp;again=1</Redirect>`);
  expect(deployment.spans.at(-1)).toMatchObject({name: 'POST /after-stream', failed: 'Redis stays away'});
});
