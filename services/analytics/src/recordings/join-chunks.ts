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

/** How many milliseconds between two moments are in no chunk. */
export function missingMs(chunks: readonly PlacedChunk[], fromMs: Millis, untilMs: Millis): Millis {
  let [missing, reached] = [0, fromMs];
  for (const chunk of chunks.toSorted((a, b) => a.fromMs - b.fromMs)) {
    missing += Math.max(0, Math.min(chunk.fromMs, untilMs) - reached);
    reached = Math.max(reached, Math.min(chunk.untilMs, untilMs));
  }
  return missing + Math.max(0, untilMs - reached);
}

/** Silence for a whole recording, in which `layInto` puts the chunks. */
export function emptyRecording(fromMs: Millis, untilMs: Millis): Buffer {
  return Buffer.alloc((untilMs - fromMs) * STEREO_BYTES_PER_MS, SILENCE);
}

/** Puts a chunk where it belongs in a recording that begins at `fromMs`. What lies outside is left out. */
export function layInto(recording: Buffer, fromMs: Millis, chunk: PlacedChunk, body: Buffer): void {
  const place = (chunk.fromMs - fromMs) * STEREO_BYTES_PER_MS;
  const from = Math.max(0, -place);
  if (from < body.length && place + from < recording.length) body.copy(recording, place + from, from);
}
