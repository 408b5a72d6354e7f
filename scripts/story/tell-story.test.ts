import {stripVTControlCharacters} from 'node:util';
import {expect, test} from 'vitest';
import {aboutCall, tellStory} from './tell-story.ts';

const SID = `CA${'1'.repeat(32)}`;
const line = (ms: number, service: string, msg: string, facts: object = {}) =>
  JSON.stringify({
    level: 'info',
    time: new Date(Date.UTC(2026, 0, 1) + ms).toISOString(),
    service,
    callSid: SID,
    ...facts,
    msg,
  });
const story = (lines: readonly string[], callSid = SID) =>
  tellStory(lines.flatMap(each => aboutCall(each, callSid) ?? [])).map(each => stripVTControlCharacters(each));

test('an operator reads the lines of all processes in the order of time, with milliseconds since it rang', () => {
  const told = story([
    `realtime-worker-1  | ${line(900, 'realtime-worker', 'call ended', {reason: 'caller.hung-up'})}`,
    `webhook-1  | ${line(50, 'webhook', 'call admitted', {tookMs: 50, owner: 'worker-1'})}`,
    `2026-01-01T00:00:00Z [pod/media-edge-7c9f/edge] ${line(300, 'media-edge', 'stream began')}`.slice(21),
    line(1_200, 'analytics', 'call recorded', {err: {message: 'x'}}),
  ]);
  expect(told[0]).toBe(`${SID} rang at 2026-01-01T00:00:00.000Z`);
  expect(told.slice(1).map(each => each.trim().replace(/ +/g, ' '))).toEqual([
    '50 ms webhook-1 info call admitted tookMs=50 owner=worker-1',
    '300 ms media-edge-7c9f info stream began',
    '900 ms realtime-worker-1 info call ended reason=caller.hung-up',
    '1200 ms analytics info call recorded x',
  ]);
});

test('the beginning of a CallSid is enough, and lines of other calls or without JSON are left out', () => {
  expect(aboutCall(line(0, 'webhook', 'call admitted'), SID.slice(0, 8))).toBeDefined();
  for (const other of [
    '',
    'not JSON',
    `{"callSid": broken ${SID}`,
    `said of ${SID} {"msg":"x"}`,
    JSON.stringify({callSid: SID}),
  ])
    expect(aboutCall(other, SID), other).toBeUndefined();
  expect(aboutCall(line(0, 'webhook', 'call admitted'), `CA${'2'.repeat(32)}`)).toBeUndefined();
});
