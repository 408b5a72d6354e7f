import {toggle, type CommandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';

export const REHEARSE = {
  command: 'npm run rehearse --',
  about:
    'Plays the callers of assistants/<name>.call.yaml and .call.ts on this machine, and checks what they expect.\nThe model is scripted: no account is needed.',
  options: z.object({
    folder: z.string().optional().describe('where the assistants are; ASSISTANTS_DIR or assistants if not given'),
    only: z.string().optional().describe('one assistant, such as reception'),
    kill: z
      .enum(['worker'])
      .optional()
      .describe('worker: its process is killed in mid-call; the caller must not notice'),
    real: toggle().describe('talks to the model of OPENAI_API_KEY instead of the script; that costs money'),
    junit: z.string().optional().describe('a file for the results as JUnit XML'),
  }),
} satisfies CommandLine<z.ZodObject>;
