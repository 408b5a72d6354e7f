// Generated from libs/shared/src/cdr/end-reasons.ts: npm run format

/** How a call can end: who ended it, and whether it counts as a failure. */
export const END_REASONS = {
  'caller.hung-up': {
    endedBy: 'caller',
    isFailure: false,
  },
  'assistant.hung-up': {
    endedBy: 'assistant',
    isFailure: false,
  },
  'assistant.transferred': {
    endedBy: 'assistant',
    isFailure: false,
  },
  'assistant.voicemail': {
    endedBy: 'assistant',
    isFailure: false,
  },
  'operator.hung-up': {
    endedBy: 'operator',
    isFailure: false,
  },
  'platform.model-refused': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.model-lost': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.model-silent': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.max-duration': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.spend-call': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.spend-caller': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.spend-assistant': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.spend-day': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.idle-timeout': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.no-speech': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.stream-lost': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.stream-never-came': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.worker-lost': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.internal-error': {
    endedBy: 'platform',
    isFailure: true,
  },
  'platform.drained': {
    endedBy: 'platform',
    isFailure: true,
  },
};
