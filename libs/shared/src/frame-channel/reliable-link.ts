import {type EncodedFrame, type Packet, PacketKind} from './frame-codec.ts';
import type {ChannelCounts} from './frame-channel.ts';
import type {Millis} from '../time.ts';

/** How long unconfirmed audio is kept: twice the Redis outage that a call must survive without loss. */
export const KEEP_MS = 10_000;
/** While the other side has no subscription, the oldest frame is sent again this often, to probe for it. */
const PROBE_MS = 20;
/** A side that only receives confirms this often. */
const ACK_MS = 80;
/** A gap is requested again after this long. */
const ASK_AGAIN_MS = 40;
/** Without a confirmation for this long, the last frames were lost and no later frame shows the gap. */
const TAIL_LOST_MS = 200;
/** The most gaps in one request. */
const MOST_HOLES = 64;
/** A frame that was resent within this time is not resent for another request: the two have crossed. */
const RESENT_LATELY_MS = 30;

interface Sent {
  readonly seq: number;
  /** How many numbers it stands for: 1, or more for dropped audio. */
  span: number;
  frame: EncodedFrame;
  readonly firstAt: Millis;
  lastAt: Millis;
  /** Whether the last publish found a receiver; undefined until Redis has said so. */
  handed: boolean | undefined;
}

const NO_BODY = Buffer.alloc(0);
const BYE: EncodedFrame = {kind: PacketKind.bye, timestamp: 0, body: NO_BODY};

/**
 * Turns a network that loses, duplicates, delays and reorders messages into one that does not, for one stream in one
 * epoch. Pure: packets and times are parameters; packets to publish and frames to deliver are results.
 *
 *   numbered frames ─────────────> kept until confirmed; probes while the other side has no subscription
 *   <───────── ack (in every header), resend from..to (a gap), a probe is answered at once
 *
 * Only audio is dropped, after `KEEP_MS`. A `gone` packet replaces it, so that the other side knows exactly how much is
 * missing.
 */
export class ReliableLink {
  readonly #epoch: number;
  // sending
  #lastSeq = 0;
  #unconfirmed: Sent[] = [];
  #reachable = true;
  #met = false;
  #probeAt: Millis = 0;
  #progressAt: Millis = 0;
  // receiving
  #next = 1;
  #early = new Map<number, Packet>();
  #askAt: Millis = 0;
  #ackOwed = false;
  #ackAt: Millis = 0;
  #newest: {sentAt: number; at: Millis} | undefined;
  #counts = {sent: 0, received: 0, duplicates: 0, resent: 0, lost: 0, stale: 0};
  #hopMs: Millis | undefined;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** A frame for the other side. Returns what to publish now, which may be nothing. */
  send(frame: EncodedFrame, at: Millis): Packet[] {
    this.#lastSeq += 1;
    const sent: Sent = {seq: this.#lastSeq, span: 1, frame, firstAt: at, lastAt: at, handed: undefined};
    if (this.#unconfirmed.length === 0) this.#progressAt = at;
    this.#unconfirmed.push(sent);
    this.#counts.sent += 1;
    if (this.#reachable) return [this.#packet(sent, at)];
    return this.#probe(at);
  }

  bye(at: Millis): Packet[] {
    return this.send(BYE, at);
  }

  /** The result of one publish: the number of receivers, or 0 if it failed. */
  published(seq: number, receivers: number, at: Millis): Packet[] {
    const sent = this.#unconfirmed.find(each => each.seq === seq);
    if (sent) sent.handed = receivers > 0;
    if (receivers === 0) {
      if (this.#reachable) this.#probeAt = at + PROBE_MS;
      this.#reachable = false;
      return [];
    }
    return this.#reachable ? [] : this.#reached(at);
  }

  /** A packet arrived. `deliver` are frames in order, each exactly once; `bye` among them ends the channel. */
  receive(packet: Packet, at: Millis): {deliver: Packet[]; publish: Packet[]} {
    if (packet.epoch !== this.#epoch) {
      this.#counts.stale += 1;
      return {deliver: [], publish: []};
    }
    const publish = this.#confirmed(packet, at);
    if (packet.kind === PacketKind.ack) return {deliver: [], publish};
    if (packet.kind === PacketKind.resend) {
      for (let offset = 0; offset + 8 <= packet.body.length; offset += 8) {
        publish.push(...this.#sendAgain(packet.body.readUInt32BE(offset), packet.body.readUInt32BE(offset + 4), at));
      }
      return {deliver: [], publish};
    }
    const last = packet.seq + spanOf(packet) - 1;
    if (last < this.#next || this.#early.has(packet.seq)) {
      // A probe with a frame that has arrived: the other side does not know that yet.
      this.#counts.duplicates += 1;
      publish.push(this.#ack(at));
      return {deliver: [], publish};
    }
    this.#early.set(packet.seq, packet);
    const deliver = this.#inOrder();
    this.#ackOwed = true;
    if (this.#early.size > 0) publish.push(...this.#askForGap(at));
    return {deliver, publish};
  }

  /** Confirms at once everything that has arrived. */
  confirm(at: Millis): Packet[] {
    return [this.#ack(at)];
  }

  /** Call it every 10 to 30 ms. */
  tick(at: Millis): Packet[] {
    this.#giveUp(at);
    const publish: Packet[] = [];
    if (this.#unconfirmed.length > 0) {
      if (!this.#reachable) publish.push(...this.#probe(at));
      else if (at - this.#progressAt >= TAIL_LOST_MS + 2 * (this.#hopMs ?? 0)) {
        this.#progressAt = at;
        const oldest = this.#unconfirmed[0];
        if (oldest) publish.push(this.#again(oldest, at));
      }
    }
    if (this.#early.size > 0 && at >= this.#askAt) publish.push(...this.#askForGap(at));
    if (this.#ackOwed && publish.length === 0 && at - this.#ackAt >= ACK_MS) publish.push(this.#ack(at));
    return publish;
  }

  counts(): ChannelCounts {
    return {...this.#counts, unconfirmed: this.#unconfirmed.length, hopMs: this.#hopMs};
  }

  #confirmed(packet: Packet, at: Millis): Packet[] {
    if (packet.echo !== 0) {
      const roundTrip = (tenths(at) - packet.echo - packet.held) / 10;
      if (roundTrip >= 0 && roundTrip < 60_000) this.#hopMs = roundTrip / 2;
    }
    this.#newest = {sentAt: packet.sentAt, at};
    let confirmed = 0;
    for (const sent of this.#unconfirmed) {
      if (sent.seq + sent.span - 1 > packet.ack) break;
      confirmed += 1;
    }
    if (confirmed > 0) {
      this.#unconfirmed.splice(0, confirmed);
      this.#progressAt = at;
    }
    if (!this.#met) {
      // What was sent before the other side subscribed had no receiver, or went to the owner of another epoch.
      this.#met = true;
      for (const sent of this.#unconfirmed) sent.handed = false;
      return this.#reached(at);
    }
    return this.#reachable ? [] : this.#reached(at);
  }

  #reached(at: Millis): Packet[] {
    this.#reachable = true;
    this.#progressAt = at;
    return this.#unconfirmed.filter(sent => sent.handed === false).map(sent => this.#again(sent, at));
  }

  #probe(at: Millis): Packet[] {
    const oldest = this.#unconfirmed[0];
    if (!oldest || at < this.#probeAt) return [];
    this.#probeAt = at + PROBE_MS;
    return [this.#again(oldest, at)];
  }

  #sendAgain(from: number, to: number, at: Millis): Packet[] {
    return this.#unconfirmed
      .filter(sent => sent.seq <= to && sent.seq + sent.span > from && at - sent.lastAt >= RESENT_LATELY_MS)
      .map(sent => this.#again(sent, at));
  }

  #again(sent: Sent, at: Millis): Packet {
    sent.lastAt = at;
    sent.handed = undefined;
    this.#counts.resent += 1;
    return this.#packet(sent, at);
  }

  /** Replaces old audio by notes of how much is gone, and joins neighbouring notes. Control frames stay. */
  #giveUp(at: Millis): void {
    const oldest = this.#unconfirmed[0];
    if (!oldest || at - oldest.firstAt < KEEP_MS) return;
    const kept: Sent[] = [];
    for (const sent of this.#unconfirmed) {
      if (at - sent.firstAt >= KEEP_MS && sent.frame.kind === PacketKind.audio) {
        sent.frame = {kind: PacketKind.gone, timestamp: 0, body: NO_BODY};
      }
      const before = kept.at(-1);
      if (before && before.frame.kind === PacketKind.gone && sent.frame.kind === PacketKind.gone) {
        before.span += sent.span;
      } else kept.push(sent);
    }
    for (const sent of kept) {
      if (sent.frame.kind !== PacketKind.gone) continue;
      const body = Buffer.alloc(4);
      body.writeUInt32BE(sent.span);
      sent.frame = {...sent.frame, body};
    }
    this.#unconfirmed = kept;
  }

  #inOrder(): Packet[] {
    const deliver: Packet[] = [];
    for (;;) {
      const packet = this.#early.get(this.#next) ?? this.#goneAt(this.#next);
      if (!packet) break;
      this.#early.delete(packet.seq);
      if (packet.kind === PacketKind.gone) {
        const end = packet.seq + spanOf(packet);
        // Something in the range may have arrived after all.
        while (this.#next < end) {
          const arrived = this.#early.get(this.#next);
          this.#early.delete(this.#next);
          if (arrived && arrived.kind !== PacketKind.gone) {
            deliver.push(arrived);
            this.#counts.received += 1;
          } else this.#counts.lost += 1;
          this.#next += 1;
        }
      } else {
        deliver.push(packet);
        this.#counts.received += 1;
        this.#next += 1;
      }
    }
    return deliver;
  }

  /** A note whose range covers `seq` but begins before it: part of the range had arrived. */
  #goneAt(seq: number): Packet | undefined {
    for (const packet of this.#early.values()) {
      if (packet.kind === PacketKind.gone && packet.seq < seq && packet.seq + spanOf(packet) > seq) return packet;
    }
    return undefined;
  }

  /** Requests all gaps at once: after an outage there are many, and one at a time would take seconds. */
  #askForGap(at: Millis): Packet[] {
    if (at < this.#askAt) return [];
    this.#askAt = at + ASK_AGAIN_MS;
    const holes: number[] = [];
    let from = this.#next;
    for (const seq of [...this.#early.keys()].toSorted((a, b) => a - b)) {
      if (seq > from) holes.push(from, seq - 1);
      from = Math.max(from, seq + spanOf(this.#early.get(seq)));
      if (holes.length >= MOST_HOLES * 2) break;
    }
    const body = Buffer.alloc(holes.length * 4);
    holes.forEach((seq, index) => body.writeUInt32BE(seq, index * 4));
    return [this.#header(PacketKind.resend, 0, 0, body, at)];
  }

  #ack(at: Millis): Packet {
    return this.#header(PacketKind.ack, 0, 0, NO_BODY, at);
  }

  #packet({seq, frame}: Sent, at: Millis): Packet {
    return this.#header(frame.kind, seq, frame.timestamp, frame.body, at);
  }

  #header(kind: number, seq: number, timestamp: number, body: Buffer, at: Millis): Packet {
    this.#ackOwed = false;
    this.#ackAt = at;
    const newest = this.#newest;
    return {
      kind,
      epoch: this.#epoch,
      seq,
      ack: this.#next - 1,
      sentAt: tenths(at),
      echo: newest?.sentAt ?? 0,
      held: newest ? Math.min(65_535, Math.round((at - newest.at) * 10)) : 0,
      timestamp,
      body,
    };
  }
}

/** Tenths of a millisecond in 32 bits; it wraps after five days, and one odd round trip is then ignored. */
function tenths(at: Millis): number {
  return Math.round(at * 10) >>> 0;
}

function spanOf(packet: Packet | undefined): number {
  return packet?.kind === PacketKind.gone && packet.body.length >= 4 ? packet.body.readUInt32BE(0) : 1;
}
