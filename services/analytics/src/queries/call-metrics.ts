import type {Definition} from '@voicebridge/shared/cdr/figure.ts';
import type {CallsTable} from '../database/schema.ts';

export interface CallMetric {
  readonly column: keyof CallsTable;
  readonly unit: 'ms' | 'count' | 'tokens' | 'usd';
  readonly title: string;
  readonly about: string;
  readonly definition: Definition;
}

const tokens = {
  whose: '`gen_ai.client.token.usage` (OpenTelemetry)',
  clock: 'as the model counted them in `response.done`',
  unseen: 'tokens of a response whose `response.done` never came',
} satisfies Definition;
const cachedByKind = {
  ...tokens,
  clock: `${tokens.clock}; where the model reported the kind, \`null\` before November 2026`,
} satisfies Definition;
const framesLost = {
  whose: 'ours',
  clock: 'frames of 20 ms between edge and worker that were never made good, as the side that missed them counts',
  unseen: 'all frame counts of a worker that died',
} satisfies Definition;
const perCall = 'sum of the call, without false ones; ms';

/** The metrics of whole calls by the names that the API knows them by. docs/METRICS.md shows this table. */
export const CALL_METRICS = {
  calls: {
    column: 'epoch',
    unit: 'count',
    title: 'Calls',
    about: 'finished calls; read `count`',
    definition: {clock: 'read `count`', unseen: 'calls that never got a worker'},
  },
  call_duration: {
    column: 'durationMs',
    unit: 'ms',
    title: 'Call duration',
    about: 'start to end by the wall clock',
    definition: {
      whose: '_handling time_ (Twilio)',
      from: '`startedAt`',
      to: '`endedAt`',
      clock: '**wall clock**; ms; `null` if it ran backwards',
    },
  },
  time_to_first_audio: {
    column: 'timeToFirstAudioMs',
    unit: 'ms',
    title: 'Time to first audio',
    about: 'stream start to first assistant audio',
    definition: {
      whose: '_time to first audio_ (Bolna); _first bot speech latency_ (Pipecat)',
      from: "Twilio's `start` was read by the edge",
      to: "first assistant frame handed to Twilio's socket",
      clock: 'edge and worker, each its own durations; ms',
      unseen:
        'ringing, answering and TwiML before the stream; how long `start` lay unread before an edge that was busy',
    },
  },
  admission: {
    column: 'admissionMs',
    unit: 'ms',
    title: 'Admission',
    about: 'webhook received to a worker that accepted the call',
    definition: {
      whose: 'ours',
      from: 'webhook received',
      to: 'a worker accepted the call',
      clock: '**wall clocks of two processes**; ms',
      unseen: 'wrong by as much as their clocks differ',
    },
  },
  model_ready: {
    column: 'modelReadyMs',
    unit: 'ms',
    title: 'Model ready',
    about: 'a worker accepted the call to the model session configured',
    definition: {
      whose: '_acquire time_ (LiveKit)',
      from: 'a worker accepted the call',
      to: "the model's session is configured",
      clock: 'worker; ms',
    },
  },
  wait_at_hang_up: {
    column: 'hungUpWaitingMs',
    unit: 'ms',
    title: 'Hung up while waiting',
    about: 'how long a caller who hung up had waited for an answer; null: they did not wait for 2 s or more',
    definition: {
      whose: 'ours',
      from: 'the caller had last spoken, or the call began',
      to: 'the caller hung up, and no audio of the assistant had begun since',
      clock: '**wall clock** for the end; ms; `null` below 2 s and for all other calls',
      unseen:
        'a caller who was asked to wait (`while` of a tool) and hung up then; calls whose turns were deleted before December 2026',
    },
  },
  ring: {
    column: 'ringMs',
    unit: 'ms',
    title: 'Questions at ring time',
    about: 'how long RING_URL and `before` took',
    definition: {
      whose: 'ours',
      from: 'a worker was asked to take the call',
      to: 'both had answered, or the budget was over',
      clock: 'worker; ms; `null` where nothing was asked',
    },
  },
  turns_per_call: {
    column: 'turns',
    unit: 'count',
    title: 'Turns per call',
    about: 'exchanges in a call, the greeting included',
    definition: {clock: 'count, the greeting included'},
  },
  barge_ins: {
    column: 'bargeIns',
    unit: 'count',
    title: 'Interruptions per call',
    about: 'times the caller spoke over the assistant, without false ones',
    definition: {
      whose: '_interruptions by customer_ (Twilio), _numUserInterrupted_ (Vapi)',
      clock: 'count, without false ones',
      unseen: 'an interruption that the model did not notice',
    },
  },
  false_interruptions: {
    column: 'falseInterruptions',
    unit: 'count',
    title: 'False interruptions',
    about: 'interruptions after which no words followed',
    definition: {whose: '_false interruption_ (LiveKit)', clock: 'count'},
  },
  talk_over_per_call: {
    column: 'talkOverMs',
    unit: 'ms',
    title: 'Talk-over per call',
    about: 'time in which both were audible',
    definition: {whose: 'as `talk_over`', clock: perCall},
  },
  unheard_per_call: {
    column: 'unheardMs',
    unit: 'ms',
    title: 'Unheard audio per call',
    about: 'assistant audio that was made and never heard',
    definition: {whose: 'as `unheard_audio`', clock: perCall},
  },
  tool_calls_per_call: {
    column: 'toolCalls',
    unit: 'count',
    title: 'Tool calls per call',
    about: 'tools that the model asked for',
    definition: {clock: 'count'},
  },
  failovers_per_call: {
    column: 'failovers',
    unit: 'count',
    title: 'Failovers per call',
    about: 'workers, edges and model sessions that were replaced',
    definition: {whose: 'ours', clock: 'count'},
  },
  cost: {
    column: 'costUsd',
    unit: 'usd',
    title: 'Cost',
    about: 'US dollars by the price table of the call',
    definition: {
      clock:
        'US dollars by `price_table`, cached text and cached audio each at its own price; cached tokens of unknown kind count as text first. Costs of table `2026-10` priced all of them as audio and are 12 to 15 % too low; `null` for a model that is not in the table',
      unseen: "discounts; Twilio's own price",
    },
  },
  tokens_input_text: {
    column: 'tokensInputText',
    unit: 'tokens',
    title: 'Text tokens in',
    about: 'as the model counted them',
    definition: tokens,
  },
  tokens_input_audio: {
    column: 'tokensInputAudio',
    unit: 'tokens',
    title: 'Audio tokens in',
    about: 'as the model counted them',
    definition: tokens,
  },
  tokens_input_cached: {
    column: 'tokensInputCached',
    unit: 'tokens',
    title: 'Cached tokens in',
    about: 'as the model counted them; part of the others',
    definition: {...tokens, clock: `${tokens.clock}; part of the text and audio tokens in`},
  },
  tokens_input_cached_text: {
    column: 'tokensInputCachedText',
    unit: 'tokens',
    title: 'Cached text tokens in',
    about: 'part of the text tokens in, where the model reported the kind',
    definition: cachedByKind,
  },
  tokens_input_cached_audio: {
    column: 'tokensInputCachedAudio',
    unit: 'tokens',
    title: 'Cached audio tokens in',
    about: 'part of the audio tokens in, where the model reported the kind',
    definition: cachedByKind,
  },
  tokens_output_text: {
    column: 'tokensOutputText',
    unit: 'tokens',
    title: 'Text tokens out',
    about: 'as the model counted them',
    definition: tokens,
  },
  tokens_output_audio: {
    column: 'tokensOutputAudio',
    unit: 'tokens',
    title: 'Audio tokens out',
    about: 'as the model counted them',
    definition: tokens,
  },
  frames_lost_up: {
    column: 'framesLostUp',
    unit: 'count',
    title: 'Frames lost on the way up',
    about: 'caller audio that never reached the worker',
    definition: framesLost,
  },
  frames_lost_down: {
    column: 'framesLostDown',
    unit: 'count',
    title: 'Frames lost on the way down',
    about: 'assistant audio that never reached the edge',
    definition: framesLost,
  },
  padded_audio: {
    column: 'framesPaddedMs',
    unit: 'ms',
    title: 'Padded audio',
    about: 'caller audio that Twilio never delivered',
    definition: {whose: 'ours', clock: 'caller audio that Twilio did not deliver in time, filled with silence; ms'},
  },
} as const satisfies Record<string, CallMetric>;
