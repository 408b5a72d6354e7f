import {toggle, type CommandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';

export const DEMO = {
  command: 'npm run demo --',
  about: 'Three calls through every process, on this machine alone. A worker is killed while it speaks.',
  options: z.object({
    keep: toggle().describe('leaves it all running, with addresses to look at, until Ctrl-C'),
    play: toggle().describe('plays the recording of each call afterwards, as the product makes it'),
    wav: z
      .string()
      .optional()
      .describe('a folder for the recording of each call: the caller left, the assistant right'),
  }),
} satisfies CommandLine<z.ZodObject>;

export type DemoOptions = z.infer<typeof DEMO.options>;
