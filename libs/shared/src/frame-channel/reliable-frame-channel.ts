import {mediaDown, mediaUp} from '../redis/keys.ts';
import {every, type Cancel, type Clock, type Millis} from '../time.ts';
import {
  decodePacket,
  downCodec,
  encodePacket,
  type FrameCodec,
  type Packet,
  PacketKind,
  upCodec,
} from './frame-codec.ts';
import type {ChannelCounts, Closed, FrameChannel, FrameChannels} from './frame-channel.ts';
import type {MediaBus, Outlet, Unsubscribe} from '../bus/media-bus.ts';
import {ReliableLink} from './reliable-link.ts';

/** How often every channel looks at the clock. */
const TICK_MS = 15;
/** How long closing waits for the other side to confirm. */
const FLUSH_MS = 1_000;

interface Wiring<Out, In, OnAudio> {
  readonly bus: MediaBus;
  readonly clock: Clock;
  readonly epoch: number;
  readonly outChannel: string;
  readonly out: FrameCodec<Out, unknown>;
  readonly in: FrameCodec<In, OnAudio>;
  /** Called once, when the channel has ended for good. */
  readonly gone: () => void;
}

/** A `FrameChannel` over a bus that loses messages. `ReliableLink` makes all decisions; this class moves the bytes. */
class ReliableFrameChannel<Out, In, OnAudio> implements FrameChannel<Out, In> {
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
  #waiting: Packet[] = [];
  #onFrame: ((frame: In, sentAt: Millis) => void) | undefined;
  #onAudio: OnAudio | undefined;
  #lastSeenAt: Millis | undefined;
  #malformed = 0;

  constructor(wiring: Wiring<Out, In, OnAudio>) {
    this.#wiring = wiring;
    this.#link = new ReliableLink(wiring.epoch);
    this.#outlet = wiring.bus.outlet(wiring.outChannel, (seq, receivers) =>
      this.#publish(this.#link.published(seq, receivers, wiring.clock.now())),
    );
  }

  send(frame: Out): void {
    if (this.#state !== 'open') return;
    this.#publish(this.#link.send(this.#wiring.out.encode(frame), this.#wiring.clock.now()));
  }

  sendAudio(timestamp: Millis, bytes: Buffer, from: number, to: number): void {
    if (this.#state !== 'open') return;
    const body = Buffer.from(bytes.subarray(from, to));
    this.#publish(this.#link.send({kind: PacketKind.audio, timestamp, body}, this.#wiring.clock.now()));
  }

  onAudio(listener: OnAudio): void {
    this.#onAudio = listener;
  }

  onFrame(listener: (frame: In, sentAt: Millis) => void): void {
    this.#onFrame = listener;
    for (const packet of this.#waiting.splice(0)) this.#hand(packet, listener);
  }

  counts(): ChannelCounts {
    const counts = this.#link.counts();
    return {...counts, lost: counts.lost + this.#malformed};
  }

  lastSeenAt(): Millis | undefined {
    return this.#lastSeenAt;
  }

  tick(): void {
    if (this.#state === 'closed') return;
    this.#publish(this.#link.tick(this.#wiring.clock.now()));
    this.#settleFlush();
  }

  arrive(bytes: Buffer): void {
    const packet = decodePacket(bytes);
    if (!packet || this.#state === 'closed') return;
    if (packet.epoch > this.#wiring.epoch) return this.#end({why: 'fenced', epoch: packet.epoch});
    const at = this.#wiring.clock.now();
    if (packet.epoch === this.#wiring.epoch) this.#seen(at);
    const {deliver, publish} = this.#link.receive(packet, at);
    this.#publish(publish);
    for (const each of deliver) this.#deliver(each);
    this.#settleFlush();
  }

  #seen(at: Millis): void {
    if (this.#lastSeenAt === undefined) this.#met.resolve();
    this.#lastSeenAt = at;
  }

  #deliver(packet: Packet): void {
    if (packet.kind === PacketKind.bye) {
      // The other side must learn that its close packet arrived, or it waits in vain.
      this.#publish(this.#link.confirm(this.#wiring.clock.now()));
      return this.#end({why: 'closedThere'});
    }
    if (this.#onFrame) this.#hand(packet, this.#onFrame);
    else this.#waiting.push({...packet, body: Buffer.from(packet.body)});
  }

  #hand(packet: Packet, listener: (frame: In, sentAt: Millis) => void): void {
    const codec = this.#wiring.in;
    if (packet.kind === PacketKind.audio && this.#onAudio) return codec.hear(packet, this.#onAudio);
    const frame = codec.decode(packet);
    if (frame) listener(frame, packet.sentAt / 10);
    else this.#malformed += 1;
  }

  #publish(packets: readonly Packet[]): void {
    for (const packet of packets) {
      this.#outlet.send(encodePacket(packet), packet.seq, packet.kind === PacketKind.audio ? 'soon' : 'now');
    }
  }

  #end(closed: Closed): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closed.resolve(closed);
    this.#flushed.resolve();
    this.#wiring.gone();
  }

  #settleFlush(): void {
    if (this.#state === 'closing' && this.#link.counts().unconfirmed === 0) this.#flushed.resolve();
  }

  drop(): void {
    this.#end({why: 'closedHere'});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      const {clock} = this.#wiring;
      this.#publish(this.#link.bye(clock.now()));
      const cancel = clock.after(FLUSH_MS, () => this.#flushed.resolve());
      await this.#flushed.promise;
      cancel();
      this.#end({why: 'closedHere'});
    }
    await this.closed;
  }
}

/** Frame channels over any bus. One ticker serves every channel of the process. */
export function reliableFrameChannels(bus: MediaBus, clock: Clock): FrameChannels & Disposable {
  const open = new Set<{tick(): void}>();
  const stopTicking: Cancel = every(clock, TICK_MS, () => {
    for (const channel of open) channel.tick();
  });

  const end = async <Out, In, OnAudio>(
    epoch: number,
    outChannel: string,
    inChannel: string,
    codecs: {readonly out: FrameCodec<Out, unknown>; readonly in: FrameCodec<In, OnAudio>},
  ): Promise<ReliableFrameChannel<Out, In, OnAudio>> => {
    let unsubscribe: Unsubscribe | undefined;
    let isGone = false;
    const letGo = () => unsubscribe?.().catch(() => {}); // a bus that is down has dropped its subscribers already
    const gone = () => {
      isGone = true;
      open.delete(channel);
      void letGo();
    };
    const channel: ReliableFrameChannel<Out, In, OnAudio> = new ReliableFrameChannel({
      bus,
      clock,
      epoch,
      outChannel,
      ...codecs,
      gone,
    });
    unsubscribe = await bus.subscribe(inChannel, message => channel.arrive(message));
    // A frame of a newer epoch may have ended it before Redis confirmed the subscription.
    if (isGone) void letGo();
    else open.add(channel);
    return channel;
  };

  return {
    edgeEnd: (sid, epoch) => end(epoch, mediaUp(sid), mediaDown(sid), {out: upCodec, in: downCodec}),
    workerEnd: (sid, epoch) => end(epoch, mediaDown(sid), mediaUp(sid), {out: downCodec, in: upCodec}),
    [Symbol.dispose]: stopTicking,
  };
}
