import {count, duration, type Figures, flag, position} from './figure.ts';

/** Everything that is kept of an interruption (a barge-in): the caller spoke over the assistant. */
export const INTERRUPTION_FIGURES = {
  interruption: {kind: count, column: 'interruption', about: 'number of the interruption in its call, from 0'},
  turn: {kind: count, column: 'turn', about: 'the turn that was interrupted'},
  at: {kind: position, column: 'atMs', about: 'the model’s `speech_started` arrived'},
  reactionMs: {
    kind: duration,
    column: 'reactionMs',
    about: 'speech_started received to clear sent',
    metric: {
      name: 'barge_in_reaction',
      title: 'Barge-in reaction',
      definition: {
        whose: 'our share of _barge-in latency_',
        from: '`speech_started` arrived from the model',
        to: '`clear` was handed on',
        clock: 'worker; ms',
        unseen: 'how long the model took to notice: that is in `t_stop`',
      },
    },
  },
  tStopMs: {
    kind: duration,
    column: 'tStopMs',
    about: 'onset of caller speech to silence of the assistant',
    metric: {
      name: 't_stop',
      title: 't_stop',
      definition: {
        whose: '_t_stop_, stop latency (Full-Duplex-Bench 1.5)',
        from: 'first frame of caller speech leaves Twilio',
        to: 'the `clear` lands at Twilio: silence',
        clock: 'worker, plus the measured round trip of a mark; ms',
        unseen: 'the phone leg behind Twilio',
      },
    },
  },
  talkOverMs: {
    kind: duration,
    column: 'talkOverMs',
    about: 'time of one interruption in which both were audible',
    metric: {
      name: 'talk_over',
      title: 'Talk-over',
      definition: {
        whose: '_talk-over time_ (Calabrio, BargeBench)',
        from: 'both voices audible: the later of the two begins',
        to: 'silence, or the last frame before it in which the caller can be heard',
        clock: 'as `t_stop`; ms',
        unseen: 'pauses within what either says',
      },
    },
  },
  unheardMs: {
    kind: duration,
    column: 'unheardMs',
    about: 'assistant audio that one interruption kept from being heard',
    metric: {
      name: 'unheard_audio',
      title: 'Unheard audio',
      definition: {whose: 'ours', clock: 'received minus heard; ms'},
    },
  },
  truncatedAtMs: {
    kind: duration,
    column: 'truncatedAtMs',
    about: 'position in the item at which it was truncated; null where nothing had to be',
    metric: {
      name: 'truncation_position',
      title: 'Truncation position',
      definition: {
        whose: '`audio_end_ms` of `conversation.item.truncate` (OpenAI)',
        from: 'start of the item',
        to: 'where it was truncated',
        clock: 'marks and clock; ms',
      },
    },
  },
  uncertaintyMs: {
    kind: duration,
    column: 'uncertaintyMs',
    about: 'how wrong the truncation can be at most',
    metric: {
      name: 'truncation_uncertainty',
      title: 'Truncation uncertainty',
      definition: {
        whose: 'ours',
        clock: 'half the distance between what a mark proved and what could have been played; ms',
      },
    },
  },
  refused: {kind: flag, column: 'refused', about: 'whether the model refused the truncation'},
  false: {
    kind: flag,
    column: 'falseInterruption',
    about: 'whether the reply was resumed because no words followed',
  },
} as const satisfies Figures;
