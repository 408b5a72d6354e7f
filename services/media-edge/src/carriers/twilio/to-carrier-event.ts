import {unreachable} from '@voicebridge/shared/errors.ts';
import type {AudioFormat, CarrierEvent} from '../carrier.ts';
import type {FromTwilio, TwilioStart} from './from-twilio.ts';
import type {Read} from './read-twilio.ts';

/**
 * Frames carry 32 bits of a stream's clock: 49 days. A client may start its clock at any number, such as Unix time; only
 * the distances between timestamps count.
 */
const TIMESTAMPS = 2 ** 32;

/** What was read from Twilio, as an event of the carrier port. */
export function toCarrierEvent(read: Read): CarrierEvent {
  if (!read.ok) return {kind: 'unreadable', reason: read.reason, detail: read.detail};
  const {message} = read;
  switch (message.event) {
    case 'media':
      return audioOf(message);
    case 'mark':
      return {kind: 'markReturned', ...placeOf(message), name: message.mark.name};
    case 'dtmf':
      return {kind: 'digit', ...placeOf(message), digit: message.dtmf.digit};
    case 'stop':
      return {kind: 'stopped', ...placeOf(message)};
    case 'connected':
      return {kind: 'connected'};
    case 'start':
      return startedOf(message);
    default:
      return unreachable(message);
  }
}

function audioOf({media, streamSid, sequenceNumber}: Extract<FromTwilio, {event: 'media'}>): CarrierEvent {
  return {
    kind: 'audio',
    streamSid,
    sequence: numberOf(sequenceNumber),
    timestamp: Number(media.timestamp) % TIMESTAMPS,
    payload: media.track === 'outbound' ? '' : media.payload,
  };
}

function startedOf({start, streamSid: calledByPeer, sequenceNumber}: TwilioStart): CarrierEvent {
  const {callSid, streamSid, customParameters: facts, mediaFormat} = start;
  const format: AudioFormat | undefined = mediaFormat && {
    ...mediaFormat,
    encoding: mediaFormat.encoding === 'audio/x-mulaw' ? 'mulaw' : 'other',
  };
  return {kind: 'started', callSid, streamSid, calledByPeer, facts, format, sequence: numberOf(sequenceNumber)};
}

function placeOf({streamSid, sequenceNumber}: Extract<FromTwilio, {event: 'mark' | 'dtmf' | 'stop'}>) {
  return {streamSid, sequence: numberOf(sequenceNumber)};
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
