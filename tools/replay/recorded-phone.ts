import type {CaptureLine} from '@voicebridge/shared/capture/capture.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from '../../services/media-edge/src/carriers/carrier.ts';
import type {TimedSection} from './recorded-call.ts';

/** The socket of a carrier that says again what it said in a recording, at the same moments. It obeys nobody. */
export function recordedPhone({lines}: TimedSection, clock: Clock): CarrierSocket {
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  let onEvent: (event: CarrierEvent) => void = () => {};
  let onAudio: OnCarrierAudio = () => {};
  let isOver = false;
  const end = (code: number) => {
    isOver = true;
    resolve({code});
  };
  const weClosed = lines.some(
    ({socket, direction, message}) => socket === 'phone' && direction === 'out' && isClosing(message['kind']),
  );
  const theirs = lines.filter(({socket, direction}) => socket === 'phone' && direction === 'in');
  playLines(
    // What followed from our own closing follows from it again.
    theirs.filter(({message}) => message['kind'] !== 'closed' || !weClosed),
    clock,
    message => {
      if (isOver) return;
      if (message['kind'] === 'closed') return end(Number(message['code']));
      if (message['kind'] !== 'audio') return onEvent(message as unknown as CarrierEvent);
      const {streamSid, sequence, timestamp, payload} = message as unknown as RecordedAudio;
      const bytes = Buffer.from(payload, 'latin1');
      onAudio(streamSid, sequence, timestamp, bytes, 0, bytes.length);
    },
  );
  return {
    carrier: 'recorded',
    closed,
    bufferedBytes: 0,
    sendAudio() {},
    sendMark() {},
    sendClear() {},
    close: end,
    terminate: () => end(1_006),
    ping() {},
    onEvent: listener => (onEvent = listener),
    onAudio: listener => (onAudio = listener),
    onControl() {},
  };
}

function isClosing(kind: unknown): boolean {
  return kind === 'close' || kind === 'terminate';
}

interface RecordedAudio {
  readonly streamSid: Parameters<OnCarrierAudio>[0];
  readonly sequence: number | undefined;
  readonly timestamp: Millis;
  readonly payload: string;
}

/** Plays lines at their moments, one timer at a time. */
export function playLines(
  lines: readonly CaptureLine[],
  clock: Clock,
  play: (message: CaptureLine['message'], line: CaptureLine) => void,
): void {
  let next = 0;
  const wait = () => {
    const line = lines[next];
    if (!line) return;
    clock.after(Math.max(0, line.at - clock.now()), () => {
      next += 1;
      play(line.message, line);
      wait();
    });
  };
  wait();
}
