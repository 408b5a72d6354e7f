import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {RecordedCall, Recording, Way} from './recording.ts';
import {type StereoPiece, TwoSides} from './two-sides.ts';

/** A worker that is killed loses no more than this of its recordings, and what settles. */
const CHUNK_MS: Millis = 10_000;
/** A clear, and frames that come late, change only what is younger than this. */
const SETTLES_AFTER_MS: Millis = 1_500;

/** The next owner's estimate of how long the phone plays on may be off by less. */
const TAIL_MS: Millis = 1_000;
/** Pieces that come later than this after their call find nobody who joins them, and nobody who removes them. */
const WAITED_FOR_MS: Millis = 30_000;

/** Keeps a recording as chunks of ten seconds, each handed to `send` when nothing can change in it any more. */
export class StoredRecording implements Recording {
  readonly #call: RecordedCall;
  readonly #send: (key: string, body: Buffer) => void;
  readonly #sides: TwoSides;

  constructor(call: RecordedCall, send: (key: string, body: Buffer) => void) {
    this.#call = call;
    this.#send = send;
    this.#sides = new TwoSides(call.fromMs, call.inheritedMs);
  }

  callerFrame(streamMs: Millis, text: Buffer, from: number, to: number, atMs: Millis): void {
    this.#sides.callerFrame(streamMs, text, from, to, atMs);
  }

  assistantAudio(payload: string, atMs: Millis): void {
    this.#sides.assistantAudio(payload, atMs);
  }

  cleared(atMs: Millis): void {
    this.#sides.cleared(atMs);
  }

  late(sinceMs: Millis | undefined, leftMs: Millis): void {
    this.#sides.late(sinceMs, leftMs);
  }

  streamLost(): void {
    this.#sides.streamLost();
  }

  way(way: Way): void {
    this.#sides.way(way);
  }

  pause(atMs: Millis): void {
    this.#sides.pause(atMs);
  }

  goOn(atMs: Millis): void {
    this.#sides.goOn(atMs);
  }

  missedSince(sinceMs: Millis): void {
    this.#sides.missedSince(sinceMs);
  }

  review(atMs: Millis): void {
    if (atMs - this.#sides.fromMs >= CHUNK_MS + SETTLES_AFTER_MS) this.#write(this.#sides.fromMs + CHUNK_MS);
  }

  ended(atMs: Millis): void {
    this.#sides.cleared(atMs);
    this.#writeAll(atMs);
  }

  left(knownUntilMs: Millis, atMs: Millis, goesOn: boolean): void {
    if (!goesOn && atMs - knownUntilMs > WAITED_FOR_MS) return;
    this.#writeAll(knownUntilMs);
    const piece = this.#sides.takeAssistant(Math.max(this.#sides.playsUntilMs, knownUntilMs) + TAIL_MS);
    if (piece) this.#sendPiece(piece);
  }

  #writeAll(untilMs: Millis): void {
    while (this.#sides.fromMs + CHUNK_MS < untilMs) this.#write(this.#sides.fromMs + CHUNK_MS);
    this.#write(untilMs);
  }

  #write(untilMs: Millis): void {
    for (const piece of this.#sides.take(untilMs)) this.#sendPiece(piece);
  }

  #sendPiece({fromMs, sides, audio}: StereoPiece): void {
    const {callSid, epoch} = this.#call;
    this.#send(chunkKey(callSid, fromMs, epoch, sides), audio);
  }
}
