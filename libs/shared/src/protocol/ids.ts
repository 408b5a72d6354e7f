import {z} from 'zod';

/** One phone call at Twilio: `CA` and 32 hexadecimal digits. */
export const CallSid = z
  .string()
  .regex(/^CA[0-9a-fA-F]{32}$/, 'must be CA and 32 hexadecimal digits')
  .brand<'CallSid'>();
export type CallSid = z.infer<typeof CallSid>;

/** One media stream of a call: `MZ` and 32 hexadecimal digits. A call that is resumed gets a new one. */
export const StreamSid = z
  .string()
  .regex(/^MZ[0-9a-fA-F]{32}$/, 'must be MZ and 32 hexadecimal digits')
  .brand<'StreamSid'>();
export type StreamSid = z.infer<typeof StreamSid>;

/** One process of ours, for as long as it lives: `worker-` or `edge-` and a random part. Never reused. */
export const ProcessId = z
  .string()
  .regex(/^[a-z]+-[0-9a-z]{4,32}$/, 'must be a process id')
  .brand<'ProcessId'>();
export type ProcessId = z.infer<typeof ProcessId>;

/** What opens one stream, once: 128 random bits as 32 hexadecimal digits. */
export const Ticket = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits')
  .brand<'Ticket'>();
export type Ticket = z.infer<typeof Ticket>;
