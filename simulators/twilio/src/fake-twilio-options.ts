import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Callee} from './call/callee.ts';
import type {Person} from './call/person.ts';
import type {EndStep} from './media/end-of-stream.ts';
import type {MarkKnobs} from './media/mark-returns.ts';
import type {PlaybackKnobs} from './phone/play-head.ts';
import type {RestMood, RestRequest} from './rest/rest-mood.ts';
import type {Ids} from './sid.ts';
import type {Method} from './twiml/stream-noun.ts';

/** A number at the fake Twilio, and the network around it. */
export interface FakeTwilioOptions {
  /** What the number is configured with, for instance http://127.0.0.1:5050/incoming-call. */
  readonly webhookUrl: string;
  /** Asked with ErrorCode and ErrorUrl when a document cannot be had. */
  readonly fallbackUrl?: string;
  /** Told when a call has completed. */
  readonly statusCallbackUrl?: string;
  /** Signs HTTP requests and upgrades. */
  readonly authToken: string;
  readonly accountSid?: string;
  /** Twilio's identifiers by default; `own` are those of a client that is not Twilio. */
  readonly ids?: Ids;
  /** Off: mistakes of the product are alerts, but no violations, and a query string in a stream's url is only cut off. */
  readonly strict?: boolean;
  /** Whether `ws:` streams are allowed; by default only on loopback. */
  readonly allowInsecure?: boolean;
  /** The network between Twilio and the edge: one way, ± jitter, each direction in order. */
  readonly network?: {readonly delay: Millis; readonly jitter: Millis};
  readonly seed?: number;
  readonly clock?: Clock;
  /** The port of the REST API on loopback; 0, the default, lets the system choose. */
  readonly restPort?: number;
  /** The HTTP answer to an update of a call that has ended: Twilio has been seen to give both. */
  readonly restAnswerWhenEnded?: 404 | 400;
  /** From a dead socket to the action request; 0 to 6 s are known. */
  readonly actionDelay?: Millis;
  /** In which order the socket closes, the status callback comes and the action is asked; by default all at once. */
  readonly endOrder?: readonly EndStep[];
  /** How long Twilio waits for 101. */
  readonly upgradeTimeout?: Millis;
  /** How long the socket of a half-open stream stays; 30 to 45 s by default. */
  readonly halfOpenFor?: Millis;
  /** Speaking time of a character in Say; real voices need about 60 ms. */
  readonly sayMsPerChar?: Millis;
  /**
   * Who answers where a call is sent: `Number: +47…`, `Sip: …`, `Client: …`, `Queue: …`. Undefined, or no function: a Dial
   * and an Enqueue end as the two options below say, without anybody being asked.
   */
  readonly people?: (target: string) => Person | undefined;
  /** Who is at a number that the account calls over REST; somebody who answers at once and says nothing if not given. */
  readonly callees?: (to: string, callsBefore: number) => Callee;
  /** Numbers beside that of the account that calls may be made from. */
  readonly callerIds?: readonly string[];
  /** How the REST API takes a request; well, if not given. */
  readonly restMood?: (request: RestRequest) => RestMood | undefined;
  /**
   * What is told about the state of a call, and of machine detection: late by up to so much, and so in any order; twice; lost
   * with a chance from 0 to 1.
   */
  readonly statusCallbacks?: {readonly late: Millis; readonly twice: boolean; readonly lost?: number};
  /** How long a piece of music in Play is. */
  readonly musicMs?: Millis;
  /** How a Dial ends, and how long it takes. */
  readonly dialOutcome?: {readonly status: string; readonly ms: Millis};
  /** How an Enqueue ends, and how long it takes. */
  readonly enqueueOutcome?: {readonly result: string; readonly ms: Millis};
}

/** What is special about one call. */
export interface DialOptions {
  /** Who calls: a number, or one of `UNUSUAL_CALLERS`. */
  readonly from?: string;
  readonly to?: string;
  /** Marks every frame of the caller with this number and a counter: see `readFrameTag`. */
  readonly tag?: number;
  /** How the number asks its webhook; POST by default. */
  readonly webhookMethod?: Method;
  /** Delivers the voice webhook twice, with the same idempotency token. */
  readonly duplicateWebhook?: boolean;
  /** Parameters Twilio has invented since. */
  readonly extraParams?: Readonly<Record<string, string>>;
  /** Signs wrongly: everything, or only one of the two. */
  readonly badSignature?: boolean | 'webhook' | 'upgrade';
  /** A second socket for the same call, this long after the first has opened. */
  readonly secondSocketAfter?: Millis;
  /** Answers WebSocket pings; yes by default. */
  readonly answerPings?: boolean;
  /** Sends no frames while the caller is silent: timestamps jump. */
  readonly dtx?: boolean;
  /** Frames of any size instead of 160 bytes. */
  readonly oddFrames?: boolean;
  /** Marks that come back late, in bunches, seldom, never or too early; as documented by default. */
  readonly marks?: MarkKnobs;
  /** A phone that plays too slowly or stands still now and then; in real time by default. */
  readonly playback?: PlaybackKnobs;
  /** The close code after `stop`; without it the close frame is empty. */
  readonly closeCode?: number;
  /** When the script begins: with the first stream, by default, or as soon as the call is answered. */
  readonly scriptFrom?: 'stream' | 'answer';
  /** Whether the report holds the audio; yes by default. Long load runs cannot afford it. */
  readonly keepAudio?: boolean;
}

type WithoutDefault = 'fallbackUrl' | 'statusCallbackUrl' | 'allowInsecure' | 'endOrder' | 'halfOpenFor';

/** The options with every default filled in. */
export type Settings = Required<Omit<FakeTwilioOptions, WithoutDefault | 'seed'>> & {
  readonly [Name in WithoutDefault]: FakeTwilioOptions[Name] | undefined;
};
