import {z} from 'zod';

/** Who ended a call: the category of its end reason. */
export const EndedBy = z.enum(['caller', 'assistant', 'operator', 'platform']);
export type EndedBy = z.infer<typeof EndedBy>;

/** What there is to know of one way for a call to end. */
export interface EndReasonFacts {
  readonly endedBy: EndedBy;
  /** What happened, in Markdown. */
  readonly meaning: string;
  /** Whether its trace and docs/RUNBOOK.md count the call as failed: the caller had not finished. */
  readonly isFailure: boolean;
}

/**
 * How a call ended, as `category.detail`. The worker, the metric labels, the API, the dashboard and docs/METRICS.md use
 * this table.
 */
export const END_REASONS = {
  'caller.hung-up': {endedBy: 'caller', meaning: 'the caller hung up', isFailure: false},
  'assistant.hung-up': {
    endedBy: 'assistant',
    meaning: 'the assistant said goodbye and hung up',
    isFailure: false,
  },
  'assistant.transferred': {
    endedBy: 'assistant',
    meaning: 'the assistant transferred the caller: a person took them, or a queue or a voice mailbox did',
    isFailure: false,
  },
  'assistant.voicemail': {
    endedBy: 'assistant',
    meaning: 'a machine answered our call: it was left a message, or the assistant hung up',
    isFailure: false,
  },
  'operator.hung-up': {
    endedBy: 'operator',
    meaning: 'an operator ended the call, at the dashboard or by the API',
    isFailure: false,
  },
  'platform.model-refused': {
    endedBy: 'platform',
    meaning: 'the model accepted no session (key, quota, name)',
    isFailure: true,
  },
  'platform.model-lost': {
    endedBy: 'platform',
    meaning: 'the session of the model was lost and could not be opened again',
    isFailure: true,
  },
  'platform.model-silent': {
    endedBy: 'platform',
    meaning:
      'the session of the model was there, and the caller got no answer from it, neither when it was asked again nor from another session',
    isFailure: true,
  },
  'platform.max-duration': {
    endedBy: 'platform',
    meaning: 'the call reached `MAX_CALL_SECONDS`; the assistant said goodbye',
    isFailure: true,
  },
  'platform.spend-call': {
    endedBy: 'platform',
    meaning: 'the call reached `SPEND_PER_CALL_USD`; the caller was told (`LIMIT_END_SAY`)',
    isFailure: true,
  },
  'platform.spend-caller': {
    endedBy: 'platform',
    meaning: 'the caller reached `SPEND_PER_CALLER_USD` of today; the caller was told',
    isFailure: true,
  },
  'platform.spend-assistant': {
    endedBy: 'platform',
    meaning: 'the assistant reached `SPEND_PER_ASSISTANT_USD` of today; the caller was told',
    isFailure: true,
  },
  'platform.spend-day': {
    endedBy: 'platform',
    meaning: 'all calls together reached `SPEND_PER_DAY_USD` of today; the caller was told',
    isFailure: true,
  },
  'platform.idle-timeout': {
    endedBy: 'platform',
    meaning: 'the caller answered neither question whether they were still there (`IDLE_HANG_UP`)',
    isFailure: true,
  },
  'platform.no-speech': {
    endedBy: 'platform',
    meaning: 'neither side said anything for `NO_SPEECH_SECONDS`',
    isFailure: true,
  },
  'platform.stream-lost': {
    endedBy: 'platform',
    meaning: 'Twilio’s stream broke and no other came',
    isFailure: true,
  },
  'platform.stream-never-came': {endedBy: 'platform', meaning: 'Twilio’s stream never came', isFailure: true},
  'platform.worker-lost': {
    endedBy: 'platform',
    meaning:
      'the worker died, no other worker took the call over, and the caller was gone after 3 s or more of silence',
    isFailure: true,
  },
  'platform.internal-error': {
    endedBy: 'platform',
    meaning: 'a bug in the worker: an event of this call could not be handled; the caller was told in words',
    isFailure: true,
  },
  'platform.drained': {
    endedBy: 'platform',
    meaning: 'the worker had to stop, and no other worker could take the call over',
    isFailure: true,
  },
} as const satisfies Readonly<Record<`${EndedBy}.${string}`, EndReasonFacts>>;

export type EndReason = keyof typeof END_REASONS;
export const EndReason = z.enum(reasonsOf(END_REASONS));

/** The reasons in the order of the table. */
function reasonsOf<Reason extends string>(table: Readonly<Record<Reason, EndReasonFacts>>): Reason[] {
  return Object.keys(table).filter((name): name is Reason => Object.hasOwn(table, name));
}
