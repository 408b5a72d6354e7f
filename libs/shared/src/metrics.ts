import {Counter, Gauge, Histogram, Registry, collectDefaultMetrics} from 'prom-client';

/** Seconds, from ten milliseconds' neighbourhood to ten seconds: the same for every latency, so that they compare. */
const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];

/**
 * Every metric that any of our processes exports, in one list. A CallSid, a StreamSid or a number is never a label.
 * The figures of single calls are in their records; these are for alerts and for the shape of a day.
 */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({service});
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({name: `voicebridge_${name}`, help, registers});
  const counter = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter<Label>({name: `voicebridge_${name}`, help, labelNames: [...labelNames], registers});
  const seconds = (name: string, help: string) =>
    new Histogram({name: `voicebridge_${name}_seconds`, help, buckets: SECONDS, registers});
  collectDefaultMetrics({register: registry});
  return {
    registry,
    callsActive: gauge('calls_active', 'calls in hand in this process'),
    callsCapacity: gauge('calls_capacity', 'calls this process would hold at most'),
    draining: gauge('draining', '1 while the process takes no new calls'),
    eventLoopLag: gauge(
      'event_loop_lag_seconds',
      'how late a timer of this process fired, the worst of the last second',
    ),
    redisUp: gauge('redis_up', '1 while the media connections to Redis answer'),
    callsTotal: counter('calls_total', 'calls, by how they ended or were answered', ['result']),
    admissionSeconds: seconds('admission', 'webhook received to a worker that said yes'),
    modelReadySeconds: seconds('model_ready', 'a worker said yes to the model session configured'),
    timeToFirstAudioSeconds: seconds('time_to_first_audio', 'stream start to first assistant audio handed to Twilio'),
    turnGapSeconds: seconds('platform_turn_gap', 'last caller speech frame in to first assistant frame out'),
    bargeInReactionSeconds: seconds('barge_in_reaction', 'speech_started received to clear sent'),
    bargeInsTotal: counter('barge_ins_total', 'callers who spoke over the assistant'),
    hopSeconds: seconds('hop', 'one frame between edge and worker, as estimated from half a round trip'),
    framesTotal: counter('frames_total', 'frames between edge and worker', ['direction', 'outcome']),
    socketsRefusedTotal: counter('sockets_refused_total', 'sockets and requests refused', ['reason']),
    malformedTotal: counter('malformed_total', 'messages nobody could use', ['peer', 'reason']),
    repinsTotal: counter('repins_total', 'calls moved to another worker', ['cause']),
    repinSeconds: seconds('repin', 'owner known dead to first frame accepted by the new one'),
    fencedTotal: counter('fenced_total', 'owners that let go because somebody newer exists'),
    modelErrorsTotal: counter('model_errors_total', 'errors the model reported', ['code']),
    modelReconnectsTotal: counter('model_reconnects_total', 'model sockets opened again during a call', ['cause']),
    tokensTotal: counter('tokens_total', 'tokens the model counted', ['kind']),
    recordsTotal: counter('records_total', 'call records, by what became of them', ['outcome']),
    analyticsDatabaseUp: gauge('analytics_database_up', '1 while the database of analytics can be used'),
    analyticsRecordsWaiting: gauge('analytics_records_waiting', 'records that wait in the queue'),
    analyticsFreshnessSeconds: seconds(
      'analytics_freshness',
      'a call ended to its record in the database, by wall clocks',
    ),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
