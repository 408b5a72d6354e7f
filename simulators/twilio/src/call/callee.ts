import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallerScript} from './fake-call.ts';

/** What machine detection can say: https://www.twilio.com/docs/voice/answering-machine-detection */
export type AnsweredBy =
  | 'human'
  | 'machine_start'
  | 'machine_end_beep'
  | 'machine_end_silence'
  | 'machine_end_other'
  | 'fax'
  | 'unknown';

/** What happens at a number that the account calls over REST. `after`: how long it rings. */
export type Callee =
  | {
      readonly does: 'answer';
      readonly after: Millis;
      readonly script: CallerScript;
      /** What detection says, and how long after the call was answered; a person after 1.5 s if not given. */
      readonly detected?: {readonly as: AnsweredBy; readonly after: Millis};
    }
  | {readonly does: 'be-busy'; readonly after: Millis}
  /** Rings for as long as the call may ring. */
  | {readonly does: 'be-silent'}
  /** The network knows no such telephone. */
  | {readonly does: 'fail'; readonly after: Millis};

/** The detection of somebody who says nothing of it. */
export const HUMAN = {as: 'human', after: 1_500} as const;

/** Bytes of μ-law in a millisecond. */
const RATE = 8;
const BEEP_MS = 400;
/** Detection needs a moment to be sure that a beep is over. */
const SURE_MS = 150;

/** A machine that answers, says for how long nobody is at home, beeps, and records until the caller hangs up. */
export function answeringMachine({
  after,
  announces,
  beeps = true,
}: {
  readonly after: Millis;
  readonly announces: Buffer;
  /** Without one, detection finds the end of the announcement by its silence. */
  readonly beeps?: boolean;
}): Callee {
  const spokenMs = announces.length / RATE;
  return {
    does: 'answer',
    after,
    script: [
      {do: 'say', audio: announces, name: 'announcement'},
      ...(beeps ? ([{do: 'say', audio: tone(BEEP_MS), name: 'beep'}] as const) : []),
    ],
    detected: beeps
      ? {as: 'machine_end_beep', after: spokenMs + BEEP_MS + SURE_MS}
      : {as: 'machine_end_silence', after: spokenMs + 1_200},
  };
}

/** A loud square wave of 1 kHz in μ-law. */
function tone(ms: Millis): Buffer {
  const wave = Buffer.from([0x90, 0x90, 0x90, 0x90, 0x10, 0x10, 0x10, 0x10]);
  return Buffer.alloc(ms * RATE, wave);
}
