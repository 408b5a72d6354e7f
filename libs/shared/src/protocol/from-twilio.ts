import {z} from 'zod';
import {CallSid, StreamSid} from './ids.ts';

/** Twilio writes numbers as text; sequence, chunk and timestamp are whole and never negative. */
const numeral = z.string().regex(/^\d{1,15}$/);

const connected = z.object({event: z.literal('connected'), protocol: z.string(), version: z.string()});

const start = z.object({
  event: z.literal('start'),
  sequenceNumber: numeral,
  streamSid: StreamSid,
  start: z.object({
    accountSid: z.string(),
    streamSid: StreamSid,
    callSid: CallSid,
    tracks: z.array(z.string()),
    mediaFormat: z.object({encoding: z.string(), sampleRate: z.number(), channels: z.number()}),
    customParameters: z.record(z.string(), z.string()).default({}),
  }),
});

const media = z.object({
  event: z.literal('media'),
  sequenceNumber: numeral,
  streamSid: StreamSid,
  media: z.object({track: z.string(), chunk: numeral, timestamp: numeral, payload: z.base64()}),
});

const mark = z.object({
  event: z.literal('mark'),
  sequenceNumber: numeral,
  streamSid: StreamSid,
  mark: z.object({name: z.string()}),
});

const dtmf = z.object({
  event: z.literal('dtmf'),
  streamSid: StreamSid,
  dtmf: z.object({track: z.string(), digit: z.string().regex(/^[0-9*#A-D]$/)}),
});

const stop = z.object({event: z.literal('stop'), sequenceNumber: numeral, streamSid: StreamSid});

/**
 * Everything Twilio may say on a Media Stream (Media Streams, "WebSocket messages"). If it is not listed here, we do
 * not react to it: it is counted and skipped.
 */
export const FromTwilio = z.discriminatedUnion('event', [connected, start, media, mark, dtmf, stop]);
export type FromTwilio = z.infer<typeof FromTwilio>;
export type TwilioStart = z.infer<typeof start>;
