import {note} from '@voicebridge/assistant/note-tool.ts';
import {KEPT_OF_TOOL, ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import {readJournal} from '../events/journal-entry.ts';
import {snapshotOf} from '../journal/restore-call.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {began, Call, ended, hangUp, journalled, responseTags, speechEvent} from '../testing/call.ts';
import {openingHours, ScriptedLookUp, toolsWith} from '../testing/tools.ts';
import {noteTool} from '../tools/note.ts';
import {outcomeUnknown, toolTimedOut} from '../tools/tool-failure.ts';
import type {BackgroundTool, Tool} from '../tools/tool.ts';

const found = {kind: 'output', output: 'It was sent on Monday.'} as const;
const withRules = (rules: Partial<BackgroundTool>) => [...toolsWith(Object.assign(new ScriptedLookUp(), rules))];
const calls = (name: string, args = '{"city":"Bern"}'): ModelEvent => ({
  type: 'toolCalled',
  responseId: 'r1',
  itemId: 'item-c1',
  callId: 'c1',
  name,
  arguments: args,
});
/** What the record says of the last tool call so far. */
const noted = (call: Call) => journalled(call.effects, 'tool').at(-1)?.tool;

/** The journal of a call, as it is in Redis. */
const writtenBy = (call: Call) =>
  call.effects.flatMap(effect => (effect.do === 'journal' ? [{wall: 0, ...effect.fact}] : []));

/** A caller asked something, and the model calls `look_up`, or another tool, at 1,000 ms. */
function asking(
  rules: Partial<BackgroundTool> = {},
  called: ModelEvent = calls('look_up'),
  more: readonly Tool[] = [],
): Call {
  const call = Call.connected({}, '', {tools: [...withRules(rules), ...more]});
  call.at(100).model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped', 600));
  const response = {type: 'responseStarted', responseId: 'r1', tag: undefined} as const;
  call.at(1_000).model({type: 'turnCommitted', itemId: 'u1'}, response, called, ended('r1'));
  return call;
}

/** The same call on another worker, which reads what the first one wrote as it is in Redis. */
function taken(call: Call, rules: Partial<BackgroundTool>, compacted = false): Call {
  const written = writtenBy(call);
  const entries = compacted ? [{is: 'snapshot', wall: 0, call: snapshotOf(written)}] : written;
  const next = new Call({}, '', {tools: withRules(rules)}, readJournal(entries.map(entry => JSON.stringify(entry))));
  next.model({type: 'ready'});
  next.edge(began);
  return next;
}

test('the arguments and the result of a tool are in the record where the tool says so, and nowhere else', () => {
  const [kept, masked] = [asking({isKept: true}), asking()];
  for (const call of [kept, masked]) call.at(3_500).toolFinished('c1', found);
  expect(noted(kept)).toMatchObject({arguments: '{"city":"Bern"}', result: 'It was sent on Monday.'});
  expect(JSON.stringify(journalled(masked.effects, 'tool'))).not.toMatch(/Bern|Monday/);
});

test('arguments and results without end are kept as far as the record takes them, and no character in half', () => {
  const long = `${'x'.repeat(KEPT_OF_TOOL - 1)}\u{1F600}`;
  const call = asking({isKept: true}, calls('look_up', JSON.stringify({city: long})));
  call.at(2_000).toolFinished('c1', {kind: 'output', output: long});
  const record = noted(call);
  expect(ToolCallRecord.parse(record)).toEqual(record);
  expect(record?.arguments).toHaveLength(KEPT_OF_TOOL);
  expect(record?.result).toBe(`${'x'.repeat(KEPT_OF_TOOL - 1)}\uFFFD`);
});

test('the record tells the time of the tool from the time around it', () => {
  const call = asking();
  call.at(3_500).toolFinished('c1', found, {ranMs: 2_460});
  expect(noted(call)).toMatchObject({durationMs: 2_500, waitMs: 40, outcome: 'ok', ok: true});
});

test.each([
  ['failed', {kind: 'failed', output: 'It failed.'}],
  ['late', toolTimedOut('look_up', 8_000)],
  ['unknown', outcomeUnknown('look_up')],
] as const)('a tool whose result does not come in the usual way is recorded as %s', (outcome, result) => {
  const call = asking();
  call.at(3_500).toolFinished('c1', result);
  expect(noted(call)).toMatchObject({outcome, ok: false, durationMs: 2_500});
});

test.each([
  ['no tool of the assistant', calls('fly')],
  ['called with arguments that are no JSON', calls('look_up', '{"city":')],
])('a tool that is %s is recorded as refused: nothing ran', (_, called) => {
  expect(noted(asking({}, called))).toMatchObject({outcome: 'refused', ok: false, waitMs: null});
});

test('a hang-up before the caller has said anything is recorded as refused', () => {
  const call = Call.connected({}, '', {tools: [...toolsWith(openingHours)]});
  call.model({type: 'responseStarted', responseId: 'r1', tag: undefined}, hangUp('r1'), ended('r1'));
  expect(noted(call)).toMatchObject({name: 'hang_up', outcome: 'refused'});
});

test('a tool that was stopped because the caller spoke is recorded as cancelled', () => {
  const call = asking({stopsForCaller: true});
  call.at(2_000).model(speechEvent('u2', 'callerSpoke'));
  expect(noted(call)).toMatchObject({outcome: 'cancelled', ok: false, durationMs: 1_000});
});

test('a tool whose call ended before its result has no outcome', () => {
  expect(noted(asking())).toMatchObject({outcome: null, durationMs: null, ok: false});
});

const waiting = {say: ['One moment.'], afterMs: 800};

test('the record says whether the caller was told to wait', () => {
  const [slow, quick] = [asking({waiting}), asking({waiting})];
  slow.timePasses(1_800);
  slow.at(3_000).toolFinished('c1', found);
  quick.at(1_500).toolFinished('c1', found);
  expect([noted(slow)?.toldToWait, noted(quick)?.toldToWait]).toEqual([true, false]);
});

test.each([
  ['plain', false],
  ['compacted', true],
])('a worker that takes the call over goes on with the record of its tool, from a %s journal', (_, compacted) => {
  const rules = {waiting, isKept: true};
  const call = asking(rules);
  call.timePasses(1_800);
  const next = taken(call, rules, compacted);
  next.at(2_500).toolFinished('c1', found);
  expect(noted(next)).toMatchObject({
    call: 0,
    at: 1_000,
    toldToWait: true,
    arguments: '{"city":"Bern"}',
    result: found.output,
    outcome: 'ok',
  });
});

test('what finished tools were asked and answered is not in what a taken call goes on from', () => {
  const call = asking({isKept: true}, calls('look_up', '{"city":"Bern"}'));
  call.at(2_000).toolFinished('c1', found);
  expect(snapshotOf(writtenBy(call)).tools).toMatchObject([['c1', {ok: true, arguments: null, result: null}]]);
});

const booking = noteTool('take_down', note({fields: {name: {type: 'string'}, guests: {type: 'number'}}}));

test('what the assistant notes is in the journal for the record, and the model goes on', () => {
  const call = asking({}, calls('take_down', '{"name":"Kari","guests":4}'), [booking]);
  expect(journalled(call.effects, 'notes')).toEqual([{is: 'notes', notes: {name: 'Kari', guests: 4}}]);
  expect(noted(call)).toMatchObject({name: 'take_down', outcome: 'ok', arguments: null, result: null});
  expect(responseTags(call.effects)).toEqual(['tool-1']);
  expect(readJournal(writtenBy(call).map(entry => JSON.stringify(entry)))).toHaveLength(writtenBy(call).length);
});

test('a note that the record would not take is refused, and nothing is noted', () => {
  const call = asking({}, calls('take_down', '{"name":"Kari","guests":"four"}'), [booking]);
  expect(journalled(call.effects, 'notes')).toEqual([]);
  expect(noted(call)).toMatchObject({outcome: 'refused'});
});

test('a record from before has no outcome, and says nothing of words or waiting', () => {
  expect(ToolCallRecord.parse({call: 0, turn: 1, name: 'look_up', at: 5, durationMs: 10, ok: true})).toMatchObject({
    waitMs: null,
    outcome: null,
    toldToWait: false,
    arguments: null,
    result: null,
  });
});
