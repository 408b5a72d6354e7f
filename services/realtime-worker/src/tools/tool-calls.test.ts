import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {Conversation} from '../conversation/conversation.ts';
import {ModelContext} from '../conversation/model-context.ts';
import {assistantTools} from './assistant-tools.ts';
import {KeyEntries} from './key-entries.ts';
import {ToolCalls} from './tool-calls.ts';

const noted = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' && effect.fact.is === 'tool' ? [effect.fact.tool] : []));
const facts = {turn: 4, at: 5_000, since: 2_000, isSilenced: false, audibleUntil: 5_000};
const called = (name: string) =>
  ({
    type: 'toolCalled',
    responseId: 'r1',
    itemId: `item-${name}`,
    callId: `call-${name}`,
    name,
    arguments: '{}',
  }) as const;
/** The caller has said something. */
function spokenWith(): Conversation {
  const conversation = new Conversation();
  conversation.add({kind: 'caller', id: 'u0', text: 'Goodbye.'}, 0);
  return conversation;
}
const RESTORED = {toolCalls: 2, tools: new Map(), aways: 0, away: undefined};
const tools = () =>
  new ToolCalls(
    new ModelContext(spokenWith(), {epoch: 1, truncates: true}),
    {tools: assistantTools, toolRounds: 8},
    new KeyEntries(),
    RESTORED,
    0,
  );

test('a tool that the assistant does not have is answered at once, and recorded as not successful', () => {
  expect(noted(tools().called(called('fly'), facts).effects)).toMatchObject([{durationMs: 0, ok: false}]);
});

test('a second hang-up in one reply is answered at once, so that no other worker hangs up for it later', () => {
  const conversation = spokenWith();
  const calls = new ToolCalls(
    new ModelContext(conversation, {epoch: 1, truncates: true}),
    {tools: assistantTools, toolRounds: 8},
    new KeyEntries(),
    undefined,
    0,
  );
  calls.called(called('hang_up'), facts);
  const second = {...called('hang_up'), itemId: 'item-2', callId: 'call-2'};
  expect(noted(calls.called(second, facts).effects)).toMatchObject([{call: 1, durationMs: 0, ok: false}]);
  calls.stay(6_000);
  const next = new ToolCalls(
    new ModelContext(conversation, {epoch: 2, truncates: true}),
    {tools: assistantTools, toolRounds: 8},
    new KeyEntries(),
    RESTORED,
    0,
  );
  next.takenOver.adoptGoodbye(7_000);
  expect(next.goodbye.said).toBe(false);
});
