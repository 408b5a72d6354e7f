import type {Schema} from '../database/schema.ts';

type Source = 'calls' | 'turns' | 'interruptions' | 'toolCalls' | 'failovers';

/** Something that can be counted and measured. `null` values are left out of every figure, never taken as zero. */
export interface Metric {
  readonly title: string;
  readonly unit: 'ms' | 'count' | 'tokens' | 'usd';
  readonly of: Source;
  readonly column: string;
  readonly about: string;
}

/** Ties each metric to a column that its table has. */
const of =
  <Table extends Source>(table: Table) =>
  (column: keyof Schema[Table] & string, unit: Metric['unit'], title: string, about: string): Metric => ({
    of: table,
    column,
    unit,
    title,
    about,
  });

const call = of('calls');
const turn = of('turns');
const interruption = of('interruptions');
const tool = of('toolCalls');
const failover = of('failovers');

/** Every metric by the name the API knows it by. docs/METRICS.md defines each: start, end, clock, what it cannot see. */
export const METRICS = {
  platform_turn_gap: turn(
    'platformTurnGapMs',
    'ms',
    'Platform turn gap',
    'last caller speech frame in to first assistant frame out',
  ),
  end_of_turn_delay: turn(
    'endOfTurnDelayMs',
    'ms',
    'End-of-turn delay',
    'end of caller speech to the decision that the turn is over',
  ),
  model_ttfb: turn('modelTtfbMs', 'ms', 'Model TTFB', 'the decision that the turn is over to the first audio delta'),
  hop_up: turn('hopUpMs', 'ms', 'Hop up', 'media edge to worker'),
  hop_down: turn('hopDownMs', 'ms', 'Hop down', 'worker to media edge'),
  generated_audio: turn('generatedMs', 'ms', 'Generated audio', 'assistant audio that the model made for a turn'),
  heard_audio: turn('heardMs', 'ms', 'Heard audio', 'assistant audio of a turn that the caller heard'),
  turns: turn('turn', 'count', 'Turns', 'exchanges; read `count`'),
  calls: call('epoch', 'count', 'Calls', 'finished calls; read `count`'),
  call_duration: call('durationMs', 'ms', 'Call duration', 'start to end by the wall clock'),
  time_to_first_audio: call('timeToFirstAudioMs', 'ms', 'Time to first audio', 'stream start to first assistant audio'),
  admission: call('admissionMs', 'ms', 'Admission', 'webhook received to a worker that said yes'),
  model_ready: call('modelReadyMs', 'ms', 'Model ready', 'a worker said yes to the model session configured'),
  turns_per_call: call('turns', 'count', 'Turns per call', 'exchanges in a call, the greeting included'),
  barge_ins: call(
    'bargeIns',
    'count',
    'Interruptions per call',
    'times the caller spoke over the assistant, without false ones',
  ),
  false_interruptions: call(
    'falseInterruptions',
    'count',
    'False interruptions',
    'interruptions after which no words followed',
  ),
  talk_over_per_call: call('talkOverMs', 'ms', 'Talk-over per call', 'time in which both were audible'),
  unheard_per_call: call('unheardMs', 'ms', 'Unheard audio per call', 'assistant audio that was made and never heard'),
  tool_calls_per_call: call('toolCalls', 'count', 'Tool calls per call', 'tools that the model asked for'),
  failovers_per_call: call(
    'failovers',
    'count',
    'Failovers per call',
    'owners, edges and model sockets that were replaced',
  ),
  cost: call('costUsd', 'usd', 'Cost', 'US dollars at the price table of the call'),
  tokens_input_text: call('tokensInputText', 'tokens', 'Text tokens in', 'as the model counted them'),
  tokens_input_audio: call('tokensInputAudio', 'tokens', 'Audio tokens in', 'as the model counted them'),
  tokens_input_cached: call(
    'tokensInputCached',
    'tokens',
    'Cached tokens in',
    'as the model counted them; part of the others',
  ),
  tokens_input_cached_text: call(
    'tokensInputCachedText',
    'tokens',
    'Cached text tokens in',
    'part of the text tokens in; where the model told the kind',
  ),
  tokens_input_cached_audio: call(
    'tokensInputCachedAudio',
    'tokens',
    'Cached audio tokens in',
    'part of the audio tokens in; where the model told the kind',
  ),
  tokens_output_text: call('tokensOutputText', 'tokens', 'Text tokens out', 'as the model counted them'),
  tokens_output_audio: call('tokensOutputAudio', 'tokens', 'Audio tokens out', 'as the model counted them'),
  frames_lost_up: call(
    'framesLostUp',
    'count',
    'Frames lost on the way up',
    'caller audio that never reached the worker',
  ),
  frames_lost_down: call(
    'framesLostDown',
    'count',
    'Frames lost on the way down',
    'assistant audio that never reached the edge',
  ),
  padded_audio: call('framesPaddedMs', 'ms', 'Padded audio', 'caller audio that Twilio never delivered'),
  barge_in_reaction: interruption('reactionMs', 'ms', 'Barge-in reaction', 'speech_started received to clear sent'),
  t_stop: interruption('tStopMs', 'ms', 't_stop', 'onset of caller speech to silence of the assistant'),
  talk_over: interruption('talkOverMs', 'ms', 'Talk-over', 'time of one interruption in which both were audible'),
  unheard_audio: interruption(
    'unheardMs',
    'ms',
    'Unheard audio',
    'assistant audio that one interruption kept from being heard',
  ),
  truncation_position: interruption('truncatedAtMs', 'ms', 'Truncation position', 'where the item was cut'),
  truncation_uncertainty: interruption(
    'uncertaintyMs',
    'ms',
    'Truncation uncertainty',
    'how wrong the cut can be at most',
  ),
  tool_duration: tool('durationMs', 'ms', 'Tool duration', 'the model asked for a tool to its result'),
  failover_gap: failover('gapMs', 'ms', 'Failover gap', 'how long nobody listened to the caller'),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS).filter((name): name is MetricName => Object.hasOwn(METRICS, name));

/** What the figures of a metric can be split by: for every metric, and for those of one table. */
export const GROUPS: Readonly<Record<Source, Readonly<Record<string, string>>>> = (() => {
  const facets = {assistant: 'assistant', worker: 'worker', model: 'model'};
  return {
    calls: {...facets, edge: 'edge', endReason: 'endReason', endedBy: 'endedBy', direction: 'direction'},
    turns: {...facets, cause: 'cause', responseStatus: 'responseStatus'},
    interruptions: {...facets, false: 'falseInterruption', refused: 'refused'},
    toolCalls: {...facets, tool: 'name', ok: 'ok'},
    failovers: {...facets, kind: 'kind'},
  };
})();

/** Lengths of a time bucket, as PostgreSQL reads them; weeks begin on Monday, all in UTC. */
export const BUCKETS = {
  minute: '1 minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  hour: '1 hour',
  '6h': '6 hours',
  day: '1 day',
  week: '7 days',
} as const;
export type Bucket = keyof typeof BUCKETS;
export const BUCKET_NAMES = Object.keys(BUCKETS).filter((name): name is Bucket => Object.hasOwn(BUCKETS, name));

/** The same lengths in milliseconds. */
export const BUCKET_MS: Readonly<Record<Bucket, number>> = {
  minute: 60_000,
  '5m': 300_000,
  '15m': 900_000,
  hour: 3_600_000,
  '6h': 21_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
