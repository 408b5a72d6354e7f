import {describe, expect, test} from 'vitest';
import type {CarrierMessage, Started} from '../carriers/carrier.ts';
import {begin, judge, judgeAudio, type Leg} from './leg-state.ts';
import {ADMIT_WITHIN_MS, DEAD_AFTER_MS, overdue, STALLED_BYTES, STALLED_MS, wantsPing} from './leg-liveness.ts';
import {newCallSid, newStreamSid} from '../testing/twilio-client.ts';

const streamSid = newStreamSid();
const start: Started = {kind: 'started', sequence: 1, callSid: newCallSid(), streamSid, facts: {}};
const mark = (sequence: number, stream = streamSid): CarrierMessage => ({
  kind: 'markReturned',
  sequence,
  streamSid: stream,
  name: 'm',
});
const audio = (leg: Leg, sequence: number, at: number) => judgeAudio(leg, streamSid, sequence, at);
const stop: CarrierMessage = {kind: 'stopped', streamSid};
const waiting: Leg = {state: 'awaitingStart', openedAt: 0};

function bridged(at = 0): Extract<Leg, {state: 'bridged'}> {
  const leg = begin(start, at);
  if (leg.state !== 'admitting') throw new Error('a leg begins in the state admitting');
  return {...leg, state: 'bridged', stalledSince: undefined};
}

describe('a leg before its call is known', () => {
  test('accepts only a start message', () => {
    expect(judge(waiting, {kind: 'connected'}, 1)).toEqual({do: 'skip'});
    expect(judge(waiting, start, 1)).toEqual({do: 'begin', start});
    expect(judge(waiting, stop, 1)).toEqual({do: 'end'});
    expect(audio(waiting, 2, 1)).toMatchObject({do: 'close'});
    expect(judge(waiting, mark(2), 1)).toMatchObject({do: 'close'});
  });

  test('has three seconds', () => {
    expect(overdue(waiting, 0, 3_000)).toBeUndefined();
    expect(overdue(waiting, 0, 3_001)).toMatchObject({code: 1008, lost: false});
  });
});

describe('a leg in a call', () => {
  test('passes everything of its own stream, also before the stream is admitted', () => {
    for (const leg of [begin(start, 0), bridged()]) {
      expect(audio(leg, 2, 1)).toEqual({do: 'pass'});
      expect(judge(leg, mark(3), 1)).toEqual({do: 'pass'});
      expect(judge(leg, stop, 1)).toEqual({do: 'end'});
    }
  });

  test('passes a message that names no stream', () => {
    expect(judge(bridged(), {kind: 'markReturned', name: 'm'}, 1)).toEqual({do: 'pass'});
  });

  test('passes no message of another stream, and no second start', () => {
    expect(judge(bridged(), mark(2, newStreamSid()), 1)).toEqual({do: 'odd', reason: 'foreignStream'});
    expect(judge(bridged(), start, 1)).toEqual({do: 'odd', reason: 'secondStart'});
  });

  test('counts a message out of order and passes it all the same', () => {
    const leg = bridged();
    expect(audio(leg, 5, 1)).toEqual({do: 'pass'});
    expect(audio(leg, 4, 1)).toEqual({do: 'pass', odd: 'outOfOrder'});
    expect(audio(leg, 6, 1)).toEqual({do: 'pass'});
  });

  test('is closed when the stream is not admitted in ten seconds', () => {
    const leg = begin(start, 0);
    if ('lastSeenAt' in leg) leg.lastSeenAt = ADMIT_WITHIN_MS;
    expect(overdue(leg, 0, ADMIT_WITHIN_MS)).toBeUndefined();
    expect(overdue(leg, 0, ADMIT_WITHIN_MS + 1)).toMatchObject({code: 1011, lost: false});
  });

  test('is pinged when it is silent, and given up when no pong comes', () => {
    const leg = bridged();
    audio(leg, 2, 100);
    expect(wantsPing(leg, 1_000)).toBe(false);
    expect(wantsPing(leg, 1_101)).toBe(true);
    expect(overdue(leg, 0, 100 + DEAD_AFTER_MS)).toBeUndefined();
    expect(overdue(leg, 0, 101 + DEAD_AFTER_MS)).toMatchObject({lost: true});
    leg.lastSeenAt = 4_000; // a pong
    expect(overdue(leg, 0, 101 + DEAD_AFTER_MS)).toBeUndefined();
  });

  test('is given up when its peer reads too slowly for five seconds, unless it catches up', () => {
    const leg = bridged();
    const at = (moment: number, buffered: number) => {
      leg.lastSeenAt = moment;
      return overdue(leg, buffered, moment);
    };
    expect(at(0, STALLED_BYTES + 1)).toBeUndefined();
    expect(at(STALLED_MS - 1, 0)).toBeUndefined();
    expect(at(STALLED_MS, STALLED_BYTES + 1)).toBeUndefined();
    expect(at(2 * STALLED_MS, STALLED_BYTES + 1)).toBeUndefined();
    expect(at(2 * STALLED_MS + 1, STALLED_BYTES + 1)).toMatchObject({lost: true});
    expect(at(2 * STALLED_MS + 2, 0)).toBeUndefined();
    expect(at(2 * STALLED_MS + 3, 20_000_000)).toMatchObject({lost: true});
  });

  test('that leaves is closed at its deadline in any case', () => {
    const {stalledSince: _, ...leg} = bridged();
    const leaving: Leg = {...leg, state: 'leaving', deadline: 2_000};
    expect(audio(leaving, 2, 1_900)).toEqual({do: 'pass'});
    expect(overdue(leaving, 0, 2_000)).toBeUndefined();
    expect(overdue(leaving, 0, 2_001)).toMatchObject({code: 1000, lost: false});
  });
});

test('a leg that is over ignores every message and every limit', () => {
  const over: Leg = {state: 'over'};
  expect(audio(over, 2, 1)).toEqual({do: 'skip'});
  expect(overdue(over, 1e9, 1e9)).toBeUndefined();
  expect(wantsPing(over, 1e9)).toBe(false);
});
