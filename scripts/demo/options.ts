import {toggle, type CommandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';

export const DEMO = {
  command: 'npm run demo --',
  about: 'Three calls through every process, on this machine alone. A worker is killed while it speaks.',
  options: z.object({
    keep: toggle().describe('keeps everything running until Ctrl-C, and prints its addresses'),
    play: toggle().describe('plays the product’s recording of each call afterwards'),
    wav: z
      .string()
      .optional()
      .describe('a folder for the recording of each call: the caller left, the assistant right'),
  }),
} satisfies CommandLine<z.ZodObject>;

export type DemoOptions = z.infer<typeof DEMO.options>;
