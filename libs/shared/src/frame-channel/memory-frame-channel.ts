import type {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import type {StreamSid} from '../protocol/ids.ts';
import type {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import {ByteRing} from './byte-ring.ts';
import type {
  ChannelCounts,
  Closed,
  EdgeChannel,
  FrameChannel,
  FrameChannels,
  OnAssistantAudio,
  OnCallerAudio,
  WorkerChannel,
} from './frame-channel.ts';

/**
 * One end in memory. Frames wait until the other end is opened; they are delivered in the same turn of the event loop.
 */
abstract class MemoryEnd<Out, In, OnAudio> implements FrameChannel<Out, In> {
  peer: {arrive(frame: Out): void; close(closed: Closed): void} | undefined;
  readonly #closed = Promise.withResolvers<Closed>();
  readonly closed = this.#closed.promise;
  readonly #met = Promise.withResolvers<void>();
  readonly met = this.#met.promise;
  #open = true;
  #waiting: In[] = [];
  #onFrame: ((frame: In) => void) | undefined;
  #onAudio: OnAudio | undefined;
  #sent = 0;
  #received = 0;

  /** Gives a frame to the listener of audio. False if it is none. */
  protected abstract hear(frame: In, listener: OnAudio): boolean;

  send(frame: Out): void {
    if (!this.#open) return;
    this.#sent += 1;
    this.peer?.arrive(frame);
  }

  arrive(frame: In): void {
    if (!this.#open) return;
    this.#received += 1;
    this.#met.resolve();
    if (this.#onFrame) this.#hand(frame, this.#onFrame);
    else this.#waiting.push(frame);
  }

  onAudio(listener: OnAudio): void {
    this.#onAudio = listener;
  }

  onFrame(listener: (frame: In) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#waiting.splice(0)) this.#hand(frame, listener);
  }

  #hand(frame: In, listener: (frame: In) => void): void {
    if (!this.#onAudio || !this.hear(frame, this.#onAudio)) listener(frame);
  }

  counts(): ChannelCounts {
    const never = {duplicates: 0, resent: 0, lost: 0, stale: 0, refused: 0, unconfirmed: 0, hopMs: 0};
    return {sent: this.#sent, confirmed: this.#sent, received: this.#received, ...never};
  }

  lastSeenAt(): undefined {
    return undefined;
  }

  close(closed: Closed): void {
    this.#open = false;
    this.#closed.resolve(closed);
  }

  drop(): void {
    this.close({why: 'closedHere'});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close({why: 'closedHere'});
    this.peer?.close({why: 'closedThere'});
  }
}

class MemoryEdgeEnd extends MemoryEnd<EdgeToWorker, WorkerToEdge, OnAssistantAudio> implements EdgeChannel {
  ring = new ByteRing();

  get oldestAudio(): number {
    return this.ring.end;
  }

  sendKept(timestamp: number, position: number, length: number): void {
    const bytes = Buffer.alloc(length);
    this.ring.copy(position, length, bytes, 0);
    this.sendAudio(timestamp, bytes, 0, length);
  }

  sendAudio(timestamp: number, bytes: Buffer, from: number, to: number): void {
    this.send({kind: 'audio', timestamp, payload: bytes.toString('latin1', from, to)});
  }

  protected hear(frame: WorkerToEdge, listener: OnAssistantAudio): boolean {
    if (frame.kind !== 'audio') return false;
    listener(frame.mark, Buffer.from(frame.payload, 'latin1'), 0, frame.payload.length);
    return true;
  }
}

class MemoryWorkerEnd extends MemoryEnd<WorkerToEdge, EdgeToWorker, OnCallerAudio> implements WorkerChannel {
  /** Everything arrives. */
  onUndelivered(): void {}

  protected hear(frame: EdgeToWorker, listener: OnCallerAudio): boolean {
    if (frame.kind !== 'audio') return false;
    listener(frame.timestamp, Buffer.from(frame.payload, 'latin1'), 0, frame.payload.length);
    return true;
  }
}

interface Pair {
  readonly edge: MemoryEdgeEnd;
  readonly worker: MemoryWorkerEnd;
}

/** The reference: every other implementation must look the same from outside. */
export function memoryFrameChannels(): FrameChannels {
  const pairs = new Map<string, Pair>();
  const pair = (streamSid: StreamSid, epoch: number) => {
    const name = `${streamSid}:${epoch}`;
    const known = pairs.get(name);
    if (known) return known;
    const fresh: Pair = {edge: new MemoryEdgeEnd(), worker: new MemoryWorkerEnd()};
    fresh.edge.peer = fresh.worker;
    fresh.worker.peer = fresh.edge;
    for (const [other, old] of pairs) {
      const [stream, number] = other.split(':');
      if (stream !== streamSid || Number(number) >= epoch) continue;
      old.edge.close({why: 'fenced', epoch});
      old.worker.close({why: 'fenced', epoch});
    }
    pairs.set(name, fresh);
    return fresh;
  };
  return {
    edgeEnd: async (streamSid, epoch, options) => {
      const {edge} = pair(streamSid, epoch);
      if (options?.audio) edge.ring = options.audio;
      return edge;
    },
    workerEnd: async (streamSid, epoch) => pair(streamSid, epoch).worker,
    expectStream: () => () => {},
  };
}
