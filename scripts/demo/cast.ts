import type {CallerScript} from '../../simulators/twilio/src/call/fake-call.ts';

/** One caller, and what must come of the call. */
export interface Person {
  readonly name: string;
  readonly color: 'cyan' | 'yellow' | 'magenta';
  /** What the caller wants to do. */
  readonly about: string;
  readonly script: CallerScript;
  /** How often the caller interrupts the assistant. */
  readonly interrupts: number;
  readonly endedBy: 'caller' | 'assistant';
}

/** The three callers. Their calls last about twenty seconds, the first one longest. */
export const cast: readonly Person[] = [
  {
    name: 'Ada',
    color: 'cyan',
    about: 'says goodbye, so that the assistant ends the call',
    script: [
      {do: 'waitForSilence', ms: 600},
      {do: 'say', clip: 'caller-opening-hours'},
      {do: 'waitForSilence', ms: 500},
      {do: 'say', clip: 'caller-goodbye'},
    ],
    interrupts: 0,
    endedBy: 'assistant',
  },
  {
    name: 'Ben',
    color: 'yellow',
    about: 'interrupts the assistant in the middle of a sentence',
    script: [
      {do: 'waitForSilence', ms: 400},
      {do: 'say', clip: 'caller-opening-hours'},
      {do: 'interruptAfter', ms: 1_300, clip: 'caller-interrupts'},
      {do: 'waitForSilence', ms: 600},
      {do: 'hangUp'},
    ],
    interrupts: 1,
    endedBy: 'caller',
  },
  {
    name: 'Cleo',
    color: 'magenta',
    about: 'books a table and hangs up',
    script: [
      {do: 'waitForSilence', ms: 500},
      {do: 'say', clip: 'caller-book-table'},
      {do: 'waitForSilence', ms: 600},
      {do: 'hangUp'},
    ],
    interrupts: 0,
    endedBy: 'caller',
  },
];
