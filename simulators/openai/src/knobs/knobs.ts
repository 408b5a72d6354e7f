import type {Millis} from '@voicebridge/shared/time.ts';
import {answerFaults, isAnswerFault, type AnswerFault} from './answer-faults.ts';
import {isRecord} from '../json/json-schema.ts';
import {isMutation, type Mutation} from './mutation.ts';
import type {Range} from '../random.ts';

/** The behaviour and the faults of the simulated server. Every field can be changed while sessions run. */
export interface Knobs {
  /** Time between the upgrade request and its answer, in ms. */
  connectDelayMs: Millis;
  /** Answer upgrades with this HTTP status (429, 500, 503, …) instead of 101. */
  upgradeStatus: number | null;
  /** Accept the upgrade, then close at once: 3000 `invalid_request_error.invalid_api_key` is what old servers did. */
  closeAfterAccept: {readonly code: number; readonly reason: string} | null;
  /** A session's life in seconds; the real one is 3600. Read when the session opens. */
  sessionSeconds: number;
  /** At the end of a session's life: close only, without the `session_expired` error before it. */
  closeWithoutError: boolean;
  /**
   * The session is closed by the server so long after it opened: 1000, 1001, 1011, or an application's code from 4000 to
   * 4999; 1005 is a close frame without a code, 1006 no close frame at all. Read when the session opens.
   */
  closeAfter: {readonly ms: Range; readonly code: number; readonly reason: string} | null;
  /** Stop answering pings. */
  refusePongs: boolean;
  /** Extra time each frame to the client takes, in ms; order is kept. */
  frameDelayMs: Range;

  /** Loudness (RMS of 16-bit samples) that counts as speech at `threshold` 0.5; four times that at 1, a quarter at 0. */
  vadLevel: number;
  /** Speech must also be so many times as loud as the line is without it; 0: however loud that is. */
  vadAboveNoise: number;
  /** How long it must be loud before it is speech, in ms. */
  vadOnsetMs: Millis;
  /** `semantic_vad`: a finished sentence ends the turn after this much silence, in ms; an unfinished one at its cap. */
  semanticPauseMs: Millis;
  /** From the commit of a turn to its transcription, in ms. */
  transcriptionMs: Range;
  /** No transcription event is ever sent. */
  transcription: 'sent' | 'absent';
  /** Every transcription fails with this code. */
  failTranscription: string | null;
  /** The second item's `.done` says `previous_item_id:null`, as recorded sessions do. */
  nullSecondPreviousId: boolean;

  /** From the creation of a response to its first audio delta, in ms. */
  firstDeltaMs: Range;
  /** How many times faster than real time audio is generated. */
  speed: Range;
  /** Audio in one delta, in ms. */
  deltaMs: Range;
  /** Cut each spoken answer in two message items. */
  multiItem: boolean;
  /** Models of the second generation open a function call while the message before it still streams. */
  overlapCalls: boolean;
  /** Function calls carry broken JSON. */
  invalidArguments: boolean;
  /** Deltas that still come after a cancel. */
  stragglers: Range;
  /** Between two of those, in ms. */
  stragglerGapMs: Millis;
  /** A cancelled response's `response.done` comes only after the next `response.created`. */
  lateCancelledDone: boolean;
  /** Every `response.done` comes twice. */
  duplicateDone: boolean;
  /** `rate_limits.updated` after `response.done`: at once, a second late, or never. */
  rateLimits: 'sent' | 'late' | 'omitted';
  /** Adds unknown fields to every event, and an unknown event type, to test that a client tolerates them. */
  strange: boolean;
  /** The faults of the next answers, in order; each is used once. */
  answerFaults: readonly (AnswerFault | 'none')[];
  /** The fault of every answer. */
  everyAnswer: AnswerFault | null;
  /** The probability of each fault for an answer; together at most 1. */
  faultRates: Readonly<Partial<Record<AnswerFault, number>>>;
  /** How long answers fail once one was `rate-limited`, in ms; the message says so. */
  rateLimitMs: Range;
  /**
   * The metadata of a `response.create`: echoed by OpenAI; other servers leave it away or say null, complain in an error
   * that names no request and answer without it, or refuse the request.
   */
  metadata: 'echoed' | 'absent' | 'null' | 'complained' | 'refused';
  /** The token counts of `response.done`. */
  usage: 'whole' | 'null' | 'fractional';
  /** Errors name no request: `event_id` is always null. */
  errorsNameNothing: boolean;
  /** The event names of the retired beta protocol. */
  betaNames: boolean;
  /** Damage to events on their way out, one mutation after the other. */
  mutations: readonly Mutation[];
  /** The next response ends so: an error code, or `content_filter` / `max_output_tokens`. Used once. */
  failNextResponse: string | null;
  /** Every response ends so. */
  failResponses: string | null;
  /** The code of "Only model output audio messages can be truncated"; captures disagree. */
  truncateErrorCode: 'unsupported_content_type' | null;
  /** The server counts this much less audio than it sent, in ms; 85 is reported for one set-up. */
  heldShortMs: Millis;

  /** All generated audio is tagged (see tagged-audio.ts) in place of recorded speech. */
  tagged: boolean;
  /** Keeps the caller audio for comparison; otherwise only its length and hash. Read when the session opens. */
  keepHeard: boolean;
}

export const defaultKnobs: Readonly<Knobs> = {
  connectDelayMs: 0,
  upgradeStatus: null,
  closeAfterAccept: null,
  sessionSeconds: 3600,
  closeWithoutError: false,
  closeAfter: null,
  refusePongs: false,
  frameDelayMs: [0, 0],
  vadLevel: 500,
  vadAboveNoise: 0,
  vadOnsetMs: 64,
  semanticPauseMs: 600,
  transcriptionMs: [200, 1500],
  transcription: 'sent',
  failTranscription: null,
  nullSecondPreviousId: true,
  firstDeltaMs: [300, 800],
  speed: [3, 8],
  deltaMs: [200, 300],
  multiItem: false,
  overlapCalls: true,
  invalidArguments: false,
  stragglers: [0, 5],
  stragglerGapMs: 10,
  lateCancelledDone: false,
  duplicateDone: false,
  rateLimits: 'sent',
  strange: false,
  answerFaults: [],
  everyAnswer: null,
  faultRates: {},
  rateLimitMs: [1_200, 1_200],
  metadata: 'echoed',
  usage: 'whole',
  errorsNameNothing: false,
  betaNames: false,
  mutations: [],
  failNextResponse: null,
  failResponses: null,
  truncateErrorCode: 'unsupported_content_type',
  heldShortMs: 0,
  tagged: false,
  keepHeard: true,
};

/**
 * Reads knobs from outside the process. Throws a sentence about the first one that does not exist or has the wrong
 * type.
 */
export function readKnobs(update: unknown): Partial<Knobs> {
  if (typeof update !== 'object' || update === null || Array.isArray(update))
    throw new TypeError('knobs are an object');
  for (const [name, value] of Object.entries(update)) {
    const usual = Object.entries(defaultKnobs).find(([known]) => known === name);
    if (!usual) throw new TypeError(`there is no knob ${name}`);
    const isFine = CHECKS[name]?.(value) ?? sameKind(usual[1], value);
    if (!isFine) throw new TypeError(`knob ${name} cannot be ${JSON.stringify(value)}`);
  }
  return update;
}

const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);

/** Knobs whose usual value does not tell what else they may be. */
const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  transcription: oneOf('sent', 'absent'),
  rateLimits: oneOf('sent', 'late', 'omitted'),
  metadata: oneOf('echoed', 'absent', 'null', 'complained', 'refused'),
  usage: oneOf('whole', 'null', 'fractional'),
  everyAnswer: oneOf(null, ...answerFaults),
  answerFaults: value => Array.isArray(value) && value.every(fault => fault === 'none' || isAnswerFault(fault)),
  faultRates: value =>
    isRecord(value) && Object.entries(value).every(([fault, rate]) => isAnswerFault(fault) && Number.isFinite(rate)),
  mutations: value => Array.isArray(value) && value.every(isMutation),
};

function sameKind(usual: unknown, value: unknown): boolean {
  if (Array.isArray(usual)) {
    return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1];
  }
  if (usual === null || usual === 'unsupported_content_type') return true;
  return typeof usual === typeof value;
}
