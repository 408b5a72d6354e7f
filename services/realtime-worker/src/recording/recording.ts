import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * Where the audio of one call is kept. All audio is base64 μ-law at 8 kHz, mono. Times are milliseconds since the call
 * began, so that the parts of a call that changed its worker fit together. Methods must return at once: they are
 * called for each frame of the call. One that throws ends the recording, and not the call.
 */
export interface Recording {
  /** Caller audio, in order. `streamMs`: its place on the carrier's clock of this stream; a gap there was lost on the way. */
  callerAudio(payload: string, atMs: Millis, streamMs: Millis): void;
  /** Assistant audio that was sent to the phone. The phone plays it after what it was sent before. */
  assistantAudio(payload: string, atMs: Millis): void;
  /** The phone was told to drop what it had not played yet. */
  cleared(atMs: Millis): void;
  /** Nothing more comes from this worker: the call is over, or another worker has it now. */
  ended(atMs: Millis): void;
}

/** Opens the recording of a call, or returns undefined for a call that is not recorded. */
export type OpenRecording = (call: {readonly callSid: CallSid; readonly assistant: string}) => Recording | undefined;
