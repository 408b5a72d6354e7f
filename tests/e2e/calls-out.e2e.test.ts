import {usualDisclosure} from '@voicebridge/assistant/disclosure.ts';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {readClip} from '../../simulators/audio/clips.ts';
import {answeringMachine, type Callee} from '../../simulators/twilio/src/fake-twilio.ts';
import {CallingOut, exactWords} from '../../tools/harness/calling-out.ts';

const PERSON = '+4722000001';
const MACHINE = '+4722000002';
const BUSY = '+4722000003';
const LOCKED = '+4722000004';
const ON_TRIAL = '+4722000005';
const MESSAGE = 'This is Fjord. Please call us back.';

const REMINDER = `prompt: You remind {{name}} of an appointment.
greeting: Hello {{name}}.
voicemail: {say: '${MESSAGE}'}
transcripts: heard
variables: {name: you}
`;

const callees: Readonly<Record<string, Callee>> = {
  // Somebody who listens, and hangs up when they know why we call. Who speaks meanwhile stops the greeting, as any caller does.
  [PERSON]: {
    does: 'answer',
    after: 300,
    script: [{do: 'waitForSilence', ms: 1_500}, {do: 'hangUp'}],
  },
  [MACHINE]: answeringMachine({after: 200, announces: readClip('caller-goodbye')}),
  [BUSY]: {does: 'be-busy', after: 100},
};

/** All processes, people and machines that are called, and Twilio’s REST API in every mood. */
describe('a program that has calls made', () => {
  let out: CallingOut;
  let moods: ('credentials' | 'too-many')[] = [];
  beforeAll(async () => {
    out = await CallingOut.start({
      assistants: {reminder: REMINDER},
      script: ({instructions}) => {
        const text = exactWords(instructions) ?? 'It is tomorrow at nine.';
        return [{say: {text, audioMs: 700}}];
      },
      twilio: {
        callees: to => callees[to] ?? {does: 'fail', after: 0},
        // As bad as they get: in any order, and each of them twice.
        statusCallbacks: {late: 800, twice: true},
        restMood({method, path, form}) {
          if (method !== 'POST' || path !== '/Calls.json') return undefined;
          if (form.get('To') === ON_TRIAL) return 'trial-account';
          return form.get('To') === LOCKED ? moods.shift() : undefined;
        },
      },
    });
  });
  afterAll(() => out[Symbol.asyncDispose]());

  test('has a person called once, however often it asks, who hears first that a machine speaks', async () => {
    const {id} = await out.want(PERSON, 'reminder', {variables: {name: 'Ada'}}, 'the-same');
    expect((await out.want(PERSON, 'reminder', {variables: {name: 'Ada'}}, 'the-same')).id).toBe(id);
    const {attempts} = await out.until(id, ({state}) => state === 'completed');
    const calls = out.fleet.twilio.calls.filter(({facts}) => facts.to === PERSON);
    expect(calls.map(({callSid}) => callSid)).toEqual([attempts[0]?.callSid]);
    expect((await calls[0]!.ended).violations).toEqual([]);
    const {summary, transcript} = await out.record(attempts[0]?.callSid);
    expect(summary).toMatchObject({
      direction: 'outbound',
      assistant: 'reminder',
      answeredBy: 'human',
      disclosure: {by: 'mark', verbatim: true, heardAt: expect.any(Number)},
      endReason: 'caller.hung-up',
    });
    const said = transcript.flatMap(({role, text}) => (role === 'assistant' ? [text] : []));
    expect(said).toEqual([usualDisclosure(null), 'Hello Ada.']);
  });

  test('has a machine left a message behind its beep', async () => {
    const {id} = await out.want(MACHINE, 'reminder', {variables: {name: 'Ada'}});
    const {attempts} = await out.until(id, ({state}) => state === 'completed');
    expect(attempts[0]?.answeredBy).toBe('machine_end_beep');
    const call = out.fleet.twilio.calls.find(({facts}) => facts.to === MACHINE);
    const report = await call!.ended;
    expect([report.violations, report.endedBy]).toEqual([[], 'platform']);
    const beep = report.spoke.find(({clip}) => clip === 'beep');
    const last = report.streams.at(-1)?.segments.at(-1);
    expect(last!.at).toBeGreaterThan(beep!.endedAt);
    const {summary, transcript} = await out.record(attempts[0]?.callSid);
    expect(summary).toMatchObject({
      answeredBy: 'machine_end_beep',
      endReason: 'assistant.voicemail',
      disclosure: {verbatim: true, heardAt: expect.any(Number)},
    });
    const said = transcript.findLast(({role, cut}) => role === 'assistant' && !cut)?.text;
    expect([usualDisclosure(null), MESSAGE].filter(words => said?.includes(words))).toContain(MESSAGE);
  });

  test('learns that a number is busy, or not there', async () => {
    const busy = await out.want(BUSY, 'reminder', {attempts: 1});
    const nobody = await out.want('+4722999999', 'reminder');
    expect((await out.until(busy.id, ({state}) => state === 'busy')).attempts).toHaveLength(1);
    await out.until(nobody.id, ({state}) => state === 'failed');
  });

  test('learns why Twilio refuses: what passes is tried again, and can be taken back', async () => {
    moods = ['credentials', 'too-many', 'too-many'];
    const locked = await out.want(LOCKED, 'reminder');
    const trial = await out.want(ON_TRIAL, 'reminder');
    const {reason} = await out.until(trial.id, ({state}) => state === 'refused');
    expect(reason).toContain('21219');
    expect((await out.until(locked.id, call => call.reason !== null)).reason).toContain('401 (20003');
    await out.ask('DELETE', `/api/calls/${locked.id}`);
    expect(await out.read(locked.id)).toMatchObject({state: 'canceled', attempts: []});
    expect(out.fleet.twilio.calls.filter(({facts}) => [LOCKED, ON_TRIAL].includes(facts.to))).toEqual([]);
  });

  test.each([
    ['a number that is none', {to: '22334455', assistant: 'reminder'}, 400, 'to'],
    ['a number that may not be called', {to: '+4790000000', assistant: 'reminder'}, 409, 'to'],
    ['an assistant that is not there', {to: PERSON, assistant: 'remainder'}, 409, 'assistant'],
    [
      'a deadline that has passed',
      {to: PERSON, assistant: 'reminder', deadline: '2020-01-01T00:00:00Z'},
      400,
      'deadline',
    ],
  ])('is told at once that %s is wrong, and what to do', async (_, body, status, field) => {
    expect(await out.ask('POST', '/api/calls', body, 'bad')).toMatchObject({
      status,
      body: {field, cure: expect.any(String)},
    });
  });

  test('has nobody called who does not want it', async () => {
    const number = '+4722000009';
    expect((await out.ask('PUT', '/api/do-not-call', {number})).status).toBe(204);
    const refused = await out.ask('POST', '/api/calls', {to: number, assistant: 'reminder'}, 'unwanted');
    expect(refused).toMatchObject({status: 409, body: {field: 'to'}});
    expect((await out.ask('DELETE', '/api/do-not-call', {number})).status).toBe(204);
  });
});
