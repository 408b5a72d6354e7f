import {z} from 'zod';
import {choice, wholeNumber} from '../config/config.ts';

/** What edges and workers read of captures. */
export const captureSettings = {
  CAPTURE: choice('on', 'off', 'assistants')
    .default('off')
    .describe(
      'on: everything on the sockets of the phone and the model, voices and words included, is written to CAPTURE_DIR, so that npm run replay can play the call again; assistants: only for assistants whose file says `capture: true`',
    ),
  CAPTURE_DIR: z
    .string()
    .default('.voicebridge/captures')
    .describe(
      'the folder of the captures, one file for each call and process; if RECORDINGS_URL is set, complete captures are moved there',
    ),
  CAPTURE_DAYS: wholeNumber({min: 1, max: 365}).default(7).describe('captures older than this many days are deleted'),
  CAPTURE_MAX_MB: wholeNumber({min: 1, max: 10_000})
    .default(100)
    .describe('the most megabytes that each process writes for the capture of one call'),
};

export interface CaptureConfig {
  readonly CAPTURE: 'on' | 'off' | 'assistants';
  readonly CAPTURE_DIR: string;
  readonly CAPTURE_DAYS: number;
  readonly CAPTURE_MAX_MB: number;
}
