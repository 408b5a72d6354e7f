import type {CommandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';

const above0 = () => wholeNumber({min: 1, max: 1_000_000_000});

/** `6-30` seconds, as milliseconds. */
const stay = () =>
  z
    .string()
    .regex(/^\d+-\d+$/, 'must be seconds, as in 6-30')
    .default('6-30')
    .transform((text): readonly [number, number] => {
      const [least = 0, most = 0] = text.split('-').map(Number);
      return [least * 1_000, most * 1_000];
    })
    .refine(([least, most]) => least > 0 && most >= least, 'must be seconds, as in 6-30');

export const CHAOS = {
  command: 'npm run chaos --',
  about: 'Callers talk while processes are killed. At the end every guarantee is checked.',
  options: z.object({
    seconds: above0().default(60).describe('for how many seconds callers talk and processes are killed'),
    calls: above0().default(20).describe('how many callers at a time'),
    seed: above0().default(1).describe('the same seed repeats the kills of a run in the same order'),
    stay: stay().describe('how many seconds a caller stays, at least and at most (6-30)'),
    total: above0().optional().describe('stops after this many callers in total, even if time is left'),
  }),
} satisfies CommandLine<z.ZodObject>;
