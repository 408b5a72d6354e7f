import {addedLater, count, duration, type Figures, flag, maybeOneOf, maybePosition, name, oneOf} from './figure.ts';

/**
 * Everything that is kept of a turn: one exchange, what made the assistant speak and the outcome. The record that a
 * worker sends, the row in the database, the API, the CSV file and docs/METRICS.md are all made from this table;
 * docs/METRICS.md says how a figure is added.
 */
export const TURN_FIGURES = {
  turn: {
    kind: count,
    column: 'turn',
    about: 'number of the turn in its call; 0 is the greeting',
    metric: {
      name: 'turns',
      title: 'Turns',
      about: 'exchanges; read `count`',
      definition: {whose: '_total turns_ (Twilio)', clock: 'read `count`'},
    },
  },
  cause: {
    kind: oneOf(['greeting', 'caller', 'tool', 'digits', 'idle', 'recovery', 'farewell']),
    column: 'cause',
    about: 'what made the assistant speak',
  },
  callerStartedAt: {
    kind: maybePosition,
    column: 'callerStartedAtMs',
    about: 'first frame of caller speech, as the voice detection of the model places it',
  },
  callerEndedAt: {
    kind: maybePosition,
    column: 'callerEndedAtMs',
    about: 'last frame of caller speech, without the silence that proved that it was the last',
  },
  decidedAt: {
    kind: maybePosition,
    column: 'decidedAtMs',
    about: 'the model’s `speech_stopped` arrived: the decision that the turn is over',
  },
  firstDeltaAt: {
    kind: maybePosition,
    column: 'firstDeltaAtMs',
    about: 'the first audio delta of the response arrived',
  },
  audioStartedAt: {
    kind: maybePosition,
    column: 'audioStartedAtMs',
    about: 'first assistant audio of the turn handed to Twilio’s socket',
  },
  audioEndedAt: {
    kind: maybePosition,
    column: 'audioEndedAtMs',
    about: 'last assistant audio of the turn played, by mark or by estimate',
  },
  platformTurnGapMs: {
    kind: duration,
    column: 'platformTurnGapMs',
    about: 'last caller speech frame in to first assistant frame out',
    metric: {
      name: 'platform_turn_gap',
      title: 'Platform turn gap',
      definition: {
        whose:
          '_platform turn gap_ (Twilio); _e2e latency_ (LiveKit), _user-bot latency_ (Pipecat), _e2e_ (Retell) at our boundary',
        from: 'last frame of caller speech reached the edge',
        to: "first assistant frame of the turn handed to Twilio's socket; without the time that tools ran (`tool_time`)",
        clock: "worker's monotonic clock, plus one hop each way; ms",
        unseen: 'both phone legs, and the network between Twilio and the edge',
      },
    },
  },
  toolMs: {
    kind: addedLater(duration, null),
    column: 'toolMs',
    about: 'how long tools ran before the reply; the caller waited for that and the platform turn gap',
    metric: {
      name: 'tool_time',
      title: 'Tool time',
      definition: {
        whose: 'ours',
        from: 'the model had asked for a tool',
        to: 'it had all results, or the caller heard something',
        clock: 'worker; ms; 0 for a reply without tools, `null` where there is no turn gap',
        unseen: 'tools that run in the background: the model does not wait for them',
      },
    },
  },
  endOfTurnDelayMs: {
    kind: duration,
    column: 'endOfTurnDelayMs',
    about: 'end of caller speech to the decision that the turn is over',
    metric: {
      name: 'end_of_turn_delay',
      title: 'End-of-turn delay',
      definition: {
        whose: '_end-of-turn delay_ (LiveKit `endOfTurnDelay`, Vapi _endpointing_)',
        from: 'last frame of caller speech reached the edge',
        to: '`speech_stopped` arrived',
        clock: 'worker; ms',
        unseen: 'how much of it is network to the model',
      },
    },
  },
  modelTtfbMs: {
    kind: duration,
    column: 'modelTtfbMs',
    about: 'the decision that the turn is over to the first audio delta',
    metric: {
      name: 'model_ttfb',
      title: 'Model TTFB',
      definition: {
        whose: '_TTFB_ (Pipecat), _ttft_ (LiveKit `RealtimeModelMetrics`)',
        from: '`speech_stopped` arrived',
        to: 'first audio delta of the reply arrived; without the time that tools ran (`tool_time`)',
        clock: 'worker; ms',
        unseen: 'silence at the beginning of the audio (_time to first audible sample_)',
      },
    },
  },
  hopUpMs: {
    kind: duration,
    column: 'hopUpMs',
    about: 'one-way latency from the media edge to the worker',
    metric: {
      name: 'hop_up',
      title: 'Hop up',
      definition: {
        whose: '_transport latency_ (Vapi)',
        from: 'a frame leaves the edge',
        to: 'it reaches the worker',
        clock: 'half of the measured round trip over Redis; ms',
        unseen: 'a way up that takes longer than the way down: both are given the same half',
      },
    },
  },
  hopDownMs: {
    kind: duration,
    column: 'hopDownMs',
    about: 'one-way latency from the worker to the media edge',
    metric: {
      name: 'hop_down',
      title: 'Hop down',
      definition: {
        whose: '_transport latency_ (Vapi)',
        from: 'a frame leaves the worker',
        to: 'it reaches the edge',
        clock: 'half of the measured round trip over Redis; ms',
        unseen: 'a way down that takes longer than the way up: both are given the same half',
      },
    },
  },
  generatedMs: {
    kind: duration,
    column: 'generatedMs',
    about: 'assistant audio that the model made for the turn',
    metric: {
      name: 'generated_audio',
      title: 'Generated audio',
      definition: {
        whose: 'ours',
        clock: 'bytes of audio received, 8 per ms; ms',
        unseen: 'what a worker that died had received and not yet passed on',
      },
    },
  },
  heardMs: {
    kind: duration,
    column: 'heardMs',
    about: 'assistant audio of the turn that the caller heard',
    metric: {
      name: 'heard_audio',
      title: 'Heard audio',
      definition: {
        whose: '_duration until interrupt_ (Twilio ConversationRelay) when interrupted',
        clock:
          'returned marks, and between two of them the clock; where the call ends in the middle of a reply, up to the last sign of the phone; ms',
        unseen: "the caller's ear: it is what Twilio played",
      },
    },
  },
  interrupted: {kind: flag, column: 'interrupted', about: 'whether the caller interrupted the reply'},
  responseStatus: {
    kind: maybeOneOf(['completed', 'cancelled', 'incomplete', 'failed']),
    column: 'responseStatus',
    about: 'how the response of the model ended',
  },
  model: {kind: name, column: 'model', about: 'model that answered'},
  worker: {kind: name, column: 'worker', about: 'worker that had the call'},
} as const satisfies Figures;
