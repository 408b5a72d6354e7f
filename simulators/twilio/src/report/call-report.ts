import type {Millis} from '@voicebridge/shared/time.ts';
import type {Segment} from '../phone/play-queue.ts';
import type {Spoken} from '../phone/microphone.ts';

/** Who ended something: the caller's phone, the product, Twilio by itself, or a dead network. */
export type EndedBy = 'caller' | 'platform' | 'twilio' | 'network';

/** An entry of Twilio's debugger. Repeats of one code on one stream are counted, not listed. */
export interface Alert {
  readonly code: number;
  readonly detail: string;
  readonly at: Millis;
  readonly count: number;
  readonly streamSid?: string;
}

/** A mark and its way: in at `enqueuedAt`, due back at `idealAt`, sent back at `echoedAt`; `flushed` by a clear. */
export interface MarkReport {
  readonly name: string;
  readonly enqueuedAt: Millis;
  readonly idealAt: Millis;
  readonly echoedAt: Millis;
  readonly flushed: boolean;
}

/** One media stream, as the caller lived through it. */
export interface StreamReport {
  readonly streamSid: string;
  readonly callSid: string;
  readonly url: string;
  readonly customParameters: Readonly<Record<string, string>>;
  /** When `start` was sent; not set if the upgrade failed. */
  readonly openedAt?: Millis;
  readonly closedAt?: Millis;
  /** The close code that arrived or was sent; 1005 is an empty close frame, 1006 none at all. */
  readonly closeCode?: number;
  readonly endedBy?: EndedBy;
  /** Twilio's error code, if the stream did not end well. */
  readonly error?: number;
  /** Every byte the caller's phone sent, in order; empty if audio is not kept. */
  readonly sentAudio: Buffer;
  readonly sentFrames: number;
  readonly sentBytes: number;
  /** Every byte of the assistant the caller heard, in order; empty if audio is not kept. */
  readonly played: Buffer;
  readonly playedBytes: number;
  readonly receivedBytes: number;
  readonly segments: readonly Segment[];
  readonly underruns: readonly {readonly at: Millis; readonly ms: Millis}[];
  readonly clears: readonly {readonly at: Millis; readonly discardedBytes: number}[];
  readonly marks: readonly MarkReport[];
  readonly dtmf: readonly string[];
  /** From `start` to the first audible byte of the assistant. */
  readonly firstAudioMs?: Millis;
}

/** One request Twilio made. */
export interface WebhookReport {
  readonly purpose:
    | 'voice'
    | 'fallback'
    | 'action'
    | 'redirect'
    | 'whisper'
    | 'wait'
    | 'call-status'
    | 'stream-status'
    | 'machine';
  readonly url: string;
  readonly at: Millis;
  readonly ms: Millis;
  readonly status?: number;
  readonly error?: number;
  /** The `StreamEvent`, `AnsweredBy` or `CallStatus` it told. */
  readonly told?: string;
}

/** Between two streams of one call. */
export interface Gap {
  readonly closedAt: Millis;
  readonly reopenedAt: Millis;
  readonly ms: Millis;
  /** From the last audible byte before to the first after, if there are both. */
  readonly silentMs?: Millis;
}

/** A person whom a call has rung. */
export interface PersonReport {
  /** As `Noun: address`. */
  readonly target: string;
  readonly rangAt: Millis;
  /** What they heard before they were connected. */
  readonly heard: readonly string[];
  /** When the caller and they could hear each other. */
  readonly bridgedAt?: Millis;
  readonly endedAt: Millis;
  readonly status: string;
}

/** A conference in which the call talked with others. */
export interface MeetingReport {
  readonly name: string;
  readonly at: Millis;
  readonly ms: Millis;
}

/** What really happened on a call. Times are monotonic milliseconds of this process; add `clockOrigin` for Unix time. */
export interface CallReport {
  readonly callSid: string;
  readonly tag?: number;
  readonly from: string;
  readonly to: string;
  readonly clockOrigin: Millis;
  readonly startedAt: Millis;
  readonly endedAt: Millis;
  readonly endedBy: EndedBy;
  readonly reason: string;
  /** What Twilio says of the call: completed, busy, no-answer, failed or canceled. */
  readonly status: string;
  readonly documents: readonly {
    readonly url: string;
    readonly at: Millis;
    readonly xml: string;
    readonly verbs: readonly string[];
  }[];
  readonly streams: readonly StreamReport[];
  readonly spoke: readonly Spoken[];
  readonly saidByTwilio: readonly string[];
  /** Dial, Enqueue and Play targets, as `Verb: target`. */
  readonly handedTo: readonly string[];
  /** Keys that Twilio pressed on the line. */
  readonly keysPlayed: readonly string[];
  /** The people whom the call has rung. */
  readonly people: readonly PersonReport[];
  /** The conferences in which it talked with others. */
  readonly meetings: readonly MeetingReport[];
  /** Mistakes in what the product said. Empty when `strict` is off. */
  readonly violations: readonly Alert[];
  /** Everything in Twilio's debugger: the violations, and what merely failed. */
  readonly alerts: readonly Alert[];
  readonly webhooks: readonly WebhookReport[];
  readonly gaps: readonly Gap[];
  /** Of the first stream on which the assistant was heard. */
  readonly firstAudioMs?: Millis;
}

/** What happens on a call, told while it happens. */
export type FakeCallEvent =
  | {readonly type: 'twiml'; readonly at: Millis; readonly url: string; readonly verbs: readonly string[]}
  | {readonly type: 'streamOpened'; readonly at: Millis; readonly streamSid: string}
  | {
      readonly type: 'streamEnded';
      readonly at: Millis;
      readonly streamSid: string;
      readonly endedBy: EndedBy;
      readonly error?: number;
    }
  | {readonly type: 'audible' | 'silent'; readonly at: Millis; readonly streamSid: string}
  | {readonly type: 'cleared'; readonly at: Millis; readonly streamSid: string; readonly discardedBytes: number}
  | {readonly type: 'markEchoed'; readonly at: Millis; readonly streamSid: string; readonly mark: MarkReport}
  | {readonly type: 'callerSpeaks'; readonly at: Millis; readonly clip: string}
  | {readonly type: 'callerSpoke'; readonly at: Millis; readonly clip: string}
  | {readonly type: 'callerPressed'; readonly at: Millis; readonly digit: string}
  | {readonly type: 'webhook'; readonly at: Millis; readonly webhook: WebhookReport}
  | {readonly type: 'bridged'; readonly at: Millis; readonly target: string}
  | {readonly type: 'alert'; readonly at: Millis; readonly alert: Alert}
  | {readonly type: 'ended'; readonly at: Millis; readonly endedBy: EndedBy; readonly reason: string};
