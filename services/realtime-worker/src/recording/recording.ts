import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * How long messages are on their way, in milliseconds. `there`: one to the phone, as it usually is. `back`: the fastest
 * of those from the phone, because the caller is placed by the fastest of their frames.
 */
export interface Way {
  readonly there: Millis;
  readonly back: Millis;
}

/**
 * Where the audio of one call is kept. All audio is base64 μ-law at 8 kHz, mono. Times are milliseconds since the call
 * began, so that the parts of a call that changed its worker fit together. Methods must return at once: they are
 * called for each frame of the call. One that throws ends the recording, and not the call.
 */
export interface Recording {
  /**
   * Caller audio: base64 in `text`, from `from` up to, but not including, `to`; valid during the call only. `streamMs`: its
   * place on the carrier's clock of this stream. Frames may come late, or a second time to a new owner of the call.
   */
  callerFrame(streamMs: Millis, text: Buffer, from: number, to: number, atMs: Millis): void;
  /** Assistant audio that is sent to the phone. The phone plays it after what it was sent before. */
  assistantAudio(payload: string, atMs: Millis): void;
  /** The phone is told to drop what it had not played yet. */
  cleared(atMs: Millis): void;
  /**
   * What was sent to the phone at `sinceMs` or later has not come there; undefined: all of it has. What has come there since
   * this was called last had left at `leftMs`.
   */
  late(sinceMs: Millis | undefined, leftMs: Millis): void;
  /** The phone's stream is gone, and another one may follow. */
  streamLost(): void;
  /** How long a message takes to the phone, and the fastest from it. */
  way(way: Way): void;
  /** What follows is for nobody's ears, until `goOn`. */
  pause(atMs: Millis): void;
  goOn(atMs: Millis): void;
  /** The owner before was last known to run at `sinceMs`: what the caller said since then is for this worker to record. */
  missedSince(sinceMs: Millis): void;
  /** Told about once a second. */
  review(atMs: Millis): void;
  /** The call is over. */
  ended(atMs: Millis): void;
  /**
   * Another worker has the call, or had it. This one knows it up to `knownUntilMs`; the phone plays on what it was sent.
   * `goesOn`: the call is known to be in progress.
   */
  left(knownUntilMs: Millis, atMs: Millis, goesOn: boolean): void;
}

/** A call whose recording begins, or goes on with another owner. */
export interface RecordedCall {
  readonly callSid: CallSid;
  readonly assistant: string;
  /** The epoch of its owner. */
  readonly epoch: number;
  /** From which moment of the call on this worker records it. */
  readonly fromMs: Millis;
  /** How long from then on the phone still plays what an owner before sent. That owner may have recorded it. */
  readonly inheritedMs?: Millis;
}

/** Opens the recording of a call, or returns undefined for a call that is not recorded. */
export type OpenRecording = (call: RecordedCall) => Recording | undefined;
