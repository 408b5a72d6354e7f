import {unreachable} from '@voicebridge/shared/errors.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {FromTwilio} from './from-twilio.ts';

/** Frames carry 32 bits of a stream's clock: 49 days, or the distances of a clock that does not begin with the stream. */
const TIMESTAMPS = 2 ** 32;

/** What a worker is told when Twilio says something during a call; undefined for what is not for a worker. */
export function frameOf(message: FromTwilio): EdgeToWorker | undefined {
  switch (message.event) {
    case 'media': {
      const {track, timestamp, payload} = message.media;
      if (payload === '' || track === 'outbound') return undefined;
      return {kind: 'audio', timestamp: Number(timestamp) % TIMESTAMPS, payload};
    }
    case 'mark':
      return {kind: 'mark', name: message.mark.name};
    case 'dtmf':
      return {kind: 'digit', digit: message.dtmf.digit};
    case 'connected':
    case 'start':
    case 'stop':
      return undefined;
    default:
      return unreachable(message);
  }
}
