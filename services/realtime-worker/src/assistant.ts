import type {Millis} from '@voicebridge/shared/time.ts';
import type {Tool} from './tools/tool.ts';

/** How one assistant yields to a caller who speaks over it. Durations in milliseconds. */
export interface FloorPolicy {
  /** `immediate`: any speech stops it. `resume`: after a noise without words the reply goes on where it stopped. */
  readonly mode: 'immediate' | 'resume';
  /** How long the caller must speak before the assistant stops; 0: at once. */
  readonly minSpeechMs: Millis;
  /** How much of the greeting the caller must have heard before anything can interrupt it. */
  readonly greetingProtectedMs: Millis;
  /** With `resume`: speech shorter than this is noise. */
  readonly noiseMs: Millis;
  /** The assistant always finishes what it says. */
  readonly uninterruptible: boolean;
}

/** The assistant that answers a call, and how it behaves. */
export interface Assistant {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
  /** What it can do besides speaking. Names are unique. */
  readonly tools: readonly Tool[];
  /** The instruction for its first words; empty: it waits for the caller to speak. */
  readonly greeting: string;
  /** After this much silence it asks whether the caller is still there; 0: never. */
  readonly idlePromptMs: Millis;
  /** When the caller answers none of these questions, the assistant says goodbye and the call ends. */
  readonly idleHangUp: boolean;
  /** The longest silence in which a caller waits for an answer; then the caller is told why and the call ends. */
  readonly answerWithinMs: Millis;
  /** The longest call, and the longest time in which neither side speaks; 0: no limit. */
  readonly maxCallMs: Millis;
  readonly noSpeechMs: Millis;
  /** How many rounds of tool calls in a row the model may make before it must speak to the caller. */
  readonly toolRounds: number;
  /** The most tokens of one response: 20 of them are a second of speech. */
  readonly maxOutputTokens: number | 'inf';
  /** Whether a key that the caller presses (DTMF) stops the assistant. */
  readonly digitsInterrupt: boolean;
  readonly floor: FloorPolicy;
}
