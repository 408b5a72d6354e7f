import type {Millis} from '@voicebridge/shared/time.ts';

/** The moment of a tool call. */
export interface CalledAt {
  readonly turn: number;
  readonly at: Millis;
  /** `at`, in milliseconds since the call began. */
  readonly since: Millis;
  /** The caller spoke over the reply that brings the tool call. */
  readonly isSilenced: boolean;
  /** When the caller will have heard what was said so far. */
  readonly audibleUntil: Millis;
}

/** What the model is told about a tool call that a caller who spoke has stopped. */
export const CALLER_SPOKE = 'The caller spoke; the call goes on.';

/** The length of a tool's name in a call record, in characters. */
const LONGEST_NAME = 100;

/** A tool's name, whatever the model wrote, as the record and the conversation have it. */
export function recordedName(name: string): string {
  return name.slice(0, LONGEST_NAME) || 'unnamed';
}
