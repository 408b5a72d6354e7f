import {readTag, TAG_BLOCK_BYTES} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {StreamReport} from '../../simulators/twilio/src/report/call-report.ts';

const BYTES_PER_MS = 8;

/**
 * Silences within a reply of the assistant, in monotonic milliseconds; pauses between replies do not count.
 * `MODEL_TAGGED` must be on.
 */
export function speechGaps({segments, played}: StreamReport): {readonly at: number; readonly ms: number}[] {
  return segments.slice(1).flatMap((segment, index) => {
    const before = segments[index];
    if (!before) return [];
    const item = readTag(played, before.to - TAG_BLOCK_BYTES)?.item;
    if (item === undefined || item !== readTag(played, segment.from)?.item) return [];
    const at = before.at + (before.to - before.from) / BYTES_PER_MS;
    return [{at, ms: segment.at - at}];
  });
}
