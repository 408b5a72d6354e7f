import {expect, test} from 'vitest';
import {createLog} from './log.ts';
import {openTraceReceiver} from '../testing/trace-receiver.ts';
import {openTraces, quietTraces} from './trace.ts';
import {traceIdOf} from './traceparent.ts';

const log = createLog('test', {level: 'silent'});

test('an operator who has no collector still finds one trace id in the logs of every process', async () => {
  const traces = await openTraces('webhook', undefined, log);
  expect(traces).toBe(quietTraces);
  const first = traces.begin('first', {at: Date.now()});
  const second = traces.begin('second', {at: Date.now(), parent: first.traceparent});
  first.end(Date.now());
  expect(first.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceIdOf(second.traceparent)).toBe(traceIdOf(first.traceparent));
  expect(second.traceparent).not.toBe(first.traceparent);
});

test('an operator sees a span that began before this process did, under its parent, at the right moments', async () => {
  await using receiver = await openTraceReceiver();
  const traces = await openTraces('realtime-worker', receiver.url, log);
  const longAgo = Date.now() - 86_400_000.5;
  const call = traces.begin('call', {at: longAgo, facts: {'voicebridge.turns': 2}});
  traces
    .begin('turn', {
      at: longAgo + 1_000,
      parent: call.traceparent,
      events: [{name: 'first audio', at: longAgo + 1_500}],
    })
    .end(longAgo + 2_000, {failed: 'the model gave no answer'});
  call.end(longAgo + 3_000);
  await traces[Symbol.asyncDispose]();

  const [turn, whole] = receiver.spans;
  expect(whole).toMatchObject({name: 'call', service: 'realtime-worker', status: {code: 0}});
  expect(turn).toMatchObject({name: 'turn', traceId: whole?.traceId, parentSpanId: whole?.spanId});
  expect(turn?.status).toEqual({code: 2, message: 'the model gave no answer'});
  const ms = (nanos: string | undefined) => Number(nanos) / 1e6;
  expect(ms(whole?.startTimeUnixNano)).toBeCloseTo(longAgo, 0);
  expect(ms(whole?.endTimeUnixNano) - ms(whole?.startTimeUnixNano)).toBeCloseTo(3_000, 0);
  expect(ms(turn?.events[0]?.timeUnixNano)).toBeCloseTo(longAgo + 1_500, 0);
});

test('an operator whose collector is away is told, and the process goes on and ends', async () => {
  const said: string[] = [];
  const loud = createLog('test', {to: {write: line => void said.push(line)}});
  const traces = await openTraces('webhook', 'http://127.0.0.1:1', loud);
  traces.begin('lost', {at: Date.now()}).end(Date.now());
  await traces[Symbol.asyncDispose]();
  expect(said.join()).toMatch(/traces cannot be sent|the last traces are lost/);
});

test.each(['', 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`])(
  'a caller whose traceparent is %j gets a trace of their own',
  async parent => {
    await using receiver = await openTraceReceiver();
    const traces = await openTraces('webhook', receiver.url, log);
    traces.begin('call', {at: Date.now(), parent}).end(Date.now());
    await traces[Symbol.asyncDispose]();
    expect(receiver.spans).toHaveLength(1);
    expect(receiver.spans[0]?.parentSpanId ?? '').toBe('');
  },
);
