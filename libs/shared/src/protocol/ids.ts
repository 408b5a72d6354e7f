import {z} from 'zod';

/** What a client that is not Twilio may call anything: harmless in every key, channel, file name and address. */
const reasonable = () => z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -');

/** One phone call: an id of Twilio's, or of any client that may call where nothing is validated. */
export const CallSid = reasonable().brand<'CallSid'>();
export type CallSid = z.infer<typeof CallSid>;

/** One phone call at Twilio: `CA` and 32 hexadecimal digits. */
export const TwilioCallSid = z
  .string()
  .regex(/^CA[0-9a-fA-F]{32}$/, 'must be CA and 32 hexadecimal digits')
  .brand<'CallSid'>();

/** What a client that is not Twilio calls its stream. Two clients may use the same, so nothing inside goes by it. */
export const PeerSid = reasonable().brand<'PeerSid'>();
export type PeerSid = z.infer<typeof PeerSid>;

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
