import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** One message in place of fifty. */
const LONGEST_MS = 1_000;
/** Twilio's timestamps wander by a millisecond or two. More than that is a gap, and stays one. */
const TOLERANCE_MS = 5;

type Audio = Extract<EdgeToWorker, {kind: 'audio'}>;

/**
 * The same frames, with audio that belongs together in one piece. What a new owner is told of the last seconds would
 * else be 400 messages for each call of a dead worker, all in the moment in which every millisecond counts.
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
  return Buffer.concat(run.map(({payload}) => Buffer.from(payload, 'base64'))).toString('base64');
}
