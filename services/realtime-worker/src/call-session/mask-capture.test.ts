import fc from 'fast-check';
import {expect, test} from 'vitest';
import {summedUp} from '../conversation/summed-up.ts';
import {toolsWith, ScriptedLookUp} from '../testing/tools.ts';
import {lateResult} from '../tools/late-result.ts';
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

test('the result of a tool that the model did not wait for is masked as that tool is, wherever it is told', () => {
  const told = (isKept: boolean, id: string, text: string) =>
    (maskOf(isKept).command({do: 'add', item: {kind: 'note', id, text}}) as {item: {text: string}}).item.text;
  const late = lateResult('look_up', 'Kari, 47 years');
  expect(told(false, 'note-1-1', late)).toBe(lateResult('look_up', 'xxxx, 00 xxxxx'));
  expect(told(true, 'note-1-1', late)).toBe(lateResult('look_up', 'Kari, 00 years'));
  expect(told(false, 'note-1-1', lateResult('unknown_tool', 'Kari'))).toBe(lateResult('unknown_tool', 'xxxx'));
  // The notes about an hour of conversation have the arguments and results of its tools.
  const [past] = summedUp(
    Array.from(
      {length: 200},
      (_, at) => ({kind: 'toolResult', id: `r${at}`, callId: `c${at}`, output: 'Kari'}) as const,
    ),
  );
  expect(past?.kind === 'note' && told(false, past.id, past.text)).not.toContain('Kari');
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

test('before the caller agrees no letter is in a capture, nor later of what began before; what begins then is in words', () => {
  let agreement: 'asked' | 'agreed' = 'asked';
  const mask = new CaptureMask(
    () => toolsWith(Object.assign(new ScriptedLookUp(), {isKept: true})),
    () => agreement,
  );
  const words = (itemId: string) => mask.event({type: 'callerWords', itemId, text: 'Kari, 7'}) as {text: string};
  mask.event({type: 'callerSpoke', itemId: 'early', fromMs: 0});
  expect(mask.event(called('{"who":"Kari"}'))).toMatchObject({arguments: '{"who":"xxxx"}'});
  expect(mask.command({do: 'respond', tag: 't', instructions: 'Greet Kari'})).toMatchObject({
    instructions: 'xxxxx xxxx',
  });
  agreement = 'agreed';
  // The transcript of what was said before comes late.
  expect([words('early').text, words('late').text]).toEqual(['xxxx, 0', 'Kari, 0']);
  const add = (id: string) => mask.command({do: 'add', item: {kind: 'caller', id, text: 'Kari'}});
  expect([add('early'), add('late'), add('of-another-worker')]).toMatchObject([
    {item: {text: 'xxxx'}},
    {item: {text: 'Kari'}},
    {item: {text: 'xxxx'}},
  ]);
});

test('what servers of the model’s provider are asked and answer is in no capture', () => {
  const mask = maskOf(true);
  const asked = {type: 'hostedCalled', responseId: 'r', itemId: 'i', server: 's', name: 'n', asks: false} as const;
  expect(mask.event({...asked, arguments: '{"who":"Kari"}'})).toMatchObject({arguments: '{"who":"xxxx"}'});
  expect(mask.event({type: 'hostedEnded', itemId: 'i', ok: true, output: 'Kari 47'})).toMatchObject({
    output: 'xxxx 00',
  });
});
