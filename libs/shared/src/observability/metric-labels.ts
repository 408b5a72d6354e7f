import {EndReason, FailoverRecord, Tokens} from '../cdr/call-record.ts';
import {RingAsked} from '../cdr/ring-asked.ts';

/**
 * All values that each label of a metric can have. A counter is exported with all of its values at 0 from the start, so
 * that the first event is an increase that an alert sees.
 */
export const ADMISSIONS = [
  'admitted',
  'repeated',
  'held',
  'overload',
  'limited',
  'resumed',
  'given-up',
  'away',
  'returned',
];
export const END_REASONS = EndReason.options;
export const TOKEN_KINDS = Tokens.keyof().options;
export const FAILOVER_KINDS = FailoverRecord.shape.kind.options;
/** The outcome of the questions at ring time. */
export const RING_OUTCOMES = RingAsked.shape.outcome.options;
export {AWAY_OUTCOMES} from '../protocol/away.ts';
export const TAKEOVER_CAUSES = ['worker-lost', 'worker-drained', 'plain'];
export const RECONNECT_CAUSES = ['lost', 'rotated'];
export const SENDING_OUTCOMES = ['sent', 'failed', 'superseded', 'impossible'];
export const RECORDING_OUTCOMES = ['recorded', 'superseded', 'erased', 'refused'];
/** What became of an attempt to send a webhook. `known`: it was settled already; `erased`: its call is no more. */
export const HOOK_OUTCOMES = ['delivered', 'refused', 'failed', 'known', 'erased'] as const;
/** What became of asking a text model for an outcome. `later`: it is asked again; `known`: it was settled already. */
export const FILL_OUTCOMES = ['filled', 'failed', 'later', 'known'] as const;
export const REFUSED_REQUESTS = ['signature', 'call-sid', 'request'];
/** What a report of the carrier's is about that nobody knows. */
export const UNKNOWN_REPORTS = ['call', 'call-out', 'person'];
/** The last four: the state of a socket when its time was up. */
export const REFUSED_SOCKETS = [
  'path',
  'origin',
  'signature',
  'ticket',
  'full',
  'redis',
  'admission',
  'malformed',
  'tooMany',
  'tooMuchAudio',
  'outOfPlace',
  'unreadableStart',
  'awaitingStart',
  'admitting',
  'bridged',
  'leaving',
];
/** Why a connection that had not proved who it is was cut: too many came after it, or its time was up. */
export const CUT_STRANGERS = ['evicted', 'late'];
export const CHUNK_OUTCOMES = ['stored', 'lost'];
/** Why an edge or a worker takes no calls. `model`: this worker cannot use the model, and another one can. */
export const NOT_TAKING = ['draining', 'redis', 'model', 'full', 'descriptors'] as const;
export type NotTaking = (typeof NOT_TAKING)[number];
/** Why a worker cannot use the model. docs/RUNBOOK.md explains each. */
export const MODEL_TROUBLES = ['unreachable', 'slow', 'refused', 'quota', 'misconfigured'] as const;
export type ModelTrouble = (typeof MODEL_TROUBLES)[number];
/** Why a caller who waited for an answer did not hear one, or not all of it. docs/RUNBOOK.md explains each. */
export const MISS_CAUSES = [
  'empty',
  'failed',
  'incomplete',
  'never-ended',
  'no-session',
  'rate-limited',
  'refused',
  'stalled',
  'text',
  'tool-loop',
  'unanswered',
  'unheard',
] as const;
export type MissCause = (typeof MISS_CAUSES)[number];
/** What the worker did about it. */
export const MISS_STEPS = ['accept', 'wait', 'hold', 'ask-again', 'new-session', 'give-up'] as const;
export type MissStep = (typeof MISS_STEPS)[number];
/**
 * What is limited: money for one call, and in a day for one caller, one assistant and everything; calls at the same time
 * of one caller, and of one number that is called.
 */
export const LIMITS = [
  'call',
  'caller',
  'assistant',
  'day',
  'calls-of-caller',
  'calls-withheld',
  'calls-of-number',
] as const;
export type Limit = (typeof LIMITS)[number];
/** The labels of `malformed_total` for what stands in Redis without the signature of this fleet. */
export const FORGED = {peer: 'redis', reason: 'unsigned'} as const;
/** Why the ledger of spending could not judge a call, which went on. */
export const UNJUDGED = ['no-answer', 'no-price'];
/** Events of a model that a call reacts to. */
export const MODEL_EVENTS = [
  'conversation.item.added',
  'conversation.item.input_audio_transcription.completed',
  'conversation.item.input_audio_transcription.failed',
  'error',
  'input_audio_buffer.committed',
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'other',
  'response.created',
  'response.done',
  'response.function_call_arguments.done',
  'response.output_audio.delta',
  'response.output_audio.done',
  'response.output_audio_transcript.delta',
  'response.output_audio_transcript.done',
  'response.output_item.done',
  'session.updated',
];
/** The error codes that a model server is known to send, and our own name for the loss of its socket. */
export const MODEL_ERRORS = [
  'account_deactivated',
  'beta_api_shape_disabled',
  'billing_hard_limit_reached',
  'cancelled',
  'client_cancelled',
  'closed',
  'content_filter',
  'conversation_already_has_active_response',
  'expired',
  'failed',
  'incomplete',
  'inference_rate_limit_exceeded',
  'insufficient_quota',
  'invalid_api_key',
  'invalid_event',
  'invalid_value',
  'item_delete_invalid_item_id',
  'item_retrieve_invalid_item_id',
  'item_truncate_invalid_item_id',
  'max_output_tokens',
  'misconfigured',
  'missing_required_parameter',
  'model_not_found',
  'other',
  'quota',
  'rate_limit_exceeded',
  'refused',
  'response_cancel_not_active',
  'server_error',
  'session_expired',
  'turn_detected',
  'unknown_parameter',
  'unreachable',
];
