import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {ListedMember} from '@voicebridge/shared/fleet/fleet.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {chooseEdge} from './choose-edge.ts';

const FALLBACK = 'wss://fallback.example.com';

const edge = (name: string, facts: Partial<ListedMember> = {}): ListedMember => ({
  id: ProcessId.parse(`edge-${name}`),
  calls: 0,
  capacity: 10,
  state: 'ready',
  lagMs: 0,
  startedAt: 0,
  url: `wss://${name}.example.com`,
  ...facts,
});

/** The edge that is chosen among `members`, of which `dead` is dead. */
function chosen(members: readonly ListedMember[], {lost, dead}: {lost?: CallEntry; dead?: string} = {}) {
  const deps = {
    config: {PUBLIC_EDGE_URL: FALLBACK, EDGE_ORIGINS: ['wss://example.com']},
    fleet: {members: async () => [...members]},
    bus: {publish: async (channel: string) => (channel.endsWith(`:edge-${dead}`) ? 0 : 1), wellSince: () => 0},
    clock: new FakeClock(),
    random: () => 0,
  };
  return chooseEdge(deps, lost);
}

/** A call whose stream was on an edge and was lost. */
const lostOn = (name: string): CallEntry => ({
  callSid: CallSid.parse('a-call'),
  state: 'live',
  epoch: 1,
  owner: ProcessId.parse('worker-here'),
  assistant: 'default',
  stream: {streamSid: StreamSid.parse('a-stream'), edge: ProcessId.parse(`edge-${name}`)},
  attempts: 0,
  startedAt: 0,
  facts: {},
});

test('a caller is sent to the public address of the deployment while no edge has announced its own', async () => {
  expect(await chosen([])).toEqual({url: FALLBACK});
  const {url: _, ...unnamed} = edge('unnamed');
  expect(await chosen([unnamed])).toEqual({url: FALLBACK});
});

test('a caller is not sent to an edge that drains, even if it is the emptiest', async () => {
  expect(await chosen([edge('leaving', {state: 'draining'}), edge('busy', {calls: 9})])).toEqual({
    url: 'wss://busy.example.com',
  });
});

test('a caller finds no edge when all of them are full', async () => {
  expect(await chosen([edge('full1', {calls: 10}), edge('full2', {calls: 10})])).toBe('full');
});

test('a caller is not sent to an edge that is dead while another one is alive', async () => {
  const edges = [edge('gone'), edge('busy', {calls: 9})];
  expect(await chosen(edges, {dead: 'gone'})).toEqual({url: 'wss://busy.example.com'});
  expect(await chosen([edge('gone')], {dead: 'gone'})).toEqual({url: 'wss://gone.example.com'});
});

test('a caller is not sent to an edge that has not announced itself for 1.6 s, while there is another', async () => {
  const edges = [edge('hung', {silentMs: 1_600}), edge('busy', {calls: 9, silentMs: 900})];
  expect(await chosen(edges)).toEqual({url: 'wss://busy.example.com'});
  expect(await chosen([edge('hung', {silentMs: 1_600})])).toEqual({url: 'wss://hung.example.com'});
});

test('a caller whose stream was lost is sent to another edge, and to the same one if there is no other', async () => {
  const edges = [edge('first'), edge('second', {calls: 9})];
  expect(await chosen(edges, {lost: lostOn('first')})).toEqual({url: 'wss://second.example.com'});
  expect(await chosen([edge('first')], {lost: lostOn('first')})).toEqual({url: 'wss://first.example.com'});
});

test('a caller whose stream was never opened is sent to another edge than the one that the call was given', async () => {
  const {stream: _, ...unopened} = lostOn('first');
  const lost = {...unopened, facts: {edgeUrl: 'wss://first.example.com'}};
  expect(await chosen([edge('first'), edge('second', {calls: 9})], {lost})).toEqual({url: 'wss://second.example.com'});
});

test.each([
  ['150 ms for a shard that has not said whether an edge is alive', {waits: 150, wellSince: 0}],
  ['not at all for one that is known to be away', {waits: 0, wellSince: undefined}],
])('a caller waits %s', async (_, {waits, wellSince}) => {
  const clock = new FakeClock();
  const [config, members] = [{PUBLIC_EDGE_URL: FALLBACK, EDGE_ORIGINS: ['wss://example.com']}, [edge('here')]];
  const bus = {publish: () => new Promise<number>(() => {}), wellSince: () => wellSince};
  const found = chooseEdge({config, fleet: {members: async () => members}, bus, clock, random: () => 0});
  await flushPromises();
  clock.advance(waits);
  expect(await found).toEqual({url: 'wss://here.example.com'});
});
