import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {slotOf, SLOTS, tagIn} from './channel-slot.ts';
import {ClusterSlots, readMoved, readSlots} from './cluster-slots.ts';

const asked = {host: '10.0.0.1', port: 6379};
const [a, b, c] = [1, 2, 3].map(last => ({host: `10.0.0.${last}`, port: 6379})) as [
  typeof asked,
  typeof asked,
  typeof asked,
];
const thirds = (one: typeof a, two: typeof a, three: typeof a) => [
  {from: 0, to: 5_460, master: one, replicas: []},
  {from: 5_461, to: 10_922, master: two, replicas: []},
  {from: 10_923, to: 16_383, master: three, replicas: []},
];

describe('the answer of CLUSTER SLOTS', () => {
  test('names a master and its replicas for each row of slots', () => {
    const node = (last: number) => [`10.0.0.${last}`, 6379, 'id', ['hostname', 'redis.example.com']];
    expect(readSlots([[0, 99, node(1), node(4)]], asked)).toEqual([
      {from: 0, to: 99, master: a, replicas: [{host: '10.0.0.4', port: 6379}]},
    ]);
  });

  test.each([[null], [''], ['?']])('means the node that was asked where it names the host %j', host => {
    expect(readSlots([[0, 99, [host, 7_000, 'id', []]]], asked)).toEqual([
      {from: 0, to: 99, master: {host: '10.0.0.1', port: 7_000}, replicas: []},
    ]);
  });

  test('may name no node for any slot', () => {
    expect(readSlots([], asked)).toEqual([]);
  });

  test.each([
    ['OK'],
    [[1]],
    [[[0, 99]]],
    [[[0, 99, ['10.0.0.1']]]],
    [[[0, 20_000, ['10.0.0.1', 6379, 'id', []]]]],
    [[['0', '99', ['10.0.0.1', 6379]]]],
  ])('is refused if it is %j', answer => {
    expect(readSlots(answer, asked)).toBeUndefined();
  });
});

test.each([
  ['MOVED 3999 10.0.0.2:6379', {slot: 3_999, address: b}],
  ['MOVED 3999 redis-2.example.com:7000', {slot: 3_999, address: {host: 'redis-2.example.com', port: 7_000}}],
  ['MOVED 3999 2001:db8::1:7000', {slot: 3_999, address: {host: '2001:db8::1', port: 7_000}}],
  ['MOVED 3999 :7000', {slot: 3_999, address: {host: '10.0.0.1', port: 7_000}}],
  ['MOVED 3999 ?:7000', {slot: 3_999, address: {host: '10.0.0.1', port: 7_000}}],
  ['MOVED 99999 10.0.0.2:6379', undefined],
  ['MOVED', undefined],
  ['ERR unknown command', undefined],
])('%s', (text, moved) => {
  expect(readMoved(text, asked)).toEqual(moved);
});

describe('the slots of a Cluster', () => {
  test('have the owners that a node has named last', () => {
    const slots = new ClusterSlots();
    expect(slots.isComplete).toBe(false);
    slots.learn(thirds(a, b, c), 0);
    expect([slots.isComplete, slots.ownerOf(0), slots.ownerOf(16_383)]).toEqual([
      true,
      '10.0.0.1:6379',
      '10.0.0.3:6379',
    ]);
    slots.learn(thirds(a, b, b), 1_000);
    expect(slots.ownerOf(16_383)).toBe('10.0.0.2:6379');
    expect([...slots.owners.keys()]).toEqual(['10.0.0.1:6379', '10.0.0.2:6379']);
  });

  test('that a node has given away stay with the new owner, though others have not heard of it yet', () => {
    const slots = new ClusterSlots();
    slots.learn(thirds(a, b, c), 0);
    expect(slots.moved(7, c, 1_000)).toBe(true);
    slots.learn(thirds(a, b, c), 1_100);
    expect(slots.ownerOf(7)).toBe('10.0.0.3:6379');
    slots.learn(thirds(a, b, c), 4_000);
    expect(slots.ownerOf(7)).toBe('10.0.0.1:6379');
  });

  test('leave a new owner that is not well for the one that others name', () => {
    const slots = new ClusterSlots();
    slots.learn(thirds(a, b, c), 0);
    slots.moved(7, c, 1_000);
    slots.distrust('10.0.0.3:6379');
    slots.learn(thirds(a, b, b), 1_100);
    expect(slots.ownerOf(7)).toBe('10.0.0.1:6379');
  });

  test('do not go back and forth when two nodes send us to each other', () => {
    const slots = new ClusterSlots();
    slots.learn(thirds(a, b, c), 0);
    expect(slots.moved(7, b, 1_000)).toBe(true);
    expect(slots.moved(7, a, 1_001)).toBe(false);
    expect(slots.ownerOf(7)).toBe('10.0.0.2:6379');
    expect(slots.moved(7, a, 1_100)).toBe(true);
  });
});

describe('a tag', () => {
  test('is found for every slot', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: SLOTS - 1}), wanted => {
        const tag = tagIn(slot => slot === wanted);
        expect(slotOf(`echo:{${tag}}:x`)).toBe(wanted);
      }),
      {numRuns: 200},
    );
  });

  test('is not found for a node without slots', () => {
    expect(tagIn(() => false)).toBeUndefined();
  });
});
