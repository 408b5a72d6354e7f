import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {FrameChannels} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {SpendLimits} from '@voicebridge/shared/spend/limits.ts';
import type {SpendLedger} from '@voicebridge/shared/spend/spend-ledger.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {SendRequest} from '@voicebridge/assistant/http/send-request.ts';
import type {Assistant} from '../assistant.ts';
import type {CallTap, WorkerCapture} from './captured-call.ts';
import type {Lingering} from './lingering.ts';
import type {ToolLedger} from './tool-ledger.ts';
import type {ProcessPauses} from '../health/process-pauses.ts';
import type {RestoredCall} from '../journal/restore-call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {JournalSeal} from '../events/journal-seal.ts';
import type {OpenRecording} from '../recording/recording.ts';
import type {ModelAdapter, ModelSession} from '../model/model-adapter.ts';
import type {RunTool} from '../tools/tool.ts';

/** What every call session of a worker needs. */
export interface CallDeps {
  readonly worker: ProcessId;
  readonly channels: FrameChannels;
  readonly directory: CallDirectory;
  readonly adapter: ModelAdapter;
  /** What calls cost, and what they may cost. */
  readonly ledger: SpendLedger;
  readonly spendLimits: SpendLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly streamGraceMs: Millis;
  readonly rotateAfterMs: Millis;
  readonly showTimingMath: boolean;
  readonly logModelDetails: boolean;
  /** Which tools have begun, and their results. */
  readonly toolLedger: ToolLedger;
  /** Asks other servers, for tools. */
  readonly send: SendRequest;
  /** Runs the tools; they run themselves, if not given. */
  readonly runTool?: RunTool | undefined;
  /** Where calls are captured; they are not, if not given. `tap`: for the one call that these are for. */
  readonly capture?: WorkerCapture;
  readonly tap?: CallTap;
  /** The assistant of this name for a call with these variables; undefined: there is none. */
  readonly assistantNamed: (name: string, given: Assistant['given']) => Assistant | undefined;
  /** What goes on for a while after its call has left this worker. */
  readonly lingering: Lingering;
  /**
   * Since when Redis has answered without a break, on the monotonic clock; undefined while it does not. On a Cluster: the
   * shard of a key or channel.
   */
  readonly wellSince: (name: string) => Millis | undefined;
  /** When this worker did not run for so long that others may have taken its calls. */
  readonly pauses: Pick<ProcessPauses, 'last' | 'pausedSince'>;
  /** Whether all workers that may take a call over can read a compacted journal. */
  readonly mayCompact: () => boolean;
  /** How the journal of a call is sealed, and opened. */
  readonly sealOf: (callSid: CallSid) => JournalSeal;
  /** Opens the recording of a call; no call is recorded if not given. */
  readonly openRecording?: OpenRecording;
  /**
   * Asks other workers to take the call over; `onlyWell`: those only that can use the model. Resolves with true when one
   * has, false when none would.
   */
  readonly handOver: (call: OwnedCall, options?: {readonly onlyWell: boolean}) => Promise<boolean>;
  /** Whether a call that has waited for a model session for so long would probably get one from another worker sooner. */
  readonly isBetterElsewhere: (waitedMs: Millis) => boolean;
}

/** A call that this worker owns, and its epoch. */
export interface OwnedCall {
  readonly callSid: CallSid;
  readonly epoch: number;
}

/** How a call ended for this worker. `moved`: it goes on with another owner. */
export type CallOutcome =
  | {
      readonly how: 'ended';
      readonly reason: EndReason;
      readonly entries: readonly JournalEntry[];
      readonly epoch: number;
    }
  | {readonly how: 'moved'};

/** What a worker knows when it becomes the owner of a call. */
export interface CallStart {
  /** A session that is already being opened with `sessionSettings`. */
  readonly model: ModelSession | undefined;
  /** With which its journal was read, and is written. */
  readonly seal: JournalSeal;
  /** The journal of previous owners, perhaps with a snapshot at its beginning; empty for a new call… */
  readonly entries: readonly JournalEntry[];
  /** …and the state restored from it; undefined for a new call. */
  readonly restored: RestoredCall | undefined;
  /** Why the worker was asked to take the call: `new`, `worker-lost` or `worker-drained`. */
  readonly cause: string;
}
