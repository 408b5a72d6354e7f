import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {SpeechLocator} from '../caller-audio/speech-locator.ts';
import type {ModelTraits} from '../model/model-adapter.ts';

export interface DialogueSettings {
  readonly assistant: Assistant;
  /** Who decides that the caller has interrupted, and tells the model what was heard. */
  readonly interruption: ModelTraits['interruption'];
  /** Whether the model's server can answer a turn without being asked. */
  readonly answersTurns: ModelTraits['answersTurns'];
  readonly epoch: number;
  readonly worker: string;
  /** Milliseconds since the call began, at a moment of this worker's clock. */
  readonly callTime: (at: Millis) => Millis;
  /** What of the caller the model in use was given. */
  readonly given: Pick<SpeechLocator, 'loudUntil' | 'isSpeech' | 'latestLevels'>;
}
