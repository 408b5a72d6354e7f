import {mediaDown, mediaUp} from '../redis/keys.ts';
import {everyWhile} from '../ticker.ts';
import type {Clock, Millis} from '../time.ts';
import {downCodec, type FrameCodec, upCodec} from './frame-codec.ts';
import type {
  ChannelCounts,
  Closed,
  EdgeEndOptions,
  FrameChannel,
  FrameChannels,
  OnUndelivered,
} from './frame-channel.ts';
import {Header, HEADER_BYTES, isPacket, PacketKind, scratch} from './packet.ts';
import type {MediaBus, Outlet, Unsubscribe} from '../bus/media-bus.ts';
import {type LinkOut, ReliableLink} from './reliable-link.ts';

/** How often every channel looks at the clock. */
const TICK_MS = 25;
/** How long closing waits for the other side to confirm. */
const FLUSH_MS = 1_000;

/** Of the messages to one worker, or of one worker to all edges, one is counted this often. */
const COUNT_EVERY: Millis = 20;

/** Says which messages are counted: Redis tells of each how many got it, and each time that wakes this process. */
class CountPace {
  #countedAt: Millis = Number.NEGATIVE_INFINITY;

  isDue(at: Millis): boolean {
    if (at - this.#countedAt < COUNT_EVERY) return false;
    this.#countedAt = at;
    return true;
  }
}

interface Wiring<Out, In, OnAudio> {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly epoch: number;
  readonly pace: CountPace;
  readonly outChannel: string;
  readonly out: FrameCodec<Out, unknown>;
  readonly in: FrameCodec<In, OnAudio>;
  readonly options?: EdgeEndOptions | undefined;
  /** Called once, when the channel has ended for good. */
  readonly gone: () => void;
}

/** A `FrameChannel` over a bus that loses messages. `ReliableLink` makes all decisions; this class moves the bytes. */
class ReliableFrameChannel<Out extends {readonly kind: string}, In, OnAudio> implements FrameChannel<Out, In> {
  readonly #wiring: Wiring<Out, In, OnAudio>;
  readonly #link: ReliableLink;
  readonly #outlet: Outlet;
  readonly #closed = Promise.withResolvers<Closed>();
  readonly closed = this.#closed.promise;
  readonly #met = Promise.withResolvers<void>();
  readonly met = this.#met.promise;
  readonly #flushed = Promise.withResolvers<void>();
  #state: 'open' | 'closing' | 'closed' = 'open';
  /** What came before there was a listener. */
  #waiting: Buffer[] = [];
  #onFrame: ((frame: In, sentAt: Millis) => void) | undefined;
  #onAudio: OnAudio | undefined;
  #onUndelivered: OnUndelivered = () => {};
  #lastSeenAt: Millis | undefined;
  #malformed = 0;

  constructor(wiring: Wiring<Out, In, OnAudio>) {
    this.#wiring = wiring;
    const {bus, clock, epoch, pace, outChannel, options} = wiring;
    this.#outlet = bus.outlet(outChannel, (seq, receivers) => {
      if (receivers === 0 && this.#state !== 'closed') options?.undelivered?.();
      this.#link.published(seq, receivers, clock.now());
    });
    const out: LinkOut = {
      publish: (packet, seq, urgency, isCounted) =>
        this.#outlet.send(packet, seq, urgency, isCounted || pace.isDue(clock.now())),
      deliver: packet => this.#deliver(packet),
      undelivered: (since, leftAt, gaveUp) => this.#onUndelivered(since, leftAt, gaveUp),
    };
    this.#link = new ReliableLink(epoch, out, options?.audio);
  }

  get worker(): string | undefined {
    return this.#wiring.options?.worker;
  }

  get pace(): CountPace {
    return this.#wiring.pace;
  }

  send(frame: Out): void {
    if (this.#state !== 'open') return;
    const {out, clock} = this.#wiring;
    const end = HEADER_BYTES + out.encode(frame);
    const kind = frame.kind === 'audio' ? PacketKind.audio : PacketKind.frame;
    this.#link.send(kind, out.timestampOf(frame), scratch.packet(end - HEADER_BYTES), HEADER_BYTES, end, clock.now());
  }

  sendAudio(timestamp: Millis, bytes: Buffer, from: number, to: number): void {
    if (this.#state === 'open') this.#link.send(PacketKind.audio, timestamp, bytes, from, to, this.#wiring.clock.now());
  }

  sendKept(timestamp: Millis, position: number, length: number): void {
    if (this.#state === 'open') this.#link.sendKept(timestamp, position, length, this.#wiring.clock.now());
  }

  get oldestAudio(): number {
    return this.#link.oldestAudio;
  }

  onAudio(listener: OnAudio): void {
    this.#onAudio = listener;
  }

  onUndelivered(listener: OnUndelivered): void {
    this.#onUndelivered = listener;
  }

  onFrame(listener: (frame: In, sentAt: Millis) => void): void {
    this.#onFrame = listener;
    for (const packet of this.#waiting.splice(0)) this.#hand(packet, listener);
  }

  counts(): ChannelCounts {
    const counts = this.#link.counts();
    return {...counts, lost: counts.lost + this.#malformed, refused: counts.refused + this.#malformed};
  }

  lastSeenAt(): Millis | undefined {
    return this.#lastSeenAt;
  }

  tick(): void {
    if (this.#state === 'closed') return;
    this.#link.tick(this.#wiring.clock.now());
    this.#settleFlush();
  }

  arrive(packet: Buffer): void {
    if (!isPacket(packet) || this.#state === 'closed') return;
    const epoch = Header.epoch(packet);
    if (epoch > this.#wiring.epoch) {
      const {newerOwner} = this.#wiring.options ?? {};
      return newerOwner ? newerOwner() : this.#end({why: 'fenced', epoch});
    }
    const at = this.#wiring.clock.now();
    if (epoch === this.#wiring.epoch) this.#seen(at);
    this.#link.receive(packet, at);
    this.#settleFlush();
  }

  #seen(at: Millis): void {
    if (this.#lastSeenAt === undefined) this.#met.resolve();
    this.#lastSeenAt = at;
  }

  #deliver(packet: Buffer): void {
    if (Header.kind(packet) === PacketKind.bye) {
      // The other side must learn that its close packet arrived, or it waits in vain.
      this.#link.confirm(this.#wiring.clock.now());
      return this.#end({why: 'closedThere'});
    }
    if (this.#onFrame) this.#hand(packet, this.#onFrame);
    else this.#waiting.push(Buffer.from(packet));
  }

  #hand(packet: Buffer, listener: (frame: In, sentAt: Millis) => void): void {
    const codec = this.#wiring.in;
    if (Header.kind(packet) === PacketKind.audio && this.#onAudio) {
      if (!codec.hear(packet, this.#onAudio)) this.#malformed += 1;
      return;
    }
    const frame = codec.decode(packet);
    if (frame) listener(frame, Header.sentAt(packet) / 10);
    else this.#malformed += 1;
  }

  #end(closed: Closed): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closed.resolve(closed);
    this.#flushed.resolve();
    this.#wiring.gone();
  }

  #settleFlush(): void {
    if (this.#state === 'closing' && this.#link.unconfirmed === 0) this.#flushed.resolve();
  }

  drop(): void {
    this.#end({why: 'closedHere'});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      const {clock} = this.#wiring;
      this.#link.bye(clock.now());
      const cancel = clock.after(FLUSH_MS, () => this.#flushed.resolve());
      await this.#flushed.promise;
      cancel();
      this.#end({why: 'closedHere'});
    }
    await this.closed;
  }
}

/** Frame channels over any bus. One ticker serves every channel of the process, while there are any. */
export function reliableFrameChannels(bus: MediaBus, clock: Clock): FrameChannels & Disposable {
  const open = new Set<{tick(): void; readonly worker: string | undefined; readonly pace: CountPace}>();
  /** All channels to one worker have one pace, and so have all channels of a worker. */
  const paceOf = (worker: string | undefined) =>
    [...open].find(channel => channel.worker === worker)?.pace ?? new CountPace();
  const ticking = everyWhile(clock, TICK_MS, () => {
    for (const channel of open) channel.tick();
  });

  const end = async <Out extends {readonly kind: string}, In, OnAudio>(
    outChannel: string,
    inChannel: string,
    wiring: Pick<Wiring<Out, In, OnAudio>, 'epoch' | 'out' | 'in' | 'options'>,
  ): Promise<ReliableFrameChannel<Out, In, OnAudio>> => {
    let unsubscribe: Unsubscribe | undefined;
    let isGone = false;
    const letGo = () => unsubscribe?.().catch(() => {}); // a bus that is down has dropped its subscribers already
    const gone = () => {
      isGone = true;
      open.delete(channel);
      ticking(open.size > 0);
      void letGo();
    };
    const pace = paceOf(wiring.options?.worker);
    const channel = new ReliableFrameChannel<Out, In, OnAudio>({...wiring, bus, clock, pace, outChannel, gone});
    unsubscribe = await bus.subscribe(inChannel, message => channel.arrive(message));
    // A frame of a newer epoch may have ended it before Redis confirmed the subscription.
    if (isGone) void letGo();
    else {
      open.add(channel);
      ticking(true);
    }
    return channel;
  };

  return {
    edgeEnd: (sid, epoch, options) => end(mediaUp(sid), mediaDown(sid), {epoch, options, out: upCodec, in: downCodec}),
    workerEnd: (sid, epoch, options) =>
      end(mediaDown(sid), mediaUp(sid), {epoch, options, out: downCodec, in: upCodec}),
    expectStream: sid => {
      // A Redis that refuses tells `workerEnd`, too.
      const subscribed = bus.subscribe(mediaUp(sid), () => {}).catch(() => undefined);
      return () => void subscribed.then(unsubscribe => unsubscribe?.()).catch(() => {});
    },
    [Symbol.dispose]: () => ticking(false),
  };
}
