import fc from 'fast-check';
import {expect, test} from 'vitest';
import {toolsWith, ScriptedLookUp} from '../testing/tools.ts';
import {CaptureMask} from './mask-capture.ts';

const maskOf = (isKept: boolean) => {
  const tools = toolsWith(Object.assign(new ScriptedLookUp(), {isKept}));
  return new CaptureMask(() => tools);
};
const called = (args: string) =>
  ({type: 'toolCalled', responseId: 'r1', itemId: 'i1', callId: 'c1', name: 'look_up', arguments: args}) as const;

test('no digit that anybody said is in a capture, and the ids and positions of the protocol are', () => {
  const mask = maskOf(true);
  expect(mask.event({type: 'callerWords', itemId: 'item-7', text: 'My card is 4711 0815.'})).toMatchObject({
    itemId: 'item-7',
    text: 'My card is 0000 0000.',
  });
  expect(mask.command({do: 'truncate', itemId: 'item-7', audioEndMs: 1_234})).toMatchObject({audioEndMs: 1_234});
  const note = {kind: 'note', id: 'n1', text: 'The caller pressed 12.'} as const;
  expect(mask.command({do: 'add', item: note})).toMatchObject({item: {text: 'The caller pressed 00.'}});
});

test('of a tool whose record is not kept, a capture has neither the arguments nor the result in words', () => {
  const args = '{"city":"Oslo","floor":3,"who":["Kari"]}';
  expect(maskOf(false).event(called(args))).toMatchObject({arguments: '{"city":"xxxx","floor":0,"who":["xxxx"]}'});
  expect(maskOf(true).event(called(args))).toMatchObject({arguments: '{"city":"Oslo","floor":0,"who":["Kari"]}'});
  const mask = maskOf(false);
  mask.event(called('{}'));
  const item = {kind: 'toolResult', id: 'result-c1', callId: 'c1', output: 'Kari, 47 years'} as const;
  expect(mask.command({do: 'add', item})).toMatchObject({item: {output: 'xxxx, 00 xxxxx'}});
  expect(mask.outcome('look_up', {kind: 'output', output: 'Kari', notes: {}})).toEqual({
    kind: 'output',
    output: 'xxxx',
  });
});

test('masked twice is masked once: what a replay does can be compared', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({unit: 'grapheme'})), fc.boolean(), (args, isKept) => {
      const once = maskOf(isKept).event(called(args));
      expect(maskOf(isKept).event(once as ReturnType<typeof called>)).toEqual(once);
      const item = {kind: 'assistant', id: 'a', text: args} as const;
      const said = maskOf(isKept).command({do: 'add', item}) as {do: 'add'; item: typeof item};
      expect(maskOf(isKept).command(said)).toEqual(said);
      expect(said.item.text).not.toMatch(/[1-9]/);
    }),
  );
});
