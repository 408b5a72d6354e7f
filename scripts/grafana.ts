/**
 * Writes `deploy/observability/grafana/voicebridge.json` from the panels below: `node scripts/grafana.ts`. A test fails
 * while the file is out of date, or while a panel asks for what no process exports.
 */
import {writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';

const FILE = fileURLToPath(new URL('../deploy/observability/grafana/voicebridge.json', import.meta.url));
const DATASOURCE = {type: 'prometheus', uid: '${datasource}'};
const ACROSS = 24;
const HEIGHT = 7;

/** One question, and the lines that answer it: what to draw, by its legend. */
interface Panel {
  readonly title: string;
  readonly about: string;
  readonly unit: string;
  readonly lines: Readonly<Record<string, string>>;
}

const worker = 'service="realtime-worker"';
const rate = (metric: string, by: string) => `sum by (${by}) (rate(voicebridge_${metric}[$__rate_interval]))`;

function lines(title: string, about: string, unit: string, lines: Panel['lines']): Panel {
  return {title, about, unit, lines};
}

/** The median and the two tails of a latency, over all processes. */
function latency(title: string, about: string, metric: string): Panel {
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (le) (rate(voicebridge_${metric}_seconds_bucket[$__rate_interval])))`;
  return {title, about, unit: 's', lines: {p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99)}};
}

const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  Calls: [
    lines('Active calls, workers', 'Each worker, and what all of them could hold.', 'short', {
      '{{instance}}': `voicebridge_calls_active{${worker}}`,
      capacity: `sum(voicebridge_calls_capacity{${worker}} unless on (instance) voicebridge_draining == 1)`,
    }),
    lines('Active calls, edges', 'Each edge, and what all of them could hold.', 'short', {
      '{{instance}}': 'voicebridge_calls_active{service="media-edge"}',
      capacity: 'sum(voicebridge_calls_capacity{service="media-edge"} unless on (instance) voicebridge_draining == 1)',
    }),
    lines('What callers got', 'overload: no place. given-up: its stream could not be kept.', 'cps', {
      '{{result}}': rate('calls_total{service="webhook"}', 'result'),
    }),
    lines('How calls ended', 'Whatever begins with platform. is our fault, or the model’s.', 'cps', {
      '{{result}}': rate(`calls_total{${worker}}`, 'result'),
    }),
    latency('Admission', 'Webhook received to a worker that said yes; 300 ms a worker at most.', 'admission'),
    lines('Asked at ring time', 'The outcome of asking RING_URL and `before`.', 'cps', {
      '{{outcome}}': rate('ring_total', 'outcome'),
    }),
    latency('Answer at ring time', 'How long these questions took.', 'ring'),
    latency('Model ready', 'A worker said yes to the model session configured.', 'model_ready'),
  ],
  'What callers feel': [
    latency(
      'Time to first audio',
      'Stream start to the first assistant audio handed to Twilio.',
      'time_to_first_audio',
    ),
    latency('Platform turn gap', 'Last caller speech frame in to first assistant frame out.', 'platform_turn_gap'),
    latency('Barge-in reaction', 'speech_started received to clear sent.', 'barge_in_reaction'),
    lines('Barge-ins', 'Callers who spoke over the assistant.', 'cps', {
      'barge-ins': 'sum(rate(voicebridge_barge_ins_total[$__rate_interval]))',
    }),
  ],
  'Between our processes': [
    latency('Hop', 'One frame between edge and worker: half a round trip through Redis.', 'hop'),
    lines('Frames', 'lost: given up after 10 s. resent and duplicates: Redis blinked.', 'cps', {
      '{{direction}} {{outcome}}': rate('frames_total', 'direction, outcome'),
    }),
    lines('Redis can be used', '1 while the process can use Redis; else why not.', 'short', {
      '{{service}} {{instance}}': 'voicebridge_redis_up',
      '{{service}} {{instance}}: {{reason}}': 'voicebridge_redis_trouble == 1',
    }),
    lines('Event loop lag', 'How late timers fire, the worst of a second.', 's', {
      '{{service}} {{instance}}': 'voicebridge_event_loop_lag_seconds',
    }),
  ],
  Accidents: [
    lines('Takeovers', 'Calls moved to another worker. worker-drained is a deployment.', 'cps', {
      '{{cause}}': rate('takeovers_total', 'cause'),
    }),
    latency('Takeover time', 'Owner known dead to the first frame accepted by the new one.', 'takeover'),
    lines('Failovers', 'What calls outlived, and owners that let go for a newer one.', 'cps', {
      '{{kind}}': rate('failovers_total', 'kind'),
      fenced: 'sum(rate(voicebridge_fenced_total[$__rate_interval]))',
    }),
    lines('Absences', 'Callers who were away: transferred, or keys were pressed for them.', 'cps', {
      '{{outcome}}': rate('absences_total', 'outcome'),
    }),
    lines('Takes calls', '1 while a process takes new calls; else why not.', 'short', {
      '{{service}} {{instance}}': 'voicebridge_taking',
      '{{service}} {{instance}}: {{reason}}': 'voicebridge_not_taking == 1',
    }),
    lines('Draining', '1 while a process takes no new work.', 'short', {
      '{{service}} {{instance}}': 'voicebridge_draining',
    }),
  ],
  Model: [
    lines('Model can be used', '1 while a worker can open sessions with the model; else why not.', 'short', {
      '{{instance}}': 'voicebridge_model_up',
      '{{instance}}: {{reason}}': 'voicebridge_model_trouble == 1',
    }),
    lines('Model errors', 'By the model’s own code.', 'cps', {'{{code}}': rate('model_errors_total', 'code')}),
    lines('Model sessions opened again', 'rotated is planned: before the limit of 60 minutes.', 'cps', {
      '{{cause}}': rate('model_reconnects_total', 'cause'),
    }),
    lines('Answers missed', 'An answer did not come, or not whole: why, and what was done for the caller.', 'cps', {
      '{{cause}}: {{step}}': rate('answers_missed_total', 'cause, step'),
    }),
    lines(
      'Model events mended',
      'Read without a part of them, or not readable; the log says which part, once a call.',
      'cps',
      {
        '{{type}}': rate('model_events_mended_total', 'type'),
      },
    ),
    lines('Tokens', 'As the model counts them; what they cost is in the records.', 'short', {
      '{{kind}}': rate('tokens_total', 'kind'),
    }),
  ],
  Money: [
    lines('Spent', 'US dollars an hour, by the table of prices.', 'currencyUSD', {
      'an hour': '3600 * sum(rate(voicebridge_spent_usd_total[$__rate_interval]))',
    }),
    lines('Limits', 'Calls that found a limit nearly used, and those that were refused or ended by one.', 'cps', {
      'near: {{limit}}': rate('limits_near_total', 'limit'),
      'reached: {{limit}}': rate('limits_reached_total', 'limit'),
    }),
    lines('Not judged', 'no-answer: of the ledger in Redis. no-price: of the model.', 'cps', {
      '{{reason}}': rate('spend_unjudged_total', 'reason'),
    }),
  ],
  Records: [
    lines(
      'Records',
      'Worker: sent, or failed and tried again. Analytics: recorded, or refused with a line in its log.',
      'cps',
      {
        '{{service}} {{outcome}}': rate('records_total', 'service, outcome'),
      },
    ),
    lines('Records that wait', 'unsent: in a worker. waiting: in the queue.', 'short', {
      unsent: 'sum(voicebridge_records_unsent)',
      waiting: 'max(voicebridge_analytics_records_waiting)',
    }),
    lines('The queue can be used', '1 while a worker can write to the queue’s Redis; else why not.', 'short', {
      '{{instance}}': 'voicebridge_queue_up',
      '{{instance}}: {{reason}}': 'voicebridge_queue_trouble == 1',
    }),
    lines('Age of the queue', 'How long the oldest record has waited.', 's', {
      oldest: 'max(voicebridge_analytics_queue_age_seconds)',
    }),
    latency('Freshness', 'A call ended to its record in the database.', 'analytics_freshness'),
    lines('Recordings', 'Pieces of ten seconds; lost: the store could not be used.', 'cps', {
      '{{outcome}}': rate('recording_chunks_total', 'outcome'),
    }),
    lines('Webhooks', 'Attempts to tell other systems of finished calls, by what became of them.', 'cps', {
      '{{outcome}}': rate('webhooks_total', 'outcome'),
    }),
    lines('Outcomes filled', 'A text model was asked for the fields that assistants left empty, by outcome.', 'cps', {
      '{{outcome}}': rate('outcome_fills_total', 'outcome'),
    }),
    lines('Webhooks that wait', 'Not delivered yet, or given up: these can be sent again.', 'short', {
      waiting: 'max(voicebridge_webhooks_waiting)',
      'given up': 'max(voicebridge_webhooks_given_up)',
    }),
    lines('Database', '1 while the database of analytics can be used.', 'short', {
      '{{instance}}': 'voicebridge_analytics_database_up',
    }),
  ],
  'The door': [
    lines('Refused', 'signature: forged, or a wrong token or public URL.', 'cps', {
      '{{service}} {{reason}}': rate('sockets_refused_total', 'service, reason'),
    }),
    lines('Reports about nothing we know', 'Twilio reports calls that nobody here knows.', 'cps', {
      '{{about}}': rate('reports_unknown_total', 'about'),
    }),
    lines('Strangers cut', 'Connections that had not proved who they are.', 'cps', {
      '{{service}} {{reason}}': rate('strangers_cut_total', 'service, reason'),
    }),
    lines('Malformed', 'Messages that could not be read, by their sender.', 'cps', {
      '{{peer}} {{reason}}': rate('malformed_total', 'peer, reason'),
    }),
  ],
  Processes: [
    lines('CPU', 'Of one core. Scale by calls, not by this.', 'percentunit', {
      '{{service}} {{instance}}': 'rate(process_cpu_seconds_total[$__rate_interval])',
    }),
    lines('Memory', 'Resident.', 'bytes', {'{{service}} {{instance}}': 'process_resident_memory_bytes'}),
    lines('Descriptors', 'Open sockets and files, of those that the process may have.', 'percentunit', {
      '{{service}} {{instance}}': 'process_open_fds / process_max_fds',
    }),
    lines('Bugs', 'Lines of the log that begin with bug:, within ten minutes.', 'short', {
      '{{service}} {{instance}}': 'increase(voicebridge_bugs_total[10m])',
    }),
    lines('Versions', 'What runs, and how many of it.', 'short', {
      '{{service}} {{version}} on {{node}}': 'count by (service, version, node) (voicebridge_build_info)',
    }),
  ],
};

/** The dashboard as Grafana imports it. */
export function grafanaDashboard(): object {
  let y = 0;
  let id = 0;
  const panels: object[] = [];
  for (const [title, row] of Object.entries(ROWS)) {
    panels.push({id: ++id, type: 'row', title, collapsed: false, gridPos: {x: 0, y, w: ACROSS, h: 1}, panels: []});
    y += 1;
    const perLine = Math.min(3, row.length);
    const w = ACROSS / perLine;
    for (const [index, panel] of row.entries()) {
      const gridPos = {x: (index % perLine) * w, y: y + Math.floor(index / perLine) * HEIGHT, w, h: HEIGHT};
      panels.push(drawn(panel, ++id, gridPos));
    }
    y += Math.ceil(row.length / perLine) * HEIGHT;
  }
  return {
    uid: 'voicebridge',
    title: 'Voicebridge',
    description: 'What callers feel, and where it comes from. Written by scripts/grafana.ts.',
    tags: ['voicebridge'],
    schemaVersion: 39,
    version: 1,
    refresh: '10s',
    time: {from: 'now-3h', to: 'now'},
    timezone: 'browser',
    graphTooltip: 1,
    templating: {
      list: [{name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {}, hide: 0}],
    },
    annotations: {list: []},
    links: [],
    panels,
  };
}

function drawn({title, about, unit, lines}: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: 'timeseries',
    title,
    description: about,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {unit, min: 0, custom: {lineWidth: 1, fillOpacity: 8, showPoints: 'never', spanNulls: false}},
      overrides: [],
    },
    options: {legend: {displayMode: 'list', placement: 'bottom'}, tooltip: {mode: 'multi', sort: 'desc'}},
    targets: Object.entries(lines).map(([legendFormat, expr], index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  };
}

if (import.meta.main) await writeFile(FILE, `${JSON.stringify(grafanaDashboard(), null, 2)}\n`);
