import type {z} from 'zod';

/** One route of the API, with the schemas of what it reads and answers. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  /** The name that a generated client gives it. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  /** What stands in its path. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  /** An answer, as it looks. */
  readonly example?: object;
  readonly type?: string;
  /** Nobody has to be signed in. */
  readonly isOpen?: true;
}

/** What the routes are about. */
export const TAGS = {
  calls: 'Finished calls',
  live: 'What happens now',
  figures: 'Figures over many calls',
  files: 'What can be taken away as a file; each is noted in the audit',
  recordings: 'Calls as they were heard',
  erasure: 'Deleting for good',
  webhooks: 'What other systems are told',
  audit: 'Who did what',
  phone: 'The phone in the browser',
  'signing in': 'Sessions of browsers',
} as const;
