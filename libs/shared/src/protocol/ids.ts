import {z} from 'zod';

/** An id that a carrier or a client chose. It is opaque to us, and safe in keys, channels, file names and URLs. */
const opaque = () => z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -');

/** One phone call, as its carrier names it. */
export const CallSid = opaque().brand<'CallSid'>();
export type CallSid = z.infer<typeof CallSid>;

/** One media stream of a call, as its carrier names it. Unique; a call that is resumed gets a new one. */
export const StreamSid = opaque().brand<'StreamSid'>();
export type StreamSid = z.infer<typeof StreamSid>;

/** One process of ours, for as long as it lives: `worker-` or `edge-` and a random part. Never reused. */
export const ProcessId = z
  .string()
  .regex(/^[a-z]+-[0-9a-z]{4,32}$/, 'must be a process id')
  .brand<'ProcessId'>();
export type ProcessId = z.infer<typeof ProcessId>;

/** The secret that opens one stream, once: 128 random bits as 32 hexadecimal digits. */
export const Ticket = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits')
  .brand<'Ticket'>();
export type Ticket = z.infer<typeof Ticket>;
