import type {Capture, CaptureSection} from '@voicebridge/shared/capture/capture.ts';
import {hushed} from '@voicebridge/shared/capture/hushed-audio.ts';
import {withoutDigits} from '@voicebridge/shared/capture/mask.ts';
import {bytesOfBase64In} from '@voicebridge/shared/protocol/audio.ts';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from './carrier.ts';

/** A socket whose capture may have to be forgotten. */
export interface CapturedSocket extends CarrierSocket {
  /** Whether the capture of its stream may be kept, as the owner of the call says. */
  readonly keepCapture: (isKept: boolean) => void;
  /** What the edge does with the stream of its own accord, and no message of the carrier or the worker shows. */
  readonly noted: (message: object) => void;
}

/**
 * The same socket, with everything that crosses it written to a capture from its `started` on. Which keys were pressed, and
 * what the carrier was given for the call, is left out. `held`: nothing is written before `keepCapture`, and of the voice until then only how
 * loud it was.
 */
export function capturedSocket(socket: CarrierSocket, capture: Capture, {held = false} = {}): CapturedSocket {
  let section: CaptureSection | undefined;
  let isForgotten = false;
  let isAsked = held;
  const took = (message: object) => section?.line('phone', 'in', message);
  const sent = (message: object) => section?.line('phone', 'out', message);
  const closed = socket.closed.then(({code}) => {
    took({kind: 'closed', code});
    section?.end();
    return {code};
  });
  return {
    carrier: socket.carrier,
    closed,
    keepCapture(isKept) {
      isAsked = false;
      if (isKept) return section?.keep();
      section?.drop();
      isForgotten = true;
    },
    noted: message => section?.line('call', 'in', message),
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    sendAudio(mark, bytes, from, to) {
      if (!isForgotten) sent({kind: 'audio', mark, bytes: bytesOfBase64In(bytes, from, to)});
      socket.sendAudio(mark, bytes, from, to);
    },
    sendMark(name) {
      sent({kind: 'mark', name});
      socket.sendMark(name);
    },
    sendClear() {
      sent({kind: 'clear'});
      socket.sendClear();
    },
    close(code, reason) {
      sent({kind: 'close', code, reason});
      socket.close(code, reason);
    },
    terminate() {
      sent({kind: 'terminate'});
      socket.terminate();
    },
    ping: () => socket.ping(),
    onEvent(listener: (event: CarrierEvent) => void) {
      socket.onEvent(event => {
        if (event.kind === 'started')
          section ??= capture.begin({half: 'edge', callSid: event.callSid, about: {}, held});
        took(told(event));
        listener(event);
      });
    },
    onAudio(listener: OnCarrierAudio) {
      socket.onAudio((streamSid, sequence, timestamp, bytes, from, to) => {
        if (!isForgotten) {
          const voice = bytes.toString('latin1', from, to);
          const payload = section?.audio(isAsked ? hushed(voice) : voice);
          took({kind: 'audio', streamSid, sequence, timestamp, payload});
        }
        listener(streamSid, sequence, timestamp, bytes, from, to);
      });
    },
    onControl: listener => socket.onControl(listener),
  };
}

function told(event: CarrierEvent): CarrierEvent {
  if (event.kind === 'started') return {...event, facts: {}};
  return event.kind === 'digit' ? {...event, digit: withoutDigits(event.digit)} : event;
}
