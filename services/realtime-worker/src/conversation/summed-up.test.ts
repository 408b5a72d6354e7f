import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {ConversationItem} from '../model/model-adapter.ts';
import {summedUp} from './summed-up.ts';

const words = fc.string({minLength: 1, maxLength: 300});
const said = fc.tuple(fc.constantFrom('caller' as const, 'assistant' as const, 'note' as const), words);

/** A conversation in which each tool was called before its result came, with anything between them. */
const history = fc
  .array(fc.oneof({weight: 9, arbitrary: said}, fc.tuple(fc.constant('tool' as const), words, fc.nat(80))), {
    minLength: 0,
    maxLength: 400,
  })
  .map(parts => {
    const items: ConversationItem[] = [];
    const due: {at: number; item: ConversationItem}[] = [];
    for (const [n, part] of parts.entries()) {
      items.push(...due.filter(({at}) => at === n).map(({item}) => item));
      if (part[0] === 'tool') {
        items.push({kind: 'toolCall', id: `t${n}`, callId: `c${n}`, name: 'look', arguments: part[1]});
        due.push({at: n + 1 + part[2], item: {kind: 'toolResult', id: `r${n}`, callId: `c${n}`, output: part[1]}});
      } else items.push({kind: part[0], id: `i${n}`, text: part[1]});
    }
    return [...items, ...due.filter(({at}) => at >= parts.length).map(({item}) => item)];
  });

test('another session is given every word of a call, in order, the latest items as they are, and no result without its call', () => {
  fc.assert(
    fc.property(history, items => {
      const given = summedUp(items);
      const isNote = (item: ConversationItem) => item.kind === 'note' && item.id.startsWith('past-');
      const latest = given.filter(item => !isNote(item));
      expect(items.slice(items.length - latest.length)).toEqual(latest);
      expect(latest.length).toBeGreaterThanOrEqual(Math.min(items.length, 60));
      for (const item of latest) {
        if (item.kind !== 'toolResult') continue;
        expect(latest.some(each => each.kind === 'toolCall' && each.callId === item.callId)).toBe(true);
      }
      let from = 0;
      const past = given.flatMap(item => (isNote(item) && 'text' in item ? [item.text] : [])).join('');
      for (const item of items.slice(0, items.length - latest.length)) {
        const text = 'text' in item ? item.text : item.kind === 'toolCall' ? item.arguments : item.output;
        const at = past.indexOf(text, from);
        expect(at).toBeGreaterThanOrEqual(from);
        from = at + text.length;
      }
    }),
  );
});

test('an hour of conversation is given in less than a hundred messages', () => {
  const items = Array.from({length: 1_350}, (_, n): ConversationItem => ({
    kind: n % 2 ? 'assistant' : 'caller',
    id: `i${n}`,
    text: 'Ten or so words as one says them on the telephone.',
  }));
  expect(summedUp(items).length).toBeLessThan(70);
});

test('a short call is given as it was', () => {
  const items = Array.from({length: 119}, (_, n): ConversationItem => ({kind: 'caller', id: `i${n}`, text: 'Yes.'}));
  expect(summedUp(items)).toBe(items);
});
