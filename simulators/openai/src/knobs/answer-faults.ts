/**
 * All faults of one answer. Each was seen on a real server, or is known from a client that fell silent.
 *
 * - `empty`: completed without any output
 * - `text`: words in text events, no audio
 * - `silence`: the audio is digital silence
 * - `max-tokens`, `content-filter`: incomplete in mid-sentence; with `-at-once` before any audio
 * - `fails`, `fails-in-mid-speech`: failed, before or after some audio
 * - `rate-limited`: failed, and so is every answer until the time that its message names
 * - `nameless-call`, `empty-name-call`, `long-name-call`, `broken-arguments-call`: a function call that cannot be run
 * - `tool-call`: a well-formed call of a tool that the session does not have
 * - `no-created`: everything but `response.created`
 * - `hangs`, `stalls`: nothing more after `response.created`, or after some audio, until the answer is cancelled;
 *   with `-for-good` a cancel is ignored, too, and the slot stays taken
 * - `swallowed`: the request or the turn is never answered, and no error says so
 * - `server-error`: an `error` event that names no request, and no response
 * - `slot-taken`: another response begins in place of the requested one, and an error that names no request says so
 */
export const answerFaults = [
  'empty',
  'text',
  'silence',
  'max-tokens',
  'max-tokens-at-once',
  'content-filter',
  'content-filter-at-once',
  'fails',
  'fails-in-mid-speech',
  'rate-limited',
  'nameless-call',
  'empty-name-call',
  'long-name-call',
  'broken-arguments-call',
  'tool-call',
  'no-created',
  'hangs',
  'hangs-for-good',
  'stalls',
  'stalls-for-good',
  'swallowed',
  'server-error',
  'slot-taken',
] as const;

export type AnswerFault = (typeof answerFaults)[number];

export const isAnswerFault = (name: unknown): name is AnswerFault => answerFaults.some(fault => fault === name);
