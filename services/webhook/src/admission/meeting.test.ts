import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {awayFacts, type AwayPlan} from '@voicebridge/shared/protocol/away.ts';
import {ProcessId, StreamSid, type CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Dialled} from '../calls-out/carrier-out.ts';
import {inProgress, newCallSid, ringing, TestDeployment, type Reply} from '../testing/test-deployment.ts';
import type {WayBack} from './call-answer.ts';
import type {WantedPerson} from './people-caller.ts';

const plan: AwayPlan = {
  away: 0,
  streamSid: StreamSid.parse(`MZ${'1'.padStart(32, '0')}`),
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
  warm: true,
};

/** A carrier that does as it is told, and remembers what it was asked. */
class ScriptedPeople {
  readonly rung: (WantedPerson & {readonly person: CallSid})[] = [];
  readonly broughtBack: (WayBack & {readonly outcome: string})[] = [];
  readonly hungUp: string[] = [];
  refuses: Dialled | undefined;
  bringBackFails = 0;
  status = 'ringing';

  async ring(wanted: WantedPerson): Promise<Dialled> {
    if (this.refuses) return this.refuses;
    const person = newCallSid();
    this.rung.push({...wanted, person});
    return {outcome: 'placed', callSid: person};
  }

  async find(callSid: string) {
    return {callSid, status: this.status};
  }

  async bringBack(back: WayBack, outcome: string): Promise<void> {
    if (this.bringBackFails > 0) {
      this.bringBackFails -= 1;
      throw new Error('Twilio answers 429 (20429: Too Many Requests)');
    }
    this.broughtBack.push({...back, outcome});
  }

  async hangUp(callSid: string): Promise<void> {
    this.hungUp.push(callSid);
  }
}

let deployment: TestDeployment;
let people: ScriptedPeople;
let callSid: CallSid;
beforeEach(() => {
  deployment = new TestDeployment();
  people = new ScriptedPeople();
  deployment.people = people;
  callSid = newCallSid();
});
afterEach(() => deployment[Symbol.asyncDispose]());

const attribute = ({text}: Reply, name: string) =>
  new RegExp(` ${name}="https://voice\\.example\\.com([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&') ??
  `no ${name}`;
const outcome = async () => (await deployment.directory.read(callSid))?.facts['awayOutcome'];

/** The assistant sends its caller to a person. Returns where Twilio asks. */
async function leaving(special: Partial<AwayPlan> = {}): Promise<string> {
  await deployment.webhook();
  await deployment.worker();
  const reply = await deployment.ask('/incoming-call', ringing(callSid));
  await deployment.streams(callSid, plan.streamSid as StreamSid, ProcessId.parse('edge-somewhere'));
  await deployment.directory.intend(callSid, 1, 'migrate', awayFacts({...plan, ...special}, Date.now() + 60_000));
  return attribute(reply, 'action');
}
const away = async (special?: Partial<AwayPlan>) => deployment.ask(await leaving(special), inProgress(callSid));
const whisperPath = () => `/whisper?call=${callSid}&away=0&meets=1`;
const asPerson = (person = people.rung[0]?.person ?? newCallSid()) => ({...inProgress(person), To: plan.to});
const reports = (status: string, person?: CallSid) =>
  deployment.ask(`/person-status?call=${callSid}&away=0`, {...asPerson(person), CallStatus: status});
/** Twilio asks where it was told to when the caller was brought back. */
const returns = () => {
  const [{leg, outcome: came} = {leg: '', outcome: ''}] = people.broughtBack;
  return deployment.ask(`/after-stream?leg=${leg}&away=0&came=${came}`, inProgress(callSid));
};
const ends = (end: object) =>
  vi.waitFor(() => expect(deployment.asked.filter(({type}) => type === 'end')).toMatchObject([end]));
const broughtBack = () => vi.waitFor(() => expect(people.broughtBack).toHaveLength(1));

describe('a caller who is to meet a person', () => {
  test('hears music while the person is called from the number that the caller called', async () => {
    const reply = await away();
    expect(people.rung).toMatchObject([{to: '+4722334455', from: '+15550100002', ringSeconds: 25, callSid, away: 0}]);
    expect(reply.text).toContain('<Conference startConferenceOnEnter="false" endConferenceOnExit="true" beep="false"');
    expect(reply.text).toContain(`>${callSid}-0</Conference>`);
    expect(attribute(reply, 'action')).toMatch(/^\/after-stream\?leg=[0-9a-f]{8}&away=0$/);
    const music = await deployment.ask(attribute(reply, 'waitUrl'), inProgress(callSid));
    expect(music.text).toMatch(/<Play>http:.*<\/Play><Redirect method="POST">https:.*\/music\?call=/);
  });

  test('has one person called, although Twilio asks twice', async () => {
    const action = await leaving();
    await deployment.ask(action, inProgress(callSid));
    expect((await deployment.ask(action, inProgress(callSid))).text).toContain('<Conference');
    expect(people.rung).toHaveLength(1);
  });

  test('of two requests at the same time, one person is hung up on', async () => {
    const action = await leaving();
    await Promise.all([deployment.ask(action, inProgress(callSid)), deployment.ask(action, inProgress(callSid))]);
    expect(people.rung.length - people.hungUp.length).toBe(1);
  });

  test.each([
    ['credentials', {outcome: 'refused', reason: 'Twilio answers 401 (20003: Authenticate)', again: true}],
    ['the rate', {outcome: 'refused', reason: 'Twilio answers 429 (20429: Too Many Requests)', again: true}],
    ['nobody knows what', {outcome: 'unknown', reason: 'Twilio answers 500'}],
  ] as const)('is connected by <Dial> where the carrier refuses because of %s', async (_, refuses) => {
    people.refuses = refuses;
    expect((await away()).text).toContain('>+4722334455</Number>');
  });

  test('comes back at once from a number that the account may not call, as one of a trial may not', async () => {
    people.refuses = {outcome: 'refused', reason: 'Twilio answers 400 (21219: not verified)', again: false};
    expect((await away()).text).toContain('<Connect');
    expect(await outcome()).toBe('{"away":0,"outcome":"refused"}');
  });

  test('is connected by <Dial> where there are no credentials, and where no number of ours is in the call', async () => {
    const sip = {...inProgress(callSid), To: 'sip:reception@example.com'};
    expect((await deployment.ask(await leaving(), sip)).text).toContain('<Dial answerOnBridge');
    deployment.people = undefined;
    const webhook = await deployment.webhook();
    callSid = newCallSid();
    expect((await deployment.ask(await leaving(), inProgress(callSid), {webhook})).text).toContain('answerOnBridge');
    expect(people.rung).toEqual([]);
  });

  test('has the person hung up on when they hang up', async () => {
    await away();
    await deployment.ask('/call-status', {...inProgress(callSid), CallStatus: 'completed'});
    await vi.waitFor(() => expect(people.hungUp).toEqual([people.rung[0]?.person]));
  });
});

describe('the person who is called', () => {
  test('hears what it is about, and joins with the key; asked again, they join again', async () => {
    await away();
    const hears = await deployment.ask(whisperPath(), asPerson());
    expect(hears.text).toContain('<Say>Ada wants to change her order.</Say>');
    const action = attribute(hears, 'action');
    const joins = await deployment.ask(action, {...asPerson(), Digits: '1'});
    expect(joins.text).toContain(`endConferenceOnExit="true">${callSid}-0</Conference></Dial></Response>`);
    expect((await deployment.ask(action, {...asPerson(), Digits: '1'})).text).toBe(joins.text);
    expect(await outcome()).toBe('{"away":0,"outcome":"accepted"}');
  });

  test('who takes the caller and hangs up before they meet does not leave them with the music', async () => {
    await away();
    await deployment.ask(`${whisperPath()}&asked=1`, {...asPerson(), Digits: '1'});
    await ends({type: 'end', why: 'assistant.transferred', away: 'accepted'});
    await reports('completed');
    await broughtBack();
    expect((await returns()).text).toContain('<Response><Hangup/>');
  });

  test('joins at once where no whisper is wanted', async () => {
    await away({whisper: null, record: true});
    expect((await deployment.ask(whisperPath(), asPerson())).text).toContain('record="record-from-start"');
  });

  test('is hung up on with another key', async () => {
    await away();
    const reply = await deployment.ask(`${whisperPath()}&asked=1`, {...asPerson(), Digits: '2'});
    expect(reply.text).toContain('<Response><Hangup/>');
  });

  test('of a call that was not meant to be is hung up on, whatever they press', async () => {
    await away();
    const strange = await deployment.ask(`${whisperPath()}&asked=1`, {...asPerson(newCallSid()), Digits: '1'});
    expect(strange.text).toContain('<Response><Hangup/>');
    expect(await outcome()).toBeUndefined();
  });
});

describe('when the person does not take the caller', () => {
  test.each([
    ['busy', 'busy'],
    ['no-answer', 'no-answer'],
    ['failed', 'failed'],
    ['completed', 'declined'],
  ])('the caller comes back to the same assistant: %s', async (status, came) => {
    await away();
    await reports(status);
    await broughtBack();
    expect((await returns()).text).toContain('<Connect');
    expect(await outcome()).toBe(`{"away":0,"outcome":"${came}"}`);
  });

  test('a report that comes twice brings them back once, also at the same time at two webhooks', async () => {
    await away();
    const other = await deployment.webhook();
    const path = `/person-status?call=${callSid}&away=0`;
    const form = {...asPerson(), CallStatus: 'busy'};
    const {directory} = deployment;
    const read = directory.read.bind(directory);
    const allHaveRead = Promise.withResolvers<void>();
    let reads = 0;
    directory.read = async sid => {
      const call = await read(sid);
      reads += 1;
      if (reads === 3) allHaveRead.resolve();
      await allHaveRead.promise;
      return call;
    };
    await Promise.all([reports('busy'), deployment.ask(path, form, {webhook: other}), reports('busy')]);
    await allHaveRead.promise;
    await broughtBack();
    await returns();
    await reports('busy');
    expect(people.broughtBack).toHaveLength(1);
  });

  test('a report that is faster than the answer to the request brings them back, too', async () => {
    const action = await leaving();
    const person = newCallSid();
    await reports('busy', person);
    people.ring = async () => ({outcome: 'placed', callSid: person});
    await deployment.ask(action, inProgress(callSid));
    await broughtBack();
  });

  test('reports of other calls, and that the telephone rings, change nothing', async () => {
    await away();
    await reports('busy', newCallSid());
    await reports('ringing');
    expect([await outcome(), people.broughtBack]).toEqual([undefined, []]);
  });

  test('they are brought back although the carrier refuses for a while', async () => {
    await away();
    people.bringBackFails = 2;
    await reports('busy');
    await broughtBack();
  });

  test('they are brought back although the report got lost, because the music is asked for', async () => {
    const reply = await away();
    people.status = 'no-answer';
    await deployment.ask(attribute(reply, 'waitUrl'), inProgress(callSid));
    await broughtBack();
    expect(people.broughtBack).toMatchObject([{outcome: 'no-answer', callSid}]);
  });

  test('they leave a message where the assistant wants that', async () => {
    await away({ifNobody: 'voicemail'});
    await reports('busy');
    await broughtBack();
    expect((await returns()).text).toContain('<Record');
  });
});
