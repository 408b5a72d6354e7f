import {type AwayOrder, PLAIN_ORDER} from '@voicebridge/shared/protocol/away.ts';
import {expect, test} from 'vitest';
import {Conversation} from '../conversation/conversation.ts';
import {ModelContext} from '../conversation/model-context.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {RecentIds} from '../replies/recent-ids.ts';
import {Departure} from './departure.ts';
import {KeyEntries} from './key-entries.ts';
import {Rounds} from './rounds.ts';
import {type OpenCall, RunningCalls} from './running-calls.ts';
import {ToolRecords} from './tool-records.ts';
import {ToolResults} from './tool-results.ts';

const HANG_UP = {kind: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'} as const;
const order: AwayOrder = {...PLAIN_ORDER, kind: 'number', to: '+41790000055', ringSeconds: 20};
const TRANSFER = {kind: 'away', say: undefined, order} as const;

/** A caller whom the assistant lets go by a tool, called at 5 s. */
function departing(outcome: typeof HANG_UP | typeof TRANSFER) {
  const records = new ToolRecords();
  const state = {
    memory: new ModelContext(new Conversation(), {epoch: 1, truncates: true}),
    assistant: {tools: []},
    entries: new KeyEntries(),
    records,
    running: new RunningCalls(),
    rounds: new Rounds(8),
    seen: new RecentIds(8),
    hostedItems: new Map<string, string>(),
  };
  const departure = new Departure(state, new ToolResults(state), undefined, 0);
  const call = (callId: string): OpenCall => ({
    callId,
    record: records.next({turn: 0, name: callId, at: 2_000}),
    calledAt: 5_000,
  });
  const {effects} = departure.begins(call('first'), outcome, 'r1', 5_000);
  /** The response that brought the tool call was heard. */
  const heard = (at: number) => {
    departure.goodbye.responseEnded('r1', 0, at);
    return departure.closing(true, false, at - 3_000, at) ?? [];
  };
  return {departure, call, begun: noted(effects), heard};
}

const noted = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' && effect.fact.is === 'tool' ? [effect.fact.tool] : []));
const whats = (effects: readonly CallEffect[]) => effects.map(({do: what}) => what);

test('hanging up lasts from the tool call until the line is closed', () => {
  const {departure, begun, heard} = departing(HANG_UP);
  expect(begun).toMatchObject([{name: 'first', durationMs: null, ok: false}]);
  const effects = heard(7_500);
  expect(effects.at(-1)).toEqual({do: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'});
  expect(noted(effects)).toEqual([{...begun[0], durationMs: 2_500, ok: true, outcome: 'ok', result: null}]);
  expect(noted(departure.cancel(7_600))).toEqual([]);
});

test('a caller who keeps the line stops the hang-up, and the record says that it did not succeed', () => {
  const {departure, heard} = departing(HANG_UP);
  expect(noted(departure.cancel(6_000))).toMatchObject([{durationMs: 1_000, ok: false}]);
  expect([departure.isUnderWay, heard(9_000)]).toEqual([false, []]);
});

test('a transfer lasts until the caller is back, and its result is the outcome', () => {
  const {departure, heard} = departing(TRANSFER);
  expect(whats(heard(6_000))).toEqual(['journal', 'away']);
  expect(departure.isUnderWay).toBe(true);
  const {effects, request} = departure.returned('busy', 20_000, 23_000);
  expect(noted(effects)).toMatchObject([{name: 'first', durationMs: 18_000, ok: false}]);
  expect(request).toMatchObject({cause: 'tool'});
  expect(departure.isUnderWay).toBe(false);
});

test('a second tool that would end the call gets an answer, so that no record stays open', () => {
  const {departure, call, heard} = departing(HANG_UP);
  const second = {...call('second'), responseId: 'r1', isResponseOver: false};
  const effects = departure.resulted(second, HANG_UP, {at: 6_000, audibleUntil: 6_000});
  expect(noted(effects)).toMatchObject([{name: 'second', durationMs: 1_000, ok: false}]);
  expect(noted(heard(7_500))).toMatchObject([{name: 'first', ok: true}]);
});

test('a caller who is away, or about to go, is not sent away by an operator as well', () => {
  const {departure, heard} = departing(TRANSFER);
  const when = {turn: 1, since: 3_000, at: 6_000};
  expect(departure.ordered(order, when)).toEqual([]);
  heard(6_500);
  expect(departure.ordered(order, when)).toEqual([]);
  departure.returned('accepted', 9_000, 12_000);
  expect(whats(departure.ordered(order, when))).toEqual(['journal', 'model', 'journal', 'journal', 'away']);
});
