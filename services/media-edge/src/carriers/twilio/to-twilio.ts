import type {PeerSid, TwilioStreamSid} from './from-twilio.ts';

/**
 * Everything we may say to Twilio. Twilio ignores a message with one field too many, so these texts are written by
 * hand, in one place. Audio goes out 4 to 50 times a second and call and is base64 already.
 */

/** What the peer calls its stream. */
export type StreamName = TwilioStreamSid | PeerSid;

/** The text of `mediaMessage` before and behind the payload. */
export function mediaFrame(stream: StreamName): {readonly before: Buffer; readonly behind: Buffer} {
  return {
    before: Buffer.from(`{"event":"media","streamSid":"${stream}","media":{"payload":"`),
    behind: Buffer.from('"}}'),
  };
}

/** Audio for the caller: base64 μ-law of any length, played in the order of arrival. The text is a copy, as bytes. */
export function mediaMessage(
  {before, behind}: ReturnType<typeof mediaFrame>,
  bytes: Buffer,
  from: number,
  to: number,
): Buffer {
  const end = before.length + to - from;
  const message = Buffer.allocUnsafe(end + behind.length);
  before.copy(message);
  bytes.copy(message, before.length, from, to);
  behind.copy(message, end);
  return message;
}

/** Comes back with the same name when all audio sent before it was played, or was dropped by a clear. */
export function markMessage(stream: StreamName, name: string): string {
  return JSON.stringify({event: 'mark', streamSid: stream, mark: {name}});
}

/** Drops all audio that waits to be played. Twilio answers only by returning every pending mark at once. */
export function clearMessage(stream: StreamName): string {
  return `{"event":"clear","streamSid":"${stream}"}`;
}
