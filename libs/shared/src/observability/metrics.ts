/* oxlint-disable max-lines -- one table: every metric of every service, in one place to look */
import {Counter, Gauge, Histogram, Registry, collectDefaultMetrics} from 'prom-client';
import library from '../../package.json' with {type: 'json'};
import {bugsLogged} from './log.ts';
import {
  ADMISSIONS,
  CHUNK_OUTCOMES,
  CUT_STRANGERS,
  END_REASONS,
  AWAY_OUTCOMES,
  FAILOVER_KINDS,
  FILL_OUTCOMES,
  HOOK_OUTCOMES,
  LIMITS,
  MISS_CAUSES,
  MISS_STEPS,
  MODEL_ERRORS,
  MODEL_EVENTS,
  NOT_TAKING,
  type NotTaking,
  RECONNECT_CAUSES,
  RECORDING_OUTCOMES,
  REFUSED_REQUESTS,
  REFUSED_SOCKETS,
  RING_OUTCOMES,
  TAKEOVER_CAUSES,
  SENDING_OUTCOMES,
  TOKEN_KINDS,
  UNJUDGED,
  UNKNOWN_REPORTS,
} from './metric-labels.ts';

/** Buckets from 5 ms to 10 s, the same for every latency, so that they can be compared. */
const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];
/** Buckets for in-process and Redis hops: from below a millisecond to a second. */
const INSTANTS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
/** Buckets for what may wait until something is repaired. */
const PATIENCE = [...SECONDS, 60, 600, 3_600];

const WEBHOOK = ['webhook'];
const EDGE = ['media-edge'];
const WORKER = ['realtime-worker'];
const ANALYTICS = ['analytics'];
const EVERY = [...WEBHOOK, ...EDGE, ...WORKER, ...ANALYTICS];
const CALLS = [...EDGE, ...WORKER];

/** Milliseconds. */
const NEVER = 2 ** 31 - 1;

/**
 * Every metric of every service, each with the services that set it: a process exports only what it sets, so that a
 * zero always means zero. A CallSid, a StreamSid or a telephone number is never a label, and every label has a short
 * list of values that no peer can make longer. The figures of single calls are in their records; metrics are for alerts
 * and for the course of a day. `ofProcess`: with memory, garbage collection and event loop of the process.
 */
export function createMetrics(service: string, {ofProcess = true}: {readonly ofProcess?: boolean} = {}) {
  const registry = new Registry();
  registry.setDefaultLabels({service});
  /** A process that is none of the four services (a test, a script) has all of them. */
  const of = (services: readonly string[]) =>
    services.includes(service) || !EVERY.includes(service) ? [registry] : [];
  const gauge = (services: readonly string[], name: string, help: string) =>
    new Gauge({name: `voicebridge_${name}`, help, registers: of(services)});
  /** 1 for the reason that holds, 0 for the others. See `tellReason`. */
  const reasons = (services: readonly string[], name: string, why: string) =>
    new Gauge({
      name: `voicebridge_${name}`,
      help: `1 for the reason ${why}`,
      labelNames: ['reason'],
      registers: of(services),
    });
  const counter = <Label extends string = never>(
    services: readonly string[],
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) => new Counter<Label>({name: `voicebridge_${name}`, help, labelNames: [...labelNames], registers: of(services)});
  /** One label, and all the values that it may have. */
  const counterBy = <Label extends string>(
    services: readonly string[],
    name: string,
    help: string,
    label: Label,
    values: readonly string[],
  ) => {
    const made = counter(services, name, help, [label]);
    for (const value of values) made.labels(value).inc(0);
    return made;
  };
  const seconds = (services: readonly string[], name: string, help: string, buckets: readonly number[] = SECONDS) =>
    new Histogram({name: `voicebridge_${name}_seconds`, help, buckets: [...buckets], registers: of(services)});
  const answersMissed = counter(
    WORKER,
    'answers_missed_total',
    'answers that did not come or not whole, and what was done',
    ['cause', 'step'],
  );
  for (const cause of MISS_CAUSES) for (const step of MISS_STEPS) answersMissed.labels(cause, step).inc(0);
  if (ofProcess) measureProcess(registry);
  new Gauge({
    name: 'voicebridge_build_info',
    help: '1; what runs is in the labels',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({version: library.version, node: process.version}, 1);
  return {
    registry,
    draining: gauge(EVERY, 'draining', '1 while the process takes no new work, because it was told to stop'),
    eventLoopLag: gauge(EVERY, 'event_loop_lag_seconds', 'how late a timer fired, the worst of the last second'),
    bugsTotal: new Counter({
      name: 'voicebridge_bugs_total',
      help: 'lines of the log that begin with bug:',
      registers: of(EVERY),
      collect() {
        this.reset();
        this.inc(bugsLogged());
      },
    }),
    redisUp: gauge(EVERY, 'redis_up', '1 while this process can use Redis'),
    redisTrouble: reasons(EVERY, 'redis_trouble', 'why this process cannot use Redis'),
    queueUp: gauge(WORKER, 'queue_up', '1 while this process can write to the Redis of the records’ queue'),
    queueTrouble: reasons(WORKER, 'queue_trouble', 'why this process cannot write to the queue’s Redis'),
    modelUp: gauge(WORKER, 'model_up', '1 while this worker can open sessions with the model'),
    modelTrouble: reasons(WORKER, 'model_trouble', 'why this worker cannot open sessions with the model'),
    taking: gauge(CALLS, 'taking', '1 while the process takes new calls'),
    notTaking: reasons(CALLS, 'not_taking', 'why the process takes no new calls'),
    callsActive: gauge(CALLS, 'calls_active', 'active calls in this process'),
    callsCapacity: gauge(CALLS, 'calls_capacity', 'calls this process would hold at most'),
    callsTotal: counterBy(
      [...WEBHOOK, ...WORKER],
      'calls_total',
      'webhook: what callers got; worker: how calls ended',
      'result',
      service === 'webhook' ? ADMISSIONS : END_REASONS,
    ),
    admissionSeconds: seconds(WEBHOOK, 'admission', 'webhook received to a worker that said yes'),
    modelReadySeconds: seconds(WORKER, 'model_ready', 'a worker said yes to the model session configured'),
    timeToFirstAudioSeconds: seconds(
      WORKER,
      'time_to_first_audio',
      'stream start to first assistant audio handed to Twilio',
    ),
    turnGapSeconds: seconds(WORKER, 'platform_turn_gap', 'last caller speech frame in to first assistant frame out'),
    bargeInReactionSeconds: seconds(WORKER, 'barge_in_reaction', 'speech_started received to clear sent', INSTANTS),
    bargeInsTotal: counter(WORKER, 'barge_ins_total', 'callers who spoke over the assistant'),
    hopSeconds: seconds(CALLS, 'hop', 'one frame between edge and worker: half a round trip', INSTANTS),
    framesTotal: counter(EDGE, 'frames_total', 'frames between edge and worker', ['direction', 'outcome']),
    reportsUnknownTotal: counterBy(
      WEBHOOK,
      'reports_unknown_total',
      'reports of the carrier about calls that nobody knows',
      'about',
      UNKNOWN_REPORTS,
    ),
    socketsRefusedTotal: counterBy(
      [...WEBHOOK, ...EDGE],
      'sockets_refused_total',
      'sockets and requests refused',
      'reason',
      service === 'webhook' ? REFUSED_REQUESTS : REFUSED_SOCKETS,
    ),
    strangersCutTotal: counterBy(
      EVERY,
      'strangers_cut_total',
      'connections closed that had not proved who they are: too many others came, or their time was up',
      'reason',
      CUT_STRANGERS,
    ),
    recordingChunksTotal: counterBy(
      WORKER,
      'recording_chunks_total',
      'pieces of recordings that were stored, or lost because the store could not be used',
      'outcome',
      CHUNK_OUTCOMES,
    ),
    malformedTotal: counter([...WEBHOOK, ...CALLS], 'malformed_total', 'messages that could not be read', [
      'peer',
      'reason',
    ]),
    takeoversTotal: counterBy(
      CALLS,
      'takeovers_total',
      'calls moved to another worker, by the service that moved them',
      'cause',
      TAKEOVER_CAUSES,
    ),
    ringTotal: counterBy(
      WORKER,
      'ring_total',
      'the outcome of the questions at ring time (RING_URL, `before`)',
      'outcome',
      [...RING_OUTCOMES],
    ),
    ringSeconds: seconds(WORKER, 'ring', 'how long the questions at ring time took'),
    takeoverSeconds: seconds(EDGE, 'takeover', 'owner known dead to first frame accepted by the new one'),
    absencesTotal: counterBy(
      WORKER,
      'absences_total',
      'times a caller was away because the assistant wanted it: transferred, or keys were pressed',
      'outcome',
      AWAY_OUTCOMES,
    ),
    failoversTotal: counterBy(
      WORKER,
      'failovers_total',
      'accidents and moves that a call outlived',
      'kind',
      FAILOVER_KINDS,
    ),
    fencedTotal: counter(WORKER, 'fenced_total', 'owners that released a call because a newer owner exists'),
    modelErrorsTotal: counterBy(WORKER, 'model_errors_total', 'errors the model reported', 'code', MODEL_ERRORS),
    answersMissedTotal: answersMissed,
    modelEventsMendedTotal: counterBy(
      WORKER,
      'model_events_mended_total',
      'events of the model that were unreadable, or read without a part of them',
      'type',
      MODEL_EVENTS,
    ),
    modelReconnectsTotal: counterBy(
      WORKER,
      'model_reconnects_total',
      'model sockets opened again during a call',
      'cause',
      RECONNECT_CAUSES,
    ),
    tokensTotal: counterBy(WORKER, 'tokens_total', 'tokens the model counted', 'kind', TOKEN_KINDS),
    spentDollars: counter(WORKER, 'spent_usd_total', 'US dollars that the model cost, by the table of prices'),
    limitsNearTotal: counterBy(
      [...WEBHOOK, ...WORKER],
      'limits_near_total',
      'calls that found 80 % or more of a limit used',
      'limit',
      LIMITS,
    ),
    limitsReachedTotal: counterBy(
      [...WEBHOOK, ...WORKER],
      'limits_reached_total',
      'calls refused or ended because a limit was reached',
      'limit',
      LIMITS,
    ),
    spendUnjudgedTotal: counterBy(
      [...WEBHOOK, ...WORKER],
      'spend_unjudged_total',
      'questions to the ledger of spending that had no answer, or a model without a price: the call went on',
      'reason',
      UNJUDGED,
    ),
    recordsTotal: counterBy(
      [...WORKER, ...ANALYTICS],
      'records_total',
      'call records, by what became of them',
      'outcome',
      service === 'analytics' ? RECORDING_OUTCOMES : SENDING_OUTCOMES,
    ),
    hooksTotal: counterBy(
      ANALYTICS,
      'webhooks_total',
      'attempts to tell other systems by a webhook, by what became of them',
      'outcome',
      [...HOOK_OUTCOMES],
    ),
    outcomeFillsTotal: counterBy(
      ANALYTICS,
      'outcome_fills_total',
      'attempts to have a text model fill in an outcome, by what became of them',
      'outcome',
      [...FILL_OUTCOMES],
    ),
    hooksWaiting: gauge(ANALYTICS, 'webhooks_waiting', 'webhooks that are not delivered yet'),
    hooksGivenUp: gauge(ANALYTICS, 'webhooks_given_up', 'webhooks that were given up and can be sent again'),
    exportAge: gauge(
      ANALYTICS,
      'export_age_seconds',
      'for how long an export to RECORDINGS_URL has not been up to date',
    ),
    recordsUnsent: gauge(WORKER, 'records_unsent', 'records of finished calls that Redis does not have yet'),
    analyticsDatabaseUp: gauge(ANALYTICS, 'analytics_database_up', '1 while the database of analytics can be used'),
    analyticsRecordsWaiting: gauge(ANALYTICS, 'analytics_records_waiting', 'records that wait in the queue'),
    analyticsQueueAge: gauge(ANALYTICS, 'analytics_queue_age_seconds', 'how long the oldest record has waited'),
    analyticsFreshnessSeconds: seconds(
      ANALYTICS,
      'analytics_freshness',
      'a call ended to its record in the database, by wall clocks',
      PATIENCE,
    ),
  };
}

/** Sets a gauge of reasons: 1 for the one that holds, if any, and 0 for the others of `all`. */
export function tellReason<Reason extends string>(
  gauge: Gauge<'reason'>,
  all: readonly Reason[],
  holds: Reason | undefined,
): void {
  for (const reason of all) gauge.set({reason}, reason === holds ? 1 : 0);
}

/** Exports whether this process takes new calls, and why not. */
export function measureTaking(metrics: Pick<Metrics, 'taking' | 'notTaking'>, why: NotTaking | undefined): void {
  metrics.taking.set(why === undefined ? 1 : 0);
  tellReason(metrics.notTaking, NOT_TAKING, why);
}

/** Processor time, memory, garbage collection. */
function measureProcess(registry: Registry): void {
  // Its measure of the event loop wakes a process a hundred times a second, calls or not; ours is `eventLoopLag`.
  collectDefaultMetrics({register: registry, eventLoopMonitoringPrecision: NEVER});
  // Its sums of handles are gauges with the name of a counter, which Prometheus' own tool rejects.
  for (const {name} of registry.getMetricsAsArray())
    if (/^nodejs_(eventloop_lag|active_\w+_total$)/.test(name)) registry.removeSingleMetric(name);
}

export type Metrics = ReturnType<typeof createMetrics>;
