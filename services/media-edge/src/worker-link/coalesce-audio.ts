import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Of audio in one message, which replaces fifty frames. */
const LONGEST_MS = 1_000;
/** Timestamps of a carrier vary by a millisecond or two. A larger distance is a gap, which must be kept. */
const TOLERANCE_MS = 5;

type Audio = Extract<EdgeToWorker, {kind: 'audio'}>;

/**
 * The same frames in the same order, with consecutive audio joined into pieces of up to a second. A replay of eight
 * seconds would otherwise be 400 messages for each call of a dead worker, all at the same moment.
 */
export function coalesceAudio(frames: readonly EdgeToWorker[]): EdgeToWorker[] {
  const joined: EdgeToWorker[] = [];
  let run: Audio[] = [];
  let [startsAt, endsAt]: [Millis, Millis] = [0, 0];
  const flush = () => {
    const [first] = run;
    if (first) joined.push(run.length === 1 ? first : {...first, payload: payloadOf(run)});
    run = [];
  };
  for (const frame of frames) {
    if (frame.kind !== 'audio') {
      flush();
      joined.push(frame);
      continue;
    }
    const ms = Buffer.byteLength(frame.payload, 'base64') / BYTES_PER_MS;
    const fits = Math.abs(frame.timestamp - endsAt) <= TOLERANCE_MS && frame.timestamp + ms - startsAt <= LONGEST_MS;
    if (run.length > 0 && !fits) flush();
    if (run.length === 0) startsAt = frame.timestamp;
    run.push(frame);
    endsAt = frame.timestamp + ms;
  }
  flush();
  return joined;
}

function payloadOf(run: readonly Audio[]): string {
  const bytes = Buffer.allocUnsafe(run.reduce((sum, {payload}) => sum + Buffer.byteLength(payload, 'base64'), 0));
  let end = 0;
  for (const {payload} of run) end += bytes.write(payload, end, 'base64');
  return bytes.toString('base64', 0, end);
}
