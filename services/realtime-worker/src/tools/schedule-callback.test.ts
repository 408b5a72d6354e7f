import type {OutgoingRequest} from '@voicebridge/assistant/http/http-tool.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {scheduleCallback} from './schedule-callback.ts';

const NOON = Date.UTC(2026, 10, 29, 11);
const api = {url: 'http://webhook:5050', token: 'vb_secret'};
const caller = {direction: 'inbound', caller: '+4722334455', callee: '+4721000000'};

/** What the model is told about a call back, and what the webhook was asked. */
async function arrange(
  args: object,
  {
    status = 202,
    answer = {},
    variables = caller,
    ...deps
  }: {
    status?: number;
    answer?: object | Error;
    variables?: Record<string, string>;
    api?: typeof api | undefined;
  } = {api},
) {
  const asked: OutgoingRequest[] = [];
  const given = 'api' in deps ? deps.api : api;
  const tool = scheduleCallback('call_back', {
    assistant: 'reception',
    timeZone: 'Europe/Oslo',
    api: given,
    variables,
    wall: () => NOON,
  });
  const outcome = await tool.run(
    {about: 'her order', ...args},
    {
      callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
      key: 'CA1:call-1',
      secrets: {},
      signal: new AbortController().signal,
      send: async request => {
        asked.push(request);
        if (answer instanceof Error) throw answer;
        return {status, type: 'application/json', body: JSON.stringify(answer)};
      },
    },
  );
  return {outcome, asked};
}

test('a caller is called back at the time that they agreed to, on their clock', async () => {
  const {outcome, asked} = await arrange({at: '2026-11-30T15:30'}, {answer: {ringsAt: '2026-11-30T14:30:00.000Z'}});
  expect(asked).toMatchObject([
    {method: 'POST', url: 'http://webhook:5050/api/calls', headers: {'idempotency-key': 'CA1:call-1'}},
  ]);
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
    to: '+4722334455',
    assistant: 'reception',
    notBefore: '2026-11-30T14:30:00.000Z',
    deadline: '2026-11-30T16:30:00.000Z',
    zone: 'Europe/Oslo',
    variables: {callback_about: 'her order'},
  });
  expect(outcome).toEqual({kind: 'output', output: expect.stringContaining('30 November 2026 at 15:30')});
});

test('whoever we have called is called back, and not our own number', async () => {
  const {asked} = await arrange(
    {at: '2026-07-01T09:00:00+02:00'.replace('2026-07', '2026-12')},
    {variables: {direction: 'outbound', caller: '+4721000000', callee: '+4722999999'}},
  );
  expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({to: '+4722999999', notBefore: '2026-12-01T07:00:00.000Z'});
});

test.each([
  [
    'the list of those who do not want it',
    {status: 409, answer: {error: 'this number is not to be called', cure: 'ask'}},
  ],
  ['quiet hours', {status: 409, answer: {error: 'this number is not to be called', cure: 'ask'}}],
])('the model is told why it is refused: %s', async (_, answered) => {
  const {outcome} = await arrange({at: '2026-11-30T15:30'}, answered);
  expect(outcome).toEqual({kind: 'failed', output: 'it is not arranged: this number is not to be called; ask'});
});

test.each([
  ['a time that has passed', {at: '2026-11-29T11:00'}, {}, '29 November 2026 at 12:00 now'],
  ['a time that is none', {at: 'tomorrow'}, {}, 'must be a date and a time'],
  ['half a year away', {at: '2027-06-01T11:00'}, {}, 'too far away'],
  ['a number that is withheld', {at: '2026-11-30T15:30'}, {variables: {...caller, caller: 'anonymous'}}, 'not known'],
  ['a bridge that makes no calls', {at: '2026-11-30T15:30'}, {api: undefined}, 'cannot be arranged here'],
])('nothing is asked for %s, and the model is told so', async (_, args, given, words) => {
  const {outcome, asked} = await arrange(args, given);
  expect(asked).toEqual([]);
  expect(outcome).toMatchObject({kind: 'failed', output: expect.stringContaining(words)});
});

test('a webhook that does not answer, or not to this token, is no promise to the caller', async () => {
  const at = '2026-11-30T15:30';
  expect((await arrange({at}, {answer: new Error('no answer')})).outcome).toMatchObject({kind: 'failed'});
  const {outcome} = await arrange({at}, {status: 401, answer: {error: 'this token is not known', cure: 'secret ways'}});
  expect(outcome).toEqual({kind: 'failed', output: 'it is not arranged: the answer was 401'});
});
