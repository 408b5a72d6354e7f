import {z} from 'zod';

/** What the caller speaks into: a telephone, or the page of analytics that is one (`BROWSER_PHONE`). */
export const Via = z.enum(['telephone', 'browser']);
export type Via = z.infer<typeof Via>;

/** The account that the phone in the browser names. No account of Twilio's has this id. */
export const BROWSER_ACCOUNT = `AC${'0'.repeat(32)}`;
