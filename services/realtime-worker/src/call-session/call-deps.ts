import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {FrameChannels} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {OpenRecording} from '../recording/recording.ts';
import type {ModelAdapter, ModelSession} from '../model/model-adapter.ts';

/** What every call of a worker needs. */
export interface CallDeps {
  readonly worker: ProcessId;
  readonly channels: FrameChannels;
  readonly directory: CallDirectory;
  readonly adapter: ModelAdapter;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly streamGraceMs: Millis;
  readonly rotateAfterMs: Millis;
  readonly showTimingMath: boolean;
  /** Since when Redis has answered without a break, on the monotonic clock; undefined while it does not. */
  readonly wellSince: () => Millis | undefined;
  /** Opens the recording of a call; no call is recorded if not given. */
  readonly openRecording?: OpenRecording;
  /** Asks another worker to take the call over; resolves when it has, or nobody would. */
  readonly handOver: (call: OwnedCall) => Promise<boolean>;
}

/** A call that this worker has, and under which epoch. */
export interface OwnedCall {
  readonly callSid: CallSid;
  readonly epoch: number;
}

/** How a call of ours came to its end: `moved` when it goes on with another owner. */
export type CallOutcome =
  | {
      readonly how: 'ended';
      readonly reason: EndReason;
      readonly entries: readonly JournalEntry[];
      readonly epoch: number;
    }
  | {readonly how: 'moved'};

/** How a worker comes to a call. */
export interface CallStart {
  /** A session that is already being opened with `sessionSettings`. */
  readonly model: ModelSession | undefined;
  /** The journal of the owners before, empty for a new call… */
  readonly entries: readonly JournalEntry[];
  /** …and what it says. */
  readonly restored: RestoredCall | undefined;
  /** Why: as the ask to take it says. */
  readonly cause: string;
}
