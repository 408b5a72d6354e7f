import {z} from 'zod';
import {choice, wholeNumber} from '../config/config.ts';

/** What edges and workers read of captures. */
export const captureSettings = {
  CAPTURE: choice('on', 'off', 'assistants')
    .default('off')
    .describe(
      'on: all that crosses the phone’s and the model’s sockets is written to CAPTURE_DIR, voices and words, so that a call can be played again with npm run replay; assistants: of those assistants whose file says `capture: true`',
    ),
  CAPTURE_DIR: z
    .string()
    .default('.voicebridge/captures')
    .describe(
      'the folder of the captures, one file for each call and process; where RECORDINGS_URL is set they go there when they are whole',
    ),
  CAPTURE_DAYS: wholeNumber({min: 1, max: 365})
    .default(7)
    .describe('captures that are older than so many days are removed'),
  CAPTURE_MAX_MB: wholeNumber({min: 1, max: 10_000})
    .default(100)
    .describe('the capture of one call ends at so many megabytes in each process'),
};

export interface CaptureConfig {
  readonly CAPTURE: 'on' | 'off' | 'assistants';
  readonly CAPTURE_DIR: string;
  readonly CAPTURE_DAYS: number;
  readonly CAPTURE_MAX_MB: number;
}
