import {SILENCE} from '@voicebridge/shared/protocol/audio.ts';
import {type Chunk, readChunkKey, STEREO_BYTES_PER_MS} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {StoredObject} from '@voicebridge/shared/recordings/recording-store.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A chunk, and where it ends. */
export interface PlacedChunk extends Chunk {
  readonly untilMs: Millis;
}

/** The chunks among the objects of a call, in the order in which they are laid over each other: the later owner last. */
export function chunksAmong(objects: readonly StoredObject[]): PlacedChunk[] {
  return objects
    .flatMap(({key, bytes}) => {
      const chunk = readChunkKey(key);
      return chunk ? {...chunk, untilMs: chunk.fromMs + Math.floor(bytes / STEREO_BYTES_PER_MS)} : [];
    })
    .toSorted((a, b) => a.epoch - b.epoch || a.fromMs - b.fromMs);
}

/** How many milliseconds between two moments are missing on either side. */
export function missingMs(chunks: readonly PlacedChunk[], fromMs: Millis, untilMs: Millis): Millis {
  const inOrder = chunks.toSorted((a, b) => a.fromMs - b.fromMs);
  const gaps = (['caller', 'assistant'] as const)
    .flatMap(side =>
      gapsIn(
        inOrder.filter(({sides}) => sides === undefined || sides === side),
        fromMs,
        untilMs,
      ),
    )
    .toSorted((a, b) => a.fromMs - b.fromMs);
  let [missing, reached] = [0, fromMs];
  for (const gap of gaps) {
    missing += Math.max(0, gap.untilMs - Math.max(gap.fromMs, reached));
    reached = Math.max(reached, gap.untilMs);
  }
  return missing;
}

interface Gap {
  readonly fromMs: Millis;
  readonly untilMs: Millis;
}

/** What is in none of these chunks, which are in order. */
function gapsIn(chunks: readonly PlacedChunk[], fromMs: Millis, untilMs: Millis): Gap[] {
  const gaps: Gap[] = [];
  let reached = fromMs;
  for (const chunk of [...chunks, {fromMs: untilMs, untilMs}]) {
    const next = Math.min(chunk.fromMs, untilMs);
    if (next > reached) gaps.push({fromMs: reached, untilMs: next});
    reached = Math.max(reached, chunk.untilMs);
  }
  return gaps;
}

/** Silence for a whole recording, in which `layInto` puts the chunks. */
export function emptyRecording(fromMs: Millis, untilMs: Millis): Buffer {
  return Buffer.alloc((untilMs - fromMs) * STEREO_BYTES_PER_MS, SILENCE);
}

/** Puts the sides that a chunk holds where they belong in a recording that begins at `fromMs`. What lies outside is left out. */
export function layInto(recording: Buffer, fromMs: Millis, chunk: PlacedChunk, body: Buffer): void {
  const place = (chunk.fromMs - fromMs) * STEREO_BYTES_PER_MS;
  const from = Math.max(0, -place);
  if (from >= body.length || place + from >= recording.length) return;
  if (chunk.sides === undefined) {
    body.copy(recording, place + from, from);
    return;
  }
  const until = Math.min(body.length, recording.length - place);
  for (let at = from + (chunk.sides === 'caller' ? 0 : 1); at < until; at += 2)
    recording[place + at] = body[at] ?? SILENCE;
}
