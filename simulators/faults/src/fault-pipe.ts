import type {Socket} from 'node:net';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Direction, Toxics} from './toxics.ts';

export interface PipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  readonly toxics: Toxics;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Ends the whole connection. */
  readonly end: (how: 'close' | 'reset') => void;
}

/** How much may wait in the pipe before its source is told to pause, in bytes. */
const HIGH_WATER = 1 << 20;

/** One direction of one connection: bytes go in, and come out as the toxics of the moment allow. */
export class FaultPipe {
  readonly #pipe: PipeOptions;
  #queue: {readonly bytes: Buffer | 'end'; readonly due: Millis}[] = [];
  #waiting = 0;
  #lastDue: Millis = 0;
  #passed = 0;
  #timer: Cancel = () => {};
  #deadlines: {readonly cause: object; readonly cancel: Cancel}[] = [];

  constructor(pipe: PipeOptions) {
    this.#pipe = pipe;
    pipe.from.on('data', (bytes: Buffer) => this.#take(bytes));
    pipe.from.on('end', () => this.#enqueue('end', pipe.toxics.find('slow_close', pipe.direction)?.delay ?? 0));
    pipe.to.on('drain', () => this.#flush());
    this.toxicsChanged();
  }

  /** Bytes that came out. */
  get passed(): number {
    return this.#passed;
  }

  toxicsChanged(): void {
    const {toxics, direction, clock, end} = this.#pipe;
    const reset = toxics.find('reset_peer', direction);
    const timeout = toxics.find('timeout', direction);
    const due = [
      ...(reset ? [{cause: reset, after: reset.after ?? 0, how: 'reset' as const}] : []),
      ...(timeout?.after === undefined ? [] : [{cause: timeout, after: timeout.after, how: 'close' as const}]),
    ];
    for (const {cause, cancel} of this.#deadlines) if (!due.some(other => other.cause === cause)) cancel();
    this.#deadlines = due.map(
      ({cause, after, how}) =>
        this.#deadlines.find(other => other.cause === cause) ?? {cause, cancel: clock.after(after, () => end(how))},
    );
    this.#flush();
  }

  stop(): void {
    this.#timer();
    for (const {cancel} of this.#deadlines) cancel();
    this.#queue = [];
  }

  #take(bytes: Buffer): void {
    const {toxics, direction, random} = this.#pipe;
    if (toxics.find('timeout', direction)) return;
    const slicer = toxics.find('slicer', direction);
    const bandwidth = toxics.find('bandwidth', direction);
    const latency = toxics.find('latency', direction);
    const jitter = (latency?.jitter ?? 0) * (2 * random() - 1);
    const size = slicer?.size ?? bytes.length;
    for (let start = 0; start < bytes.length; start += size) {
      const piece = bytes.subarray(start, start + size);
      const between = start > 0 ? (slicer?.delay ?? 0) : 0;
      const sending = bandwidth ? (piece.length / bandwidth.bytesPerSecond) * 1_000 : 0;
      this.#enqueue(piece, Math.max(0, (latency?.latency ?? 0) + jitter), between + sending);
    }
  }

  /** `delay` counts from now, `after` from the piece before. */
  #enqueue(bytes: Buffer | 'end', delay: Millis, after: Millis = 0): void {
    const now = this.#pipe.clock.now();
    this.#lastDue = Math.max(now + delay, Math.max(now, this.#lastDue) + after);
    this.#queue.push({bytes, due: this.#lastDue});
    this.#waiting += bytes.length;
    if (this.#waiting > HIGH_WATER) this.#pipe.from.pause();
    this.#flush();
  }

  /** Lets out everything that is due. */
  #flush(): void {
    const {to, from, toxics, direction, clock} = this.#pipe;
    this.#timer();
    if (toxics.find('half_open', direction) || toxics.find('timeout', direction)) return;
    for (;;) {
      const next = this.#queue[0];
      if (!next || to.destroyed || to.writableNeedDrain) break;
      if (next.due > clock.now()) {
        this.#timer = clock.after(next.due - clock.now(), () => this.#flush());
        break;
      }
      this.#queue.shift();
      this.#waiting -= next.bytes.length;
      if (next.bytes === 'end') to.end();
      else this.#write(next.bytes);
    }
    if (this.#waiting <= HIGH_WATER / 2 && from.isPaused()) from.resume();
  }

  #write(bytes: Buffer): void {
    const {to, toxics, direction, end} = this.#pipe;
    const limit = toxics.find('limit_data', direction)?.bytes ?? Infinity;
    const allowed = bytes.subarray(0, Math.max(0, limit - this.#passed));
    this.#passed += allowed.length;
    to.write(allowed);
    if (this.#passed >= limit) end('close');
  }
}
