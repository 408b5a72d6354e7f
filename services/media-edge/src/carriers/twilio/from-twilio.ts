import {z} from 'zod';
import {CallSid, PeerSid, StreamSid, TwilioCallSid} from '@voicebridge/shared/protocol/ids.ts';

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
  streamSid: StreamSid,
  callSid: TwilioCallSid,
  tracks: z.array(z.string()).optional(),
  mediaFormat: z.object({encoding: z.string(), sampleRate: z.number(), channels: z.number()}).optional(),
  customParameters: z.record(z.string(), z.string()).default({}),
});

const start = z.object({
  event: z.literal('start'),
  sequenceNumber: numeral.optional(),
  streamSid: StreamSid.optional(),
  start: aboutCall,
});

/** Its outer `streamSid` is what the client calls its stream, and wants to be told; the inner one is ours. */
const startOfAnyPhone = start.extend({
  streamSid: PeerSid.optional(),
  start: aboutCall.extend({callSid: CallSid}),
});

const media = z.object({
  event: z.literal('media'),
  sequenceNumber: numeral.optional(),
  streamSid: StreamSid.optional(),
  media: z.object({track: z.string().optional(), chunk: numeral.optional(), timestamp: numeral, payload: z.base64()}),
});

const mark = z.object({
  event: z.literal('mark'),
  sequenceNumber: numeral.optional(),
  streamSid: StreamSid.optional(),
  mark: z.object({name: z.string()}),
});

const dtmf = z.object({
  event: z.literal('dtmf'),
  sequenceNumber: numeral.optional(),
  streamSid: StreamSid.optional(),
  dtmf: z.object({track: z.string().optional(), digit: z.string().regex(/^[0-9*#A-D]$/)}),
});

const stop = z.object({event: z.literal('stop'), sequenceNumber: numeral.optional(), streamSid: StreamSid.optional()});

/**
 * Everything Twilio may say on a Media Stream (Media Streams, "WebSocket messages"). If it is not listed here, we do
 * not react to it: it is counted and skipped. What nobody here needs is optional, because not only Twilio speaks this.
 */
export const FromTwilio = z.discriminatedUnion('event', [connected, start, media, mark, dtmf, stop]);

/** The same from any client that speaks Media Streams, with its own ids; only where nothing is validated. */
export const FromAnyPhone = z.discriminatedUnion('event', [connected, startOfAnyPhone, media, mark, dtmf, stop]);
export type FromTwilio = z.infer<typeof FromTwilio> | z.infer<typeof FromAnyPhone>;
export type TwilioStart = Extract<FromTwilio, {event: 'start'}>;
