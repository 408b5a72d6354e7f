import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Queue} from 'bullmq';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import type {ModelScript, Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {Person} from '../../simulators/twilio/src/call/person.ts';
import type {Callee, CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import type {RestMood} from '../../simulators/twilio/src/rest/rest-mood.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {type Bridge, openBridge} from './bridge.ts';

const folder = mkdtempSync(join(tmpdir(), 'transfers-'));

/** A caller, whom they are sent to, and what is there. */
interface Scene {
  /** The transfer of the assistant that answers, in YAML. */
  readonly tool: string;
  /** As the carrier calls it: `Number: +47…`. */
  readonly target?: string;
  readonly person?: Person;
  readonly from?: string;
  /** Who is called through the REST API, and how it takes the request for that. */
  readonly callee?: Callee;
  readonly mood?: RestMood;
  /** The caller hangs up while a telephone rings. */
  readonly hangsUp?: true;
  /** What the model calls; the transfer with a summary if not given. */
  readonly calls?: {readonly name: string; readonly arguments: Record<string, unknown>};
}

const answers = (key?: string): Person => ({
  does: 'answer',
  after: 200,
  ...(key === undefined ? {} : {key, keyAfter: 100}),
  talks: 500,
});
/** The person whom a warm transfer calls, and what they do after hearing a moment of the summary. */
const called = (...script: CallerScript): Callee => ({
  does: 'answer',
  after: 200,
  script: [{do: 'pause', ms: 300}, ...script, {do: 'pause', ms: 500}, {do: 'hangUp'}],
});
const to = (destination: string, more = '') => `{kind: transfer, to: ${destination}, when: Always., ${more}}`;

const warm = (number: string, more = '') => to(`'${number}'`, `warm: true, ${more}`);

/** All of them call at the same time. */
const scenes = {
  accepted: {tool: to(`'+4722000001'`), target: 'Number: +4722000001', person: answers('1')},
  wrongKey: {tool: to(`'+4722000002'`), target: 'Number: +4722000002', person: answers('2')},
  declines: {
    tool: to(`'+4722000003'`),
    target: 'Number: +4722000003',
    person: {does: 'decline', after: 200, listens: 300},
  },
  mailbox: {tool: to(`'+4722000004'`), target: 'Number: +4722000004', person: answers()},
  servedQueue: {tool: to('{queue: sales}'), target: 'Queue: sales', person: answers()},
  deserted: {tool: to('{queue: support}', 'ringFor: 5'), target: 'Queue: support', person: {does: 'be-silent'}},
  referred: {
    tool: to(`'sip:desk@example.com'`, 'refer: true'),
    from: 'sip:ada@example.org',
    target: 'Sip: sip:desk@example.com',
    person: answers(),
  },
  message: {
    tool: to(`'+4722000005'`, 'ifNobody: voicemail, nobodySay: Please leave a message.'),
    target: 'Number: +4722000005',
    person: {does: 'be-busy', after: 100},
  },
  keys: {tool: to(`'+4722000006'`), calls: {name: 'send_digits', arguments: {digits: '1w2#'}}},
  forbidden: {tool: to(`'*'`), calls: {name: 'to_person', arguments: {to: '+447000000000', summary: 'Ada.'}}},
  noNumber: {tool: to(`'*'`), calls: {name: 'to_person', arguments: {to: 'the boss', summary: 'Ada.'}}},
  meets: {
    tool: warm('+4733000001'),
    callee: called({do: 'press', digit: '1'}, {do: 'until', until: call => call.isMeeting}),
  },
  meetsNobody: {tool: warm('+4733000002'), callee: {does: 'be-busy', after: 200}},
  meetsDecliner: {tool: warm('+4733000003'), callee: called()},
  meetsWrongKey: {tool: warm('+4733000004'), callee: called({do: 'press', digit: '2'})},
  meetsLate: {tool: warm('+4733000005', 'ringFor: 5'), callee: {does: 'be-silent'}},
  meetsGone: {tool: warm('+4733000006'), callee: {does: 'be-silent'}, hangsUp: true},
  trial: {tool: warm('+4733000007'), mood: 'trial-account'},
  credentials: {
    tool: warm('+4733000008'),
    mood: 'credentials',
    target: 'Number: +4733000008',
    person: answers('1'),
  },
  tooMany: {tool: warm('+4733000009'), mood: 'too-many', target: 'Number: +4733000009', person: answers('1')},
} as const satisfies Record<string, Scene>;
type Name = keyof typeof scenes;
const NAMES = Object.keys(scenes) as Name[];
const numberOf = (name: Name) => `+4711${String(NAMES.indexOf(name)).padStart(6, '0')}`;

const says = (text: string): Reply => [{say: {text, audioMs: 400}}];
const model: ModelScript = ({kind, session}) => {
  if (kind === 'greeting') return says('Hello.');
  const name = session.config.instructions as Name;
  const scene: Scene = scenes[name];
  const isTold = session.items.some(({type}) => type === 'function_call_output');
  const {calls = {name: 'to_person', arguments: {summary: 'Ada wants to change her order.'}}} = scene;
  return isTold ? says('Here I am again.') : [...says('One moment.'), {call: calls}];
};

/** A caller who never hears the assistant again hangs up. */
const GIVES_UP_MS = 60_000;

let bridge: Bridge;
const reports: Partial<Record<Name, CallReport>> = {};
const records: Partial<Record<Name, CallFinished>> = {};
const report = (name: Name) => reports[name]!;
/** What came of each absence, and why the call ended. */
const became = (name: Name) => {
  const {aways, endReason} = records[name]!.summary;
  return [aways?.map(({kind, outcome}) => `${kind}: ${outcome}`).join(), endReason];
};
/** What the model was told. */
const told = (name: Name) =>
  bridge.openai.sessions
    .filter(({config}) => config.instructions === name)
    .flatMap(({items}) => items.map(item => item.toWire()))
    .flatMap(({type, output}) => (type === 'function_call_output' ? [String(output)] : []))
    .at(-1);

beforeAll(async () => {
  for (const name of NAMES)
    writeFileSync(
      join(folder, `${name.toLowerCase()}.yaml`),
      `answers: '${numberOf(name)}'\nprompt: ${name}\ngreeting: Hello.\nturnDetection: {kind: server, silenceMs: 500}\ntools: {to_person: ${scenes[name].tool}, send_digits: {kind: built-in, name: send_digits}}\n`,
    );
  const people = (target: string) => Object.values<Scene>(scenes).find(scene => scene.target === target)?.person;
  const calleeOf = (number: string) => Object.values<Scene>(scenes).find(({tool}) => tool.includes(number));
  let refused = 0;
  bridge = await openBridge({
    assistants: folder,
    env: {GREETING_PROTECTED_MS: '0', MODEL_BUSY_SAY: 'Please wait.', TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`},
    openai: {knobs: {speed: [6, 6], firstDeltaMs: [20, 20]}, script: model},
    twilio: {
      people,
      sayMsPerChar: 1,
      statusCallbacks: {late: 500, twice: true},
      callees: number => calleeOf(number)?.callee ?? {does: 'fail', after: 0},
      callerIds: NAMES.map(numberOf),
      restMood: ({path, form}) => {
        if (path === '/Calls.json') return calleeOf(form.get('To') ?? '')?.mood;
        // The first who is to be brought back is not, at first.
        if (form.get('Url') === null || refused > 0) return undefined;
        refused += 1;
        return 'too-many';
      },
    },
  });
  await Promise.all(
    NAMES.map(async name => {
      const scene: Scene = scenes[name];
      const givesUpAt = performance.now() + GIVES_UP_MS;
      const isBack = (call: {readonly hearsAssistant: boolean}) =>
        (told(name) !== undefined && call.hearsAssistant) || performance.now() > givesUpAt;
      const isRinging = () => bridge.twilio.calls.some(({facts}) => scene.tool.includes(facts.to));
      const call = bridge.twilio.dial(
        [
          {do: 'waitForSilence', ms: 300},
          {do: 'say', clip: 'caller-yes'},
          {do: 'until', until: scene.hangsUp ? isRinging : isBack},
          scene.hangsUp ? {do: 'pause', ms: 500} : {do: 'waitForSilence', ms: 300},
          {do: 'hangUp'},
        ],
        {
          to: numberOf(name),
          ...(scene.from === undefined ? {} : {from: scene.from}),
        },
      );
      reports[name] = await call.ended;
    }),
  );
  const {hostname: host, port, pathname} = new URL(bridge.redisUrl);
  const queue = new Queue<CallFinished>(CALLS_QUEUE, {
    connection: {host, port: Number(port), db: Number(pathname.slice(1) || 0)},
    prefix: CALLS_QUEUE_PREFIX,
    skipVersionCheck: true,
  });
  for (const name of NAMES) {
    records[name] = await vi.waitUntil(async () => (await queue.getJob(report(name).callSid))?.data, {timeout: 30_000});
  }
  await queue.close();
});
afterAll(async () => {
  await bridge[Symbol.asyncDispose]();
  rmSync(folder, {recursive: true});
});

test('a person hears what it is about, takes the caller with the key, and the assistant is out of the call', () => {
  const {people, streams} = report('accepted');
  expect(people[0]?.heard.slice(0, 2)).toEqual(['Ada wants to change her order.', 'Press 1 to take the call.']);
  expect([people[0]?.bridgedAt !== undefined, streams.length]).toEqual([true, 1]);
  expect(became('accepted')).toEqual(['number: accepted', 'assistant.transferred']);
});

test.each(['wrongKey', 'declines', 'mailbox'] as const)(
  'a caller whom nobody takes (%s) is back with the assistant, which was told so',
  name => {
    expect(report(name).people.map(({bridgedAt}) => bridgedAt)).toEqual([undefined]);
    expect(report(name).streams).toHaveLength(2);
    expect(told(name)).toMatch(/^The call was answered, but nobody took it/);
    expect(became(name)).toEqual(['number: declined', 'caller.hung-up']);
  },
);

test('a caller in a queue is taken, or is back when nobody was free in time', () => {
  expect(report('servedQueue').handedTo).toEqual(['Enqueue: sales']);
  expect(became('servedQueue')).toEqual(['queue: accepted', 'assistant.transferred']);
  expect(told('deserted')).toMatch(/^Nobody was free within 5 seconds/);
  expect(became('deserted')).toEqual(['queue: no-answer', 'caller.hung-up']);
});

test('a caller who came by SIP is handed over with REFER', () => {
  expect(report('referred').handedTo).toEqual(['Refer: sip:desk@example.com']);
  expect(became('referred')).toEqual(['sip: accepted', 'assistant.transferred']);
});

test('a caller leaves a message where nobody is there and the assistant wants one', () => {
  expect(report('message').saidByTwilio).toEqual(['Please leave a message.']);
  expect(report('message').handedTo).toContain('Record');
  expect(became('message')).toEqual(['number: busy', 'assistant.transferred']);
});

test('keys are pressed on the line, and the assistant listens to what comes', () => {
  expect(report('keys').keysPlayed).toEqual(['1w2#']);
  expect(report('keys').streams.flatMap(({dtmf}) => dtmf)).toEqual([]);
  expect(told('keys')).toMatch(/^The keys 1w2# were pressed/);
  expect(became('keys')).toEqual(['digits: sent', 'caller.hung-up']);
});

test('a destination that is not allowed or is no number is refused, and the model is told why', () => {
  expect([told('forbidden'), told('noNumber')]).toEqual([
    expect.stringContaining('+447000000000'),
    expect.stringContaining('the boss'),
  ]);
  for (const name of ['forbidden', 'noNumber'] as const) {
    expect([report(name).people, report(name).streams.length]).toEqual([[], 1]);
    expect(became(name)).toEqual(['', 'caller.hung-up']);
  }
});

/** The call to a person, by the REST API. */
const personCalled = (name: Name) => bridge.twilio.calls.find(({facts}) => scenes[name].tool.includes(facts.to));

test('a caller hears music while a person is asked in a call of its own, and both meet', async () => {
  const person = await personCalled('meets')!.ended;
  expect(person.saidByTwilio.slice(0, 2)).toEqual(['Ada wants to change her order.', 'Press 1 to take the call.']);
  const [theirs, ours] = [person.meetings, report('meets').meetings];
  expect(theirs.map(({name}) => name)).toEqual([`${report('meets').callSid}-0`]);
  expect(ours.map(({name}) => name)).toEqual(theirs.map(({name}) => name));
  expect(report('meets').webhooks.some(({purpose}) => purpose === 'wait')).toBe(true);
  expect(became('meets')).toEqual(['number: accepted', 'assistant.transferred']);
});

test.each([
  ['meetsNobody', 'busy', /^The line of the person is busy/],
  ['meetsDecliner', 'declined', /^The call was answered, but nobody took it/],
  ['meetsWrongKey', 'declined', /^The call was answered, but nobody took it/],
  ['meetsLate', 'no-answer', /^Nobody answered within 5 seconds/],
] as const)(
  'a caller whom nobody meets (%s) is back once, however often and late it is reported',
  (name, outcome, words) => {
    expect([report(name).meetings, report(name).streams.length]).toEqual([[], 2]);
    expect(told(name)).toMatch(words);
    expect(became(name)).toEqual([`number: ${outcome}`, 'caller.hung-up']);
  },
);

test('a caller who hangs up takes the person with them, whose telephone does not ring on', async () => {
  expect((await personCalled('meetsGone')!.ended).status).toBe('canceled');
  expect(became('meetsGone')).toEqual(['number: hung-up', 'caller.hung-up']);
});

test.each(['credentials', 'tooMany'] as const)(
  'where the REST API refuses (%s) the person is dialled all the same',
  name => {
    expect(report(name).people.map(({bridgedAt}) => bridgedAt !== undefined)).toEqual([true]);
    expect(became(name)).toEqual(['number: accepted', 'assistant.transferred']);
  },
);

test('a number that a trial account may not call brings the caller back, and the model is told', () => {
  expect(told('trial')).toMatch(/^This destination may not be called/);
  expect(became('trial')).toEqual(['number: refused', 'caller.hung-up']);
});

test('no absence counts as a lost stream, and Twilio complains about nothing', () => {
  for (const name of NAMES) {
    expect([name, report(name).violations]).toEqual([name, []]);
    expect([name, records[name]!.failovers?.filter(({kind}) => kind.startsWith('edge')) ?? []]).toEqual([name, []]);
  }
});
