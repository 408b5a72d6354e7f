import type {Millis} from '@voicebridge/shared/time.ts';
import type {Tool} from './tools/tool.ts';

/** How one assistant yields. */
export interface FloorPolicy {
  /** `resume`: a noise without words is forgiven, and the reply goes on where the caller stopped hearing it. */
  readonly mode: 'immediate' | 'resume';
  /** The caller must have spoken this long before we yield. 0: at once. */
  readonly minSpeechMs: Millis;
  /** The first audible part of the greeting that line noise cannot stop. */
  readonly greetingProtectedMs: Millis;
  /** With `resume`: speech shorter than this is noise. */
  readonly noiseMs: Millis;
  readonly uninterruptible: boolean;
}

/** Who answers a call, and how it behaves. */
export interface Assistant {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
  /** What it can do besides speaking. Names are unique. */
  readonly tools: readonly Tool[];
  /** What it says first, in words to the model; empty: it waits for the caller. */
  readonly greeting: string;
  /** After so much silence it asks whether the caller is still there; 0: it waits. */
  readonly idlePromptMs: Millis;
  /** When the questions of `idlePromptMs` go unanswered, the assistant says goodbye and the call ends. */
  readonly idleHangUp: boolean;
  /** The longest silence in which a caller waits for an answer, before the call says why and ends. */
  readonly answerWithinMs: Millis;
  /** The longest call, and the longest time in which neither side says anything; 0: no limit. */
  readonly maxCallMs: Millis;
  readonly noSpeechMs: Millis;
  /** So many rounds of tools in a row without a word to the caller, before the model must speak. */
  readonly toolRounds: number;
  /** A key that the caller presses stops the assistant. */
  readonly digitsInterrupt: boolean;
  readonly floor: FloorPolicy;
}
