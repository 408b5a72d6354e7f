import {unreachable} from '@voicebridge/shared/errors.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';

/** What callers do, so that everything that is measured happens often enough. */
export const kinds = [
  'patient',
  'interrupts',
  'interruptsTwice',
  'noisy',
  'presses',
  'saysGoodbye',
  'hangsUp',
] as const;
export type CallerKind = (typeof kinds)[number];

/** A cough: 180 ms of loud noise, 3000 RMS or so, the same each time. */
export const cough = Buffer.from(
  Array.from({length: 180 * 8}, (_, at) => ((at * 29 + (at >> 3) * 7) % 2) * 0x80 + 0x30 + ((at * 11) % 16)),
);

/** `late` milliseconds spread the callers' actions over the phases of all clocks. */
export function scriptOf(kind: CallerKind, late: number): CallerScript {
  switch (kind) {
    case 'patient':
      return [
        {do: 'waitForSilence', ms: 300 + late},
        {do: 'say', clip: 'caller-opening-hours'},
        {do: 'waitForSilence', ms: 500 + late},
        {do: 'say', clip: 'caller-yes'},
        {do: 'waitForSilence', ms: 600},
        {do: 'hangUp'},
      ];
    case 'interrupts':
      return [
        {do: 'waitForSilence', ms: 400 + late},
        {do: 'say', clip: 'caller-opening-hours'},
        {do: 'interruptAfter', ms: 900 + late, clip: 'caller-interrupts'},
        {do: 'waitForSilence', ms: 500},
        {do: 'hangUp'},
      ];
    case 'interruptsTwice':
      return [
        {do: 'interruptAfter', ms: 1_100 + late, clip: 'caller-short-interrupt'},
        {do: 'waitForSilence', ms: 400},
        {do: 'say', clip: 'caller-book-table'},
        {do: 'interruptAfter', ms: 1_600 + late, clip: 'caller-human'},
        {do: 'waitForSilence', ms: 600},
        {do: 'hangUp'},
      ];
    case 'noisy':
      return [
        {do: 'waitForSilence', ms: 300 + late},
        {do: 'say', clip: 'caller-book-table'},
        {do: 'waitForAssistant', speakingFor: 700 + late},
        {do: 'say', audio: cough, name: 'cough'},
        {do: 'waitForSilence', ms: 500},
        {do: 'hangUp'},
      ];
    case 'presses':
      return [
        {do: 'waitForSilence', ms: 300 + late},
        {do: 'press', digit: '4'},
        {do: 'pause', ms: 200},
        {do: 'press', digit: '2'},
        {do: 'waitForSilence', ms: 500},
        {do: 'say', clip: 'caller-yes'},
        {do: 'waitForSilence', ms: 500 + late},
        {do: 'hangUp'},
      ];
    case 'saysGoodbye':
      return [
        {do: 'waitForSilence', ms: 300 + late},
        {do: 'say', clip: 'caller-yes'},
        {do: 'waitForSilence', ms: 400 + late},
        {do: 'say', clip: 'caller-goodbye'},
      ];
    case 'hangsUp':
      return [
        {do: 'waitForSilence', ms: 300 + late},
        {do: 'say', clip: 'caller-hello'},
        {do: 'waitForAssistant', speakingFor: 600 + late},
        {do: 'hangUp'},
      ];
    default:
      return unreachable(kind);
  }
}
