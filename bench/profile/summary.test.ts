import {expect, test} from 'vitest';
import {type CpuProfile, summarise} from './summary.ts';

const frame = (functionName: string, url: string) => ({functionName, url, lineNumber: 9});
const profile: CpuProfile = {
  nodes: [
    {id: 1, callFrame: frame('(root)', ''), children: [2, 3, 6]},
    {id: 2, callFrame: frame('(idle)', '')},
    {id: 3, callFrame: frame('publish', 'file:///x/bench/libs/shared/src/bus/bus.ts'), children: [4]},
    {id: 4, callFrame: frame('write', 'node:internal/streams/writable'), children: [5]},
    {id: 5, callFrame: frame('writeBuffer', '')},
    {id: 6, callFrame: frame('send', 'file:///x/node_modules/ws/lib/sender.js')},
  ],
  startTime: 0,
  endTime: 100_000,
  samples: [2, 3, 4, 5, 6],
  timeDeltas: [0, 60_000, 10_000, 8_000, 20_000, 2_000],
};

test('time that was idle is not counted, everything else is', () => {
  expect(summarise(profile)).toMatchObject({tookMs: 100, busyMs: 40});
});

test('a system call is owned by the code that asked for it', () => {
  expect(summarise(profile).modules).toEqual([
    {name: 'libs/shared/src/bus', self: 10, owned: 38},
    {name: 'native', self: 20, owned: 0},
    {name: 'node', self: 8, owned: 0},
    {name: 'ws', self: 2, owned: 2},
  ]);
});

test('files of ours are named from the root of the repository, and those of a package by the package', () => {
  expect(summarise(profile).files.map(({name}) => name)).toEqual([
    'libs/shared/src/bus/bus.ts',
    'native writeBuffer',
    'node:internal/streams/writable',
    'ws/lib/sender.js',
  ]);
});

test('a profile without samples is empty', () => {
  expect(summarise({nodes: [], startTime: 0, endTime: 0})).toMatchObject({busyMs: 0, modules: []});
});
