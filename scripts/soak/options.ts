import type {CommandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {CHAOS} from '../chaos/options.ts';

const {calls, seed, stay} = CHAOS.options.shape;

export const SOAK = {
  command: 'npm run soak --',
  about:
    'Callers come and go without faults. At the end memory, file descriptors and Redis keys must be back where they were.',
  options: z.object({
    minutes: wholeNumber({min: 1, max: 10_000}).default(30).describe('for how many minutes callers come and go'),
    calls: calls.default(12).describe('how many callers at a time'),
    stay: stay.default([20_000, 60_000]).describe('how many seconds a caller stays, at least and at most (20-60)'),
    seed: seed.describe('the same seed repeats the calls of a run in the same order'),
  }),
} satisfies CommandLine<z.ZodObject>;
