import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {FromTwilio} from './from-twilio.ts';

export type TwilioMedia = Extract<FromTwilio, {event: 'media'}>;

/** The text of a `media` message exactly as Twilio writes it: this key order, no blanks, nothing escaped. */
const COMPACT =
  /^\{"event":"media","sequenceNumber":"(\d{1,15})","media":\{"track":"(\w*)","chunk":"(\d{1,15})","timestamp":"(\d{1,15})","payload":"([A-Za-z0-9+/]*={0,2})"\},"streamSid":"(MZ[0-9a-fA-F]{32})"\}$/;

/** What every `media` message that may fit `COMPACT` begins with; cheaper to rule out than the whole. */
const BEGINNING = '{"event":"media","sequenceNumber":"';

/**
 * `media` comes 50 times a second per call, so it is read without JSON.parse and without a schema. Whatever does not
 * look exactly as expected is undefined here and left to the schema: this guard may be too narrow, but never says yes,
 * or anything different, where the schema would not. A test holds both to the same answers.
 */
export function mediaGuard(text: string): TwilioMedia | undefined {
  if (!text.startsWith(BEGINNING)) return undefined;
  const match = COMPACT.exec(text);
  if (!isWhole(match)) return undefined;
  const [, sequenceNumber, track, chunk, timestamp, payload, streamSid] = match;
  if (payload.length % 4 !== 0) return undefined;
  return {event: 'media', sequenceNumber, streamSid, media: {track, chunk, timestamp, payload}};
}

type Captures = readonly [
  whole: string,
  sequenceNumber: string,
  track: string,
  chunk: string,
  timestamp: string,
  payload: string,
  streamSid: StreamSid,
];

function isWhole(match: readonly unknown[] | null): match is Captures {
  return match !== null;
}
