import type {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import type {StreamSid} from '../protocol/ids.ts';
import type {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import type {ChannelCounts, Closed, FrameChannel, FrameChannels} from './frame-channel.ts';

/**
 * One end in memory. Frames wait until the other end is opened; they are delivered in the same turn of the event loop.
 */
class MemoryEnd<Out, In> implements FrameChannel<Out, In> {
  peer: MemoryEnd<In, Out> | undefined;
  readonly #closed = Promise.withResolvers<Closed>();
  readonly closed = this.#closed.promise;
  readonly #met = Promise.withResolvers<void>();
  readonly met = this.#met.promise;
  #open = true;
  #waiting: In[] = [];
  #listener: ((frame: In) => void) | undefined;
  #sent = 0;
  #received = 0;

  send(frame: Out): void {
    if (!this.#open) return;
    this.#sent += 1;
    this.peer?.arrive(frame);
  }

  arrive(frame: In): void {
    if (!this.#open) return;
    this.#received += 1;
    this.#met.resolve();
    if (this.#listener) this.#listener(frame);
    else this.#waiting.push(frame);
  }

  onFrame(listener: (frame: In) => void): void {
    this.#listener = listener;
    for (const frame of this.#waiting.splice(0)) listener(frame);
  }

  counts(): ChannelCounts {
    const never = {duplicates: 0, resent: 0, lost: 0, stale: 0, unconfirmed: 0, hopMs: 0};
    return {sent: this.#sent, received: this.#received, ...never};
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

interface Pair {
  edge: MemoryEnd<EdgeToWorker, WorkerToEdge>;
  worker: MemoryEnd<WorkerToEdge, EdgeToWorker>;
}

/** The reference: every other implementation must look the same from outside. */
export function memoryFrameChannels(): FrameChannels {
  const pairs = new Map<string, Pair>();
  const pair = (streamSid: StreamSid, epoch: number) => {
    const name = `${streamSid}:${epoch}`;
    const known = pairs.get(name);
    if (known) return known;
    const fresh: Pair = {edge: new MemoryEnd(), worker: new MemoryEnd()};
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
    edgeEnd: async (streamSid, epoch) => pair(streamSid, epoch).edge,
    workerEnd: async (streamSid, epoch) => pair(streamSid, epoch).worker,
  };
}
