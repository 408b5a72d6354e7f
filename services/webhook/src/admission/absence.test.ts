import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {awayFacts, type AwayPlan} from '@voicebridge/shared/protocol/away.ts';
import {ProcessId, StreamSid, type CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {inProgress, newCallSid, ringing, TestDeployment, type Reply} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
let callSid: CallSid;
beforeEach(() => {
  deployment = new TestDeployment();
  callSid = newCallSid();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const streamSid = StreamSid.parse(`MZ${'1'.padStart(32, '0')}`);
const edge = ProcessId.parse('edge-somewhere');
const plan: AwayPlan = {
  away: 0,
  streamSid,
  kind: 'number',
  to: '+4722334455',
  isNamed: true,
  workflow: null,
  ringSeconds: 25,
  whisper: {say: 'Ada wants to change her order.', accept: 'Press 1 to take the call.', key: '1'},
  language: null,
  ifNobody: 'return',
  nobodySay: null,
  record: false,
  refer: false,
  warm: false,
};
const attribute = ({text}: Reply, name: string) =>
  new RegExp(` ${name}="https://voice\\.example\\.com([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&') ??
  `no ${name}`;

/** A call whose assistant has sent the caller away, as the worker writes it. Returns where Twilio asks. */
async function leaving(special: Partial<AwayPlan> = {}, env: Record<string, string> = {}): Promise<string> {
  await deployment.webhook(env);
  await deployment.worker();
  const reply = await deployment.ask('/incoming-call', ringing(callSid));
  await deployment.streams(callSid, streamSid, edge);
  await deployment.directory.intend(callSid, 1, 'migrate', awayFacts({...plan, ...special}, Date.now() + 60_000));
  return attribute(reply, 'action');
}
const person = () => ({...inProgress(newCallSid()), ParentCallSid: callSid, From: '+15550100001', To: '+4722334455'});
const outcome = async () => (await deployment.directory.read(callSid))?.facts['awayOutcome'];
const told = () => deployment.asked.filter(({type}) => type === 'end');
const ends = async (end: object) => vi.waitFor(() => expect(told()).toMatchObject([end]));

describe('a caller who is to be connected with a person', () => {
  test('is dialled to them, and everything that is asked about it names the call and the absence', async () => {
    const reply = await deployment.ask(await leaving(), inProgress(callSid));
    expect(reply.text).toContain('<Dial answerOnBridge="true" timeLimit="3600"');
    expect(reply.text).toContain('timeout="25"');
    expect(attribute(reply, 'url')).toBe(`/whisper?call=${callSid}&away=0`);
    expect(attribute(reply, 'action')).toMatch(/^\/after-stream\?leg=[0-9a-f]{8}&away=0$/);
    expect(reply.text).toContain('>+4722334455</Number>');
  });

  test('gets the same answer when Twilio asks twice', async () => {
    const action = await leaving();
    const replies = [
      await deployment.ask(action, inProgress(callSid)),
      await deployment.ask(action, inProgress(callSid)),
    ];
    expect(replies[1]?.text).toBe(replies[0]?.text);
  });

  test.each([
    [{kind: 'sip', to: 'sip:desk@example.com'}, '>sip:desk@example.com</Sip>'],
    [{kind: 'client', to: 'client:ann'}, '>ann</Client>'],
    [{kind: 'queue', to: 'support', ringSeconds: 60}, '<Enqueue action='],
    [{kind: 'queue', to: 'support', workflow: `WW${'1'.repeat(32)}`}, `workflowSid="WW${'1'.repeat(32)}"`],
    [{record: true}, 'record="record-from-answer-dual"'],
  ] as const)('goes to %o', async (special, twiml) => {
    expect((await deployment.ask(await leaving(special), inProgress(callSid))).text).toContain(twiml);
  });

  test('who came by SIP is handed over with REFER where the assistant says so', async () => {
    const action = await leaving({kind: 'sip', to: 'sip:desk@example.com', refer: true});
    const sip = {...inProgress(callSid), From: 'sip:ada@example.com'};
    expect((await deployment.ask(action, sip)).text).toContain('<Sip>sip:desk@example.com</Sip></Refer>');
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Dial');
  });

  test('who has no number is shown to the person as the number that was called', async () => {
    const reply = await deployment.ask(await leaving(), {...inProgress(callSid), From: 'sip:ada@example.com'});
    expect(reply.text).toContain('callerId="+15550100002"');
  });

  test('comes straight back from a destination that neither a file nor TRANSFER_ALLOW names', async () => {
    const action = await leaving({isNamed: false, to: '+19005550100'}, {TRANSFER_ALLOW: '+1*'});
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Connect');
    expect(await outcome()).toBe('{"away":0,"outcome":"refused"}');
  });

  test('waits in a queue that an operator chose where TRANSFER_ALLOW names it, and in no other', async () => {
    const chosen = {kind: 'queue', isNamed: false, to: 'support'} as const;
    const wanted = await leaving(chosen, {TRANSFER_ALLOW: 'queue:support'});
    expect((await deployment.ask(wanted, inProgress(callSid))).text).toContain('>support</Enqueue>');
    const other = await leaving({...chosen, to: 'sales'}, {TRANSFER_ALLOW: 'queue:support'});
    expect((await deployment.ask(other, inProgress(callSid))).text).toContain('<Connect');
    expect(await outcome()).toBe('{"away":0,"outcome":"refused"}');
  });

  test('is dialled where TRANSFER_ALLOW names it', async () => {
    const action = await leaving({isNamed: false}, {TRANSFER_ALLOW: '+4722*'});
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Dial');
  });
});

describe('the person who is called', () => {
  const listen = async (special: Partial<AwayPlan> = {}) => {
    const dial = await deployment.ask(await leaving(special), inProgress(callSid));
    return await deployment.ask(attribute(dial, 'url'), person());
  };

  test('hears what it is about, and is asked for a key', async () => {
    const reply = await listen();
    expect(reply.text).toContain('<Gather numDigits="1"');
    expect(reply.text).toContain('<Say>Ada wants to change her order.</Say><Say>Press 1 to take the call.</Say>');
    expect(reply.text).toMatch(/<\/Gather><Hangup\/><\/Response>$/);
  });

  test('takes the caller with the key: the owner is told, and the directory knows', async () => {
    const [action, pressed] = [attribute(await listen(), 'action'), {...person(), Digits: '1'}];
    const reply = await deployment.ask(action, pressed);
    expect(reply.text).toMatch(/<Response\/>$/);
    expect(await outcome()).toBe('{"away":0,"outcome":"accepted"}');
    // Twilio asks again where the answer got lost.
    expect((await deployment.ask(action, pressed)).text).toBe(reply.text);
    expect(await outcome()).toBe('{"away":0,"outcome":"accepted"}');
    await ends({type: 'end', why: 'assistant.transferred', away: 'accepted'});
  });

  test.each(['2', ''])('declines with %o, and nobody is told that the call is over', async Digits => {
    const reply = await deployment.ask(attribute(await listen(), 'action'), {...person(), Digits});
    expect(reply.text).toContain('<Hangup/>');
    expect(await outcome()).toBeUndefined();
    expect(told()).toEqual([]);
  });

  test('is connected at once where no whisper is wanted', async () => {
    expect((await listen({whisper: null})).text).toMatch(/<Response\/>$/);
    expect(await outcome()).toContain('accepted');
  });

  test('is hung up on when the caller is not away any more', async () => {
    const dial = await deployment.ask(await leaving(), inProgress(callSid));
    await deployment.ask(attribute(dial, 'action'), {...inProgress(callSid), DialCallStatus: 'no-answer'});
    expect((await deployment.ask(attribute(dial, 'url'), person())).text).toContain('<Hangup/>');
  });

  test('cannot be asked about a call that nobody knows, nor without a signature', async () => {
    await deployment.webhook();
    const path = `/whisper?call=${newCallSid()}&away=0`;
    expect((await deployment.ask(path, person())).text).toContain('<Hangup/>');
    expect((await deployment.send(path, {method: 'POST'})).status).toBe(403);
    expect((await deployment.ask('/whisper?call=x&away=0', person())).status).toBe(400);
  });
});

describe('when nobody took the caller', () => {
  const back = async (params: Record<string, string>, special: Partial<AwayPlan> = {}) => {
    const left = await deployment.ask(await leaving(special), inProgress(callSid));
    const action = attribute(left, 'action');
    return {action, reply: await deployment.ask(action, {...inProgress(callSid), ...params})};
  };

  test.each([
    [{DialCallStatus: 'busy'}, 'busy', {}],
    [{DialCallStatus: 'no-answer'}, 'no-answer', {}],
    [{DialCallStatus: 'failed'}, 'failed', {}],
    [{DialCallStatus: 'completed', DialBridged: 'false'}, 'declined', {}],
    [{QueueResult: 'leave'}, 'no-answer', {kind: 'queue', to: 'support'}],
    [{QueueResult: 'queue-full'}, 'busy', {kind: 'queue', to: 'support'}],
    [{}, 'unknown', {}],
  ] as const)('they come back, and %o is known as %s', async (params, known, special) => {
    const {action, reply} = await back(params, special);
    expect(reply.text).toContain('<Connect');
    expect(await outcome()).toBe(`{"away":0,"outcome":"${known}"}`);
    const call = await deployment.directory.read(callSid);
    expect(call).toMatchObject({attempts: 0, state: 'live'});
    expect(call?.intent).toBeUndefined();
    expect((await deployment.ask(action, {...inProgress(callSid), ...params})).text).toBe(reply.text);
  });

  test('they leave a message where the assistant wants that, and the call is over for it', async () => {
    const {reply} = await back({DialCallStatus: 'no-answer'}, {ifNobody: 'voicemail', language: 'nb-NO'});
    expect(reply.text).toContain('<Say language="nb-NO">I am sorry');
    expect(reply.text).toContain('<Record maxLength="180" playBeep="true"');
    await ends({why: 'assistant.transferred', away: 'no-answer'});
  });

  test('they hear why, and the call ends, where the assistant wants that', async () => {
    const {reply} = await back({DialCallStatus: 'busy'}, {ifNobody: 'hang up', nobodySay: 'Call again on Monday.'});
    expect(reply.text).toContain('<Say>Call again on Monday.</Say><Hangup/>');
    await ends({why: 'assistant.hung-up', away: 'busy'});
  });

  test('a later stream that is lost is an accident again', async () => {
    const {reply} = await back({DialCallStatus: 'busy'});
    await deployment.streams(callSid, StreamSid.parse(`MZ${'2'.padStart(32, '0')}`), edge);
    const next = await deployment.ask(attribute(reply, 'action'), inProgress(callSid));
    expect(next.text).toContain('<Connect');
    expect(await deployment.directory.read(callSid)).toMatchObject({attempts: 1});
  });
});

describe('after the conversation with the person', () => {
  test('the call is over, also if its owner could not be told', async () => {
    const dial = await deployment.ask(await leaving(), inProgress(callSid));
    const whisper = await deployment.ask(attribute(dial, 'url'), person());
    await deployment.ask(attribute(whisper, 'action'), {...person(), Digits: '1'});
    const after = {...inProgress(callSid), DialCallStatus: 'completed', DialBridged: 'true'};
    expect((await deployment.ask(attribute(dial, 'action'), after)).text).toContain('<Hangup/>');
  });

  test('a bridged call counts as taken, although no key was seen', async () => {
    const dial = await deployment.ask(await leaving(), inProgress(callSid));
    const after = {...inProgress(callSid), DialCallStatus: 'completed', DialBridged: 'true'};
    expect((await deployment.ask(attribute(dial, 'action'), after)).text).toContain('<Hangup/>');
    await ends({why: 'assistant.transferred', away: 'accepted'});
  });

  test('a caller who hung up meanwhile ends the call', async () => {
    const dial = await deployment.ask(await leaving(), inProgress(callSid));
    const gone = {...inProgress(callSid), CallStatus: 'completed', DialCallStatus: 'canceled'};
    expect((await deployment.ask(attribute(dial, 'action'), gone)).text).toMatch(/<Response\/>$/);
    await ends({why: 'caller.hung-up'});
  });
});

test('keys are pressed before the next stream, and the caller has not been away for anybody', async () => {
  const action = await leaving({kind: 'digits', to: 'ww12#', whisper: null});
  const reply = await deployment.ask(action, inProgress(callSid));
  expect(reply.text).toMatch(/<Response><Play digits="ww12#"\/><Connect/);
  expect(await outcome()).toBe('{"away":0,"outcome":"sent"}');
  expect((await deployment.ask(action, inProgress(callSid))).text).toBe(reply.text);
});

test('a caller who waits in a queue hears something, and leaves it in time', async () => {
  await deployment.webhook();
  const reply = await deployment.ask('/waiting?seconds=25', inProgress(callSid));
  expect(reply.text.match(/<Say>/g)).toHaveLength(3);
  expect(reply.text).toMatch(/<Pause length="5"\/><Leave\/><\/Response>$/);
});
