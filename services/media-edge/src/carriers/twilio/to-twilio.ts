import type {PeerSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';

/**
 * Everything we may say to Twilio. Twilio ignores a message with one field too many, so these are written by hand,
 * as text, in one place; audio goes out 4 to 50 times a second per call and is already base64.
 */

/** Audio for the caller: base64 μ-law of any length, played in the order of arrival. */
export function mediaMessage(streamSid: StreamSid | PeerSid, payload: string): string {
  return `{"event":"media","streamSid":"${streamSid}","media":{"payload":"${payload}"}}`;
}

/** Comes back with the same name when all audio sent before it was played, or was dropped by a clear. */
export function markMessage(streamSid: StreamSid | PeerSid, name: string): string {
  return JSON.stringify({event: 'mark', streamSid, mark: {name}});
}

/** Drops whatever waits to be played. Twilio answers only by returning every pending mark at once. */
export function clearMessage(streamSid: StreamSid | PeerSid): string {
  return `{"event":"clear","streamSid":"${streamSid}"}`;
}
