import fc from 'fast-check';
import {expect, test} from 'vitest';
import {ChannelTable} from './channel-table.ts';

const name = fc.string({maxLength: 6});

test('finds by bytes what was set by name and not deleted since, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.boolean())), fc.array(name), (changes, others) => {
      const [table, model] = [new ChannelTable<number>(), new Map<string, number>()];
      changes.forEach(([channel, isSet], index) => {
        if (isSet) model.set(channel, index);
        else model.delete(channel);
        if (isSet) table.set(channel, index);
        else table.delete(channel);
      });
      for (const channel of [...changes.map(([each]) => each), ...others]) {
        const bytes = Buffer.from(`before${channel}after`);
        const [from, length] = [6, Buffer.byteLength(channel)];
        expect(table.find(bytes, from, from + length)).toBe(model.get(channel));
      }
    }),
  );
});

test('tells names apart whose hashes are equal', () => {
  // FNV-1a of both is 0x5e4daa9d.
  const table = new ChannelTable<string>();
  for (const channel of ['costarring', 'liquid']) table.set(channel, channel);
  for (const channel of ['costarring', 'liquid']) {
    expect(table.find(Buffer.from(channel), 0, channel.length)).toBe(channel);
  }
  table.delete('liquid');
  expect(table.find(Buffer.from('costarring'), 0, 10)).toBe('costarring');
});
