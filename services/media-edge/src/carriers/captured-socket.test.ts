import {MemoryCapture} from '@voicebridge/shared/capture/memory-capture.ts';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock, flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {capturedSocket} from './captured-socket.ts';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from './carrier.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const streamSid = StreamSid.parse(`MZ${'1'.repeat(32)}`);

test('what crosses the socket is in the capture and goes on, without the keys and the facts of the caller', async () => {
  const passed: unknown[] = [];
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  let [say, speak]: [(event: CarrierEvent) => void, OnCarrierAudio] = [() => {}, () => {}];
  const socket: CarrierSocket = {
    carrier: 'test',
    closed,
    bufferedBytes: 0,
    sendAudio: (mark, bytes, from, to) => passed.push([mark, bytes.toString('latin1', from, to)]),
    sendMark: name => passed.push(name),
    sendClear: () => passed.push('clear'),
    close: code => passed.push(code),
    terminate() {},
    ping() {},
    onEvent: listener => (say = listener),
    onAudio: listener => (speak = listener),
    onControl() {},
  };
  const captures = new MemoryCapture(new FakeClock());
  const seen = capturedSocket(socket, captures.of('edge-1'));
  seen.onEvent(({kind}) => passed.push(kind));
  seen.onAudio((_stream, _sequence, timestamp) => passed.push(timestamp));
  say({kind: 'connected'});
  say({kind: 'started', callSid, streamSid, facts: {callerNumber: '+4790807060'}});
  speak(undefined, 2, 40, Buffer.from('x//8=x'), 1, 5);
  say({kind: 'digit', digit: '7'});
  say({kind: 'digit', digit: '#'});
  seen.sendAudio('m1', Buffer.from('//8='), 0, 4);
  seen.sendClear();
  seen.close(1_000, 'done');
  resolve({code: 1_000});
  await flushPromises();
  expect(passed).toEqual(['connected', 'started', 40, 'digit', 'digit', ['m1', '//8='], 'clear', 1_000]);
  const [section] = readCapture(captures.text, 'memory');
  expect(section?.end).toBe('over');
  expect(section?.lines.map(({direction, message}) => ({direction, ...message}))).toEqual([
    {direction: 'in', kind: 'started', callSid, streamSid, facts: {}},
    {direction: 'in', kind: 'audio', sequence: 2, timestamp: 40, payload: '//8='},
    {direction: 'in', kind: 'digit', digit: '0'},
    {direction: 'in', kind: 'digit', digit: '#'},
    {direction: 'out', kind: 'audio', mark: 'm1', bytes: 2},
    {direction: 'out', kind: 'clear'},
    {direction: 'out', kind: 'close', code: 1_000, reason: 'done'},
    {direction: 'in', kind: 'closed', code: 1_000},
  ]);
  expect(captures.text).not.toContain('9080');
});
