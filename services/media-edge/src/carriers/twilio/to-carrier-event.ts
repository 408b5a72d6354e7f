import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {AudioFormat, CarrierEvent, OnCarrierAudio} from '../carrier.ts';
import type {FromTwilio, TwilioMedia, TwilioStart} from './from-twilio.ts';
import type {Read} from './read-twilio.ts';

/**
 * Frames carry 32 bits of a stream's clock: 49 days. A client may start its clock at any number, such as Unix time; only
 * the distances between timestamps count.
 */
const TIMESTAMPS = 2 ** 32;

/** A timestamp of a client as that of a frame. */
export function toTimestamp(named: number): Millis {
  return named % TIMESTAMPS;
}

/** A message that could not be read, as an event of the carrier port. */
export function toUnreadable({reason, detail}: Extract<Read, {ok: false}>): CarrierEvent {
  return {kind: 'unreadable', reason, detail};
}

/** Any message of Twilio's but audio, as an event of the carrier port. */
export function toCarrierEvent(message: Exclude<FromTwilio, TwilioMedia>): CarrierEvent {
  switch (message.event) {
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

/** Gives audio that had to be read as JSON to the listener of the carrier port. */
export function toCarrierAudio({media, streamSid, sequenceNumber}: TwilioMedia, listener: OnCarrierAudio): void {
  const text = Buffer.from(media.track === 'outbound' ? '' : media.payload);
  listener(streamSid, numberOf(sequenceNumber), toTimestamp(Number(media.timestamp)), text, 0, text.length);
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
