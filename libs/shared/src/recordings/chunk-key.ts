import {CallSid} from '../protocol/ids.ts';
import type {Millis} from '../time.ts';

/**
 * A piece of a recording, as its worker stores it: stereo μ-law at 8 kHz, the caller left, the assistant right, one byte
 * each in turn. Its key says where in the call it is, and which owner of the call wrote it.
 *
 *   CA0123…/000030000-0000000002.ulaw           from 30 s on, by the owner of epoch 2
 *   CA0123…/000030000-0000000002-caller.ulaw    this owner knows only what the caller said; the other side is silence
 */
export interface Chunk {
  readonly key: string;
  readonly callSid: CallSid;
  /** Its place: milliseconds since the call began. */
  readonly fromMs: Millis;
  /** The epoch of the owner. Where two owners wrote the same moment, the later one is right. */
  readonly epoch: number;
  readonly sides: Sides;
}

/** The sides of a call that a piece of a recording holds. Undefined: both. */
export type Sides = 'caller' | 'assistant' | undefined;

/** Bytes in one millisecond of a stereo recording. */
export const STEREO_BYTES_PER_MS = 16;

const KEY = /^([A-Za-z0-9_-]{1,64})\/(\d{9})-(\d{10})(?:-(caller|assistant))?\.ulaw$/;

export function chunkKey(callSid: CallSid, fromMs: Millis, epoch: number, sides?: Sides): string {
  const place = `${String(fromMs).padStart(9, '0')}-${String(epoch).padStart(10, '0')}`;
  return `${callSid}/${place}${sides === undefined ? '' : `-${sides}`}.ulaw`;
}

/** The chunk that is stored under this key; undefined if it is something else. */
export function readChunkKey(key: string): Chunk | undefined {
  const [, sid, fromMs, epoch, only] = KEY.exec(key) ?? [];
  if (sid === undefined) return undefined;
  const sides = only === 'caller' || only === 'assistant' ? only : undefined;
  return {key, callSid: CallSid.parse(sid), fromMs: Number(fromMs), epoch: Number(epoch), sides};
}

/** The finished recording of a call: a WAV file. */
export function recordingKey(callSid: CallSid): string {
  return `${callSid}.wav`;
}

/** How loud the call is, for drawing it. */
export function peaksKey(callSid: CallSid): string {
  return `${callSid}.peaks`;
}

/** Every object of a call, finished or not, begins with this. */
export function objectsOf(callSid: CallSid): readonly [chunks: string, finished: string] {
  return [`${callSid}/`, `${callSid}.`];
}
