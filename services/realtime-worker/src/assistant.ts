import type {Millis} from '@voicebridge/shared/time.ts';
import type {FloorPolicy} from './floor.ts';

/** Who answers a call, and how it behaves. */
export interface Assistant {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
  /** What it says first, in words to the model; empty: it waits for the caller. */
  readonly greeting: string;
  /** After so much silence it asks whether the caller is still there; 0: it waits. */
  readonly idlePromptMs: Millis;
  readonly floor: FloorPolicy;
}
