import type {CallerScript} from '../../simulators/twilio/src/call/fake-call.ts';

/** One caller, and what must come of the call. */
export interface Person {
  readonly name: string;
  readonly color: 'cyan' | 'yellow' | 'magenta';
  /** What the caller wants to do. */
  readonly about: string;
  readonly script: CallerScript;
  /** What the caller does once the worker was killed and the assistant can be heard again; without it, nobody is killed. */
  readonly afterTheKill?: CallerScript;
  /** How often the caller interrupts the assistant. */
  readonly interrupts: number;
  readonly endedBy: 'caller' | 'assistant';
}

/** The three callers. Their calls last about twenty seconds. */
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
    about: 'books a table; the worker of this call is killed in the middle of the answer',
    script: [
      {do: 'waitForSilence', ms: 900},
      {do: 'say', clip: 'caller-book-table'},
    ],
    afterTheKill: [
      {do: 'waitForSilence', ms: 500},
      {do: 'say', clip: 'caller-goodbye'},
    ],
    interrupts: 0,
    endedBy: 'assistant',
  },
];
