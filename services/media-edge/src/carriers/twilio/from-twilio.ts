import {z} from 'zod';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';

/** One phone call at Twilio: `CA` and 32 hexadecimal digits. */
const TwilioCallSid = z
  .string()
  .regex(/^CA[0-9a-fA-F]{32}$/, 'must be CA and 32 hexadecimal digits')
  .brand<'CallSid'>();

/** One media stream of a call at Twilio: `MZ` and 32 hexadecimal digits. A call that is resumed gets a new one. */
export const TwilioStreamSid = z
  .string()
  .regex(/^MZ[0-9a-fA-F]{32}$/, 'must be MZ and 32 hexadecimal digits')
  .brand<'StreamSid'>();
export type TwilioStreamSid = z.infer<typeof TwilioStreamSid>;

/**
 * What a client that is not Twilio calls its stream. Two clients may use the same name, so no stream is found by it:
 * the client only gets it back in what it is sent.
 */
const PeerSid = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -')
  .brand<'PeerSid'>();
export type PeerSid = z.infer<typeof PeerSid>;

/** Twilio writes numbers as text; sequence, chunk and timestamp are whole and never negative. */
const text = z.string().regex(/^\d{1,15}$/);
/** Servers and tools that speak like Twilio may write plain numbers. */
const numeral = z.union([text, z.number().int().nonnegative().transform(String).pipe(text)]);

const connected = z.object({
  event: z.literal('connected'),
  protocol: z.string().optional(),
  version: z.string().optional(),
});

const aboutCall = z.object({
  accountSid: z.string().optional(),
  streamSid: TwilioStreamSid,
  callSid: TwilioCallSid,
  tracks: z.array(z.string()).optional(),
  mediaFormat: z.object({encoding: z.string(), sampleRate: z.number(), channels: z.number()}).optional(),
  customParameters: z.record(z.string(), z.string()).default({}),
});

const start = z.object({
  event: z.literal('start'),
  sequenceNumber: numeral.optional(),
  streamSid: TwilioStreamSid.optional(),
  start: aboutCall,
});

/** The outer `streamSid` is the client's name for its stream and is sent back to it; the inner one is ours. */
const startOfAnyPhone = start.extend({
  streamSid: PeerSid.optional(),
  start: aboutCall.extend({callSid: CallSid}),
});

const media = z.object({
  event: z.literal('media'),
  sequenceNumber: numeral.optional(),
  streamSid: TwilioStreamSid.optional(),
  media: z.object({track: z.string().optional(), chunk: numeral.optional(), timestamp: numeral, payload: z.base64()}),
});

const mark = z.object({
  event: z.literal('mark'),
  sequenceNumber: numeral.optional(),
  streamSid: TwilioStreamSid.optional(),
  mark: z.object({name: z.string()}),
});

const dtmf = z.object({
  event: z.literal('dtmf'),
  sequenceNumber: numeral.optional(),
  streamSid: TwilioStreamSid.optional(),
  dtmf: z.object({track: z.string().optional(), digit: z.string().regex(/^[0-9*#A-D]$/)}),
});

const stop = z.object({
  event: z.literal('stop'),
  sequenceNumber: numeral.optional(),
  streamSid: TwilioStreamSid.optional(),
});

/**
 * Every message that Twilio sends on a Media Stream and that we react to (Media Streams, "WebSocket messages"). Any
 * other event is counted and skipped. Fields that we do not need are optional, because not only Twilio speaks this.
 */
export const FromTwilio = z.discriminatedUnion('event', [connected, start, media, mark, dtmf, stop]);

/** The same from any client that speaks Media Streams, with its own ids; only where nothing is validated. */
export const FromAnyPhone = z.discriminatedUnion('event', [connected, startOfAnyPhone, media, mark, dtmf, stop]);
export type FromTwilio = z.infer<typeof FromTwilio> | z.infer<typeof FromAnyPhone>;
export type TwilioStart = Extract<FromTwilio, {event: 'start'}>;
export type TwilioMedia = Extract<FromTwilio, {event: 'media'}>;
