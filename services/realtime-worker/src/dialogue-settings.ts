import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from './assistant.ts';

export interface DialogueSettings {
  readonly assistant: Assistant;
  readonly epoch: number;
  readonly worker: string;
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly since: (at: Millis) => Millis;
  /** When the last frame arrived in which the caller could be heard, of those that came since then. */
  readonly loudUntil: (since: Millis) => Millis | undefined;
}
