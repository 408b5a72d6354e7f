import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openTraceReceiver, type ReceivedSpan, type TraceReceiver} from '@voicebridge/shared/testing/trace-receiver.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import {AnalyticsEnv} from '../../services/analytics/src/config.ts';
import {startAnalytics} from '../../services/analytics/src/start-analytics.ts';
import {dataFolder} from '../../services/analytics/src/testing/running-analytics.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {openBridge, ownRedis} from './bridge.ts';

/** One call, and what an operator can see of it afterwards. */
let report: CallReport;
let receiver: TraceReceiver;
const scraped = new Map<string, string>();

beforeAll(async () => {
  receiver = await openTraceReceiver();
  await using stack = new AsyncDisposableStack();
  // Its own: analytics would record the calls of other tests, too.
  const {url: redisUrl} = stack.adopt(await ownRedis(), redis => redis.close());
  const log = createLog('analytics', {level: 'silent'});
  const traces = stack.use(await openTraces('analytics', receiver.url, log));
  const folder = stack.use(await dataFolder());
  const config = loadConfig(AnalyticsEnv, {PORT: '0', REDIS_URL: redisUrl, DATA_DIR: folder.path});
  const analytics = stack.use(await startAnalytics(config, {clock, log, traces}));
  const bridge = stack.use(await openBridge({redisUrl, tracesTo: receiver.url}));
  const call = bridge.twilio.dial([
    {do: 'waitForSilence', ms: 400},
    {do: 'say', clip: 'caller-opening-hours'},
    {do: 'interruptAfter', ms: 1_200, clip: 'caller-interrupts'},
    {do: 'waitForSilence', ms: 500},
    {do: 'hangUp'},
  ]);
  report = await call.ended;
  const ports = {
    webhook: bridge.webhook.port,
    'media-edge': bridge.edges[0]!.port,
    'realtime-worker': bridge.workers[0]!.port,
    analytics: analytics.port,
  };
  const scrape = async () => {
    for (const [service, port] of Object.entries(ports))
      scraped.set(service, await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  };
  await vi.waitFor(() => expect(named('process calls').length).toBeGreaterThan(0), {timeout: 10_000, interval: 100});
  await vi.waitFor(
    async () => {
      await scrape();
      expect(scraped.get('analytics')).toContain('voicebridge_redis_up{service="analytics"} 1');
    },
    {timeout: 10_000, interval: 250},
  );
});
afterAll(() => receiver[Symbol.asyncDispose]());

const named = (name: string): ReceivedSpan[] => receiver.spans.filter(span => span.name === name);

test('an operator follows one call through every process in one trace', () => {
  const [webhook, ...more] = named('POST /incoming-call');
  expect(more).toEqual([]);
  expect(new Set(receiver.spans.map(({traceId}) => traceId))).toEqual(new Set([webhook?.traceId]));
  const [call] = named('call');
  expect(call).toMatchObject({service: 'realtime-worker', parentSpanId: webhook?.spanId, status: {code: 0}});
  expect(named('media stream')).toMatchObject([{service: 'media-edge', parentSpanId: webhook?.spanId}]);
  expect(named('process calls')).toMatchObject([{service: 'analytics', parentSpanId: webhook?.spanId}]);
  const turns = named('turn');
  expect(turns.length).toBeGreaterThanOrEqual(2);
  for (const turn of turns) {
    expect(turn.parentSpanId).toBe(call?.spanId);
    expect(BigInt(turn.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(call!.startTimeUnixNano));
    expect(BigInt(turn.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(call!.endTimeUnixNano) + 50_000_000n);
  }
  expect(turns.flatMap(({events}) => events.map(({name}) => name))).toEqual(
    expect.arrayContaining(['first delta', 'first audio', 'interruption']),
  );
});

test('an operator finds the call in the logs by its CallSid, and no telephone number and no words of it', () => {
  const {callSid} = report;
  const said = JSON.stringify(receiver.spans);
  expect(named('call')[0]?.attributes).toContainEqual({key: 'voicebridge.call_sid', value: {stringValue: callSid}});
  expect(said).not.toMatch(/\+\d{6,}/);
  expect(said.toLowerCase()).not.toContain('opening hours');
});

test('an operator who scrapes sees no call, no stream and no number in any label', () => {
  for (const [service, text] of scraped) {
    expect(text, service).not.toMatch(/CA[0-9a-f]{32}|MZ[0-9a-f]{32}|[0-9a-f]{32}|\+\d{6,}/);
    const labels = text.match(/\w+="[^"]*"/g) ?? [];
    expect(new Set(labels.map(label => label.slice(0, label.indexOf('=')))), service).not.toContain('callSid');
  }
});

test.each([
  ['webhook', /voicebridge_calls_total\{result="admitted",service="webhook"\} 1/],
  ['webhook', /voicebridge_admission_seconds_count\{service="webhook"\} 1/],
  ['webhook', /voicebridge_redis_up\{service="webhook"\} 1/],
  ['media-edge', /voicebridge_calls_capacity\{service="media-edge"\} 400/],
  ['media-edge', /voicebridge_frames_total\{direction="up",outcome="sent",service="media-edge"\} \d\d/],
  ['media-edge', /voicebridge_hop_seconds_count\{service="media-edge"\} [1-9]/],
  ['realtime-worker', /voicebridge_calls_total\{result="caller.hung-up",service="realtime-worker"\} 1/],
  ['realtime-worker', /voicebridge_calls_active\{service="realtime-worker"\} 0/],
  ['realtime-worker', /voicebridge_model_ready_seconds_count\{service="realtime-worker"\} 1/],
  ['realtime-worker', /voicebridge_time_to_first_audio_seconds_count\{service="realtime-worker"\} 1/],
  ['realtime-worker', /voicebridge_platform_turn_gap_seconds_count\{service="realtime-worker"\} [1-9]/],
  ['realtime-worker', /voicebridge_barge_ins_total\{service="realtime-worker"\} [1-9]/],
  ['realtime-worker', /voicebridge_barge_in_reaction_seconds_count\{service="realtime-worker"\} [1-9]/],
  ['realtime-worker', /voicebridge_tokens_total\{kind="\w+",service="realtime-worker"\} \d/],
  ['realtime-worker', /voicebridge_records_total\{outcome="sent",service="realtime-worker"\} 1/],
  ['analytics', /voicebridge_records_total\{outcome="recorded",service="analytics"\} 1/],
  ['analytics', /voicebridge_analytics_database_up\{service="analytics"\} 1/],
  ['analytics', /voicebridge_analytics_queue_age_seconds\{service="analytics"\} 0/],
])('an operator who scrapes %s after a call sees %s', (service, line) => {
  expect(scraped.get(service)).toMatch(line);
});
