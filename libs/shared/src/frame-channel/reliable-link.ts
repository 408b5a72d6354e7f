import type {Urgency} from '../bus/media-bus.ts';
import type {Millis} from '../time.ts';
import {type Arrival, ArrivalTimes} from './arrival-times.ts';
import {ArrivedFrames, GAP_BYTES, MOST_GAPS} from './arrived-frames.ts';
import {ByteRing} from './byte-ring.ts';
import {DeliveryWatch} from './delivery-watch.ts';
import type {ChannelCounts} from './frame-channel.ts';
import {Header, HEADER_BYTES, PacketKind, scratch, writeFrameHeader, writeSenderHeader} from './packet.ts';
import {type SentFrame, SentFrames} from './sent-frames.ts';

/** How long unconfirmed audio is kept: twice the Redis outage that a call must survive without loss. */
export const KEEP_MS = 10_000;
/** While the other side has no subscription, the oldest frame is sent again this often, to probe for it. */
const PROBE_MS = 20;
/** A side that only receives confirms control frames this often… */
const ACK_MS = 80;
/** …and audio, which a new owner would be sent again anyway, this often: in time for `TAIL_LOST_MS` of the other side. */
const ACK_AUDIO_MS = 160;
/** A gap is requested again after this long. */
const ASK_AGAIN_MS = 40;
/** Without a confirmation for this long, the last frames were lost and no later frame shows the gap. */
const TAIL_LOST_MS = 200;
/** A frame that arrived so much later than its way explains was late. */
const LATE_MS = 60;
/** A frame that was resent within this time is not resent for another request: the two have crossed. */
const RESENT_LATELY_MS = 30;

/** No request for gaps is longer, in bytes. */
const MOST_REQUESTED = HEADER_BYTES + MOST_GAPS * GAP_BYTES;

const NO_BODY = Buffer.alloc(0);

/** Where a link puts what it decides. The bytes belong to the callee during the call only. */
export interface LinkOut {
  /**
   * A packet for the other side. `seq`: its number; 0 if it has none. `isCounted`: whether `published` must be told what
   * became of it; if not, only if it was not sent.
   */
  publish(packet: Buffer, seq: number, urgency: Urgency, isCounted: boolean): void;
  /** The next frame in order, each exactly once: a packet. A `bye` ends the channel. */
  deliver(packet: Buffer): void;
  /**
   * Called when this changes: what was sent at `since` or later has not arrived, as far as is known; undefined: all of it
   * has. What has arrived since the last call left here, in the copy that arrived, at `leftAt`. `gaveUp`: audio among it was
   * given up, and never arrives.
   */
  undelivered(since: Millis | undefined, leftAt: Millis, gaveUp: boolean): void;
}

/**
 * Turns a network that loses, duplicates, delays and reorders messages into one that does not, for one stream in one
 * epoch. Pure: packets and times are parameters; packets to publish and frames to deliver go to its `LinkOut`.
 *
 *   numbered frames ─────────────> kept until confirmed; probes while the other side has no subscription
 *   <───────── ack (in every header), resend from..to (a gap), a probe is answered at once
 *
 * Only audio is dropped, after `KEEP_MS`. A `gone` packet replaces it, so that the other side knows exactly how much is
 * missing.
 */
export class ReliableLink {
  readonly #epoch: number;
  readonly #out: LinkOut;
  /** Of our own: the audio that was sent and not confirmed. Of others: what they keep. */
  readonly #audio: ByteRing;
  readonly #ownsAudio: boolean;
  // sending
  #lastSeq = 0;
  #confirmedSeq = 0;
  readonly #unconfirmed = new SentFrames();
  readonly #delivery = new DeliveryWatch();
  readonly #arrivals = new ArrivalTimes();
  #reachable = true;
  #met = false;
  #probeAt: Millis = 0;
  #progressAt: Millis = 0;
  /** No audio is older than `KEEP_MS` before. */
  #giveUpAt: Millis = Number.POSITIVE_INFINITY;
  // receiving
  readonly #arrived: ArrivedFrames;
  #askAt: Millis = 0;
  #ackAt: Millis = 0;
  /** How long after the last packet to the other side what has arrived must be confirmed. */
  #ackWithin: Millis = Number.POSITIVE_INFINITY;
  /** `sentAt` of the newest packet of the other side, which is never 0 once one has come, and when it came. */
  #newestSentAt = 0;
  #newestAt: Millis = 0;
  readonly #counts = {sent: 0, duplicates: 0, resent: 0, stale: 0};
  #hopMs: Millis | undefined;

  /** `audio`: where audio to be sent is kept, by somebody who asks `oldestAudio` what must not be released yet. */
  constructor(epoch: number, out: LinkOut, audio?: ByteRing) {
    this.#epoch = epoch;
    this.#out = out;
    this.#arrived = new ArrivedFrames(packet => out.deliver(packet));
    this.#audio = audio ?? new ByteRing();
    this.#ownsAudio = audio === undefined;
  }

  /** Sends a frame whose body is `bytes` from `from` up to `to`, and keeps a copy until it is confirmed. */
  send(kind: number, timestamp: number, bytes: Buffer, from: number, to: number, at: Millis): void {
    if (kind === PacketKind.audio && this.#ownsAudio) {
      this.sendKept(timestamp, this.#audio.append(bytes, from, to), to - from, at);
    } else this.#number(kind, timestamp, 0, 0, Buffer.from(bytes.subarray(from, to)), at);
  }

  /** Sends audio that is in the ring already. */
  sendKept(timestamp: number, position: number, length: number, at: Millis): void {
    this.#number(PacketKind.audio, timestamp, position, length, undefined, at);
  }

  bye(at: Millis): void {
    this.send(PacketKind.bye, 0, NO_BODY, 0, 0, at);
  }

  /** The result of one publish: the number of receivers, or 0 if it failed. */
  published(seq: number, receivers: number, at: Millis): void {
    const sent = this.#unconfirmed.at(this.#unconfirmed.placeOf(seq));
    if (sent?.seq === seq) {
      sent.handed = receivers > 0;
      // An earlier copy of one that was sent again may have arrived.
      if (receivers === 0 && sent.lastAt === sent.firstAt) sent.missed = true;
    }
    if (receivers === 0) {
      if (this.#reachable) this.#probeAt = at + PROBE_MS;
      this.#reachable = false;
    } else if (!this.#reachable) this.#reached(at);
  }

  /** A packet arrived, which `isPacket`. */
  receive(packet: Buffer, at: Millis): void {
    if (Header.epoch(packet) !== this.#epoch) {
      this.#counts.stale += 1;
      return;
    }
    this.#confirmed(packet, at);
    switch (Header.kind(packet)) {
      case PacketKind.ack:
        return;
      case PacketKind.resend:
        for (let offset = HEADER_BYTES; offset + 8 <= Math.min(packet.length, MOST_REQUESTED); offset += 8) {
          this.#sendAgain(packet.readUInt32BE(offset), packet.readUInt32BE(offset + 4), at);
        }
        return;
      default:
        return this.#take(packet, at);
    }
  }

  /** Confirms at once everything that has arrived. */
  confirm(at: Millis): void {
    this.#publish(PacketKind.ack, 0, at);
  }

  /** Call it every 10 to 30 ms. */
  tick(at: Millis): void {
    if (at >= this.#giveUpAt) {
      const {oldestAt, goneAt} = this.#unconfirmed.giveUp(at - KEEP_MS);
      this.#giveUpAt = oldestAt + KEEP_MS;
      this.#releaseAudio();
      if (goneAt !== undefined && this.#delivery.giveUp(goneAt)) this.#tellDelivery(at);
    }
    if (this.#delivery.look(this.#unconfirmed, this.#hopMs ?? 0, at)) this.#tellDelivery(at);
    const newest = this.#unconfirmed.at(this.#unconfirmed.size - 1);
    if (newest && !this.#reachable) this.#probe(at);
    else if (newest && at - this.#progressAt >= TAIL_LOST_MS + 2 * (this.#hopMs ?? 0)) {
      // It shows the other side everything that is missing before it.
      this.#progressAt = at;
      this.#again(newest, at);
    }
    if (this.#arrived.hasGap && at >= this.#askAt) this.#askForGap(at);
    if (at - this.#ackAt >= this.#ackWithin) this.confirm(at);
  }

  /** Frames that were sent and not confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** The position in the ring of the oldest audio that may have to be sent again. */
  get oldestAudio(): number {
    for (let place = 0; place < this.#unconfirmed.size; place += 1) {
      const sent = this.#unconfirmed.at(place);
      if (sent?.kind === PacketKind.audio && !sent.body) return sent.position;
    }
    return this.#audio.end;
  }

  counts(): ChannelCounts {
    const {received, lost, refused} = this.#arrived;
    return {
      ...this.#counts,
      received,
      lost,
      refused,
      confirmed: this.#confirmedSeq,
      unconfirmed: this.#unconfirmed.size,
      hopMs: this.#hopMs,
    };
  }

  #number(
    kind: number,
    timestamp: number,
    position: number,
    length: number,
    body: Buffer | undefined,
    at: Millis,
  ): void {
    if (this.#unconfirmed.size === 0) this.#progressAt = at;
    if (kind === PacketKind.audio) this.#giveUpAt = Math.min(this.#giveUpAt, at + KEEP_MS);
    this.#lastSeq += 1;
    const sent = this.#unconfirmed.push();
    sent.seq = this.#lastSeq;
    sent.span = 1;
    sent.kind = kind;
    sent.timestamp = timestamp;
    sent.firstAt = sent.lastAt = at;
    sent.handed = this.#reachable ? undefined : false;
    sent.missed = !this.#reachable;
    sent.position = position;
    sent.length = length;
    sent.body = body;
    this.#counts.sent += 1;
    if (this.#reachable) this.#publishSent(sent, at);
    else this.#probe(at);
  }

  #take(packet: Buffer, at: Millis): void {
    if (this.#arrived.knows(packet)) {
      // A probe with a frame that has arrived: the other side does not know that yet.
      this.#counts.duplicates += 1;
      return this.confirm(at);
    }
    this.#owe(packet);
    this.#arrived.take(packet);
    if (this.#arrived.hasGap) this.#askForGap(at);
  }

  #owe(packet: Buffer): void {
    this.#ackWithin = Math.min(this.#ackWithin, Header.kind(packet) === PacketKind.audio ? ACK_AUDIO_MS : ACK_MS);
  }

  #confirmed(packet: Buffer, at: Millis): void {
    const echo = Header.echo(packet);
    if (echo !== 0) {
      const roundTrip = (tenths(at) - echo - Header.held(packet)) / 10;
      if (roundTrip >= 0 && roundTrip < 60_000) this.#hopMs = roundTrip / 2;
    }
    this.#newestSentAt = Header.sentAt(packet);
    const arrival = this.#arrivals.packet((tenths(at) - this.#newestSentAt) | 0, this.#hopMs ?? 0, at);
    this.#newestAt = at;
    const ack = Header.ack(packet);
    this.#confirmedSeq = Math.max(this.#confirmedSeq, ack);
    const confirmed = this.#unconfirmed.placeOf(ack + 1);
    if (confirmed > 0) {
      this.#tellLate(confirmed, arrival, at);
      // What came before the first frame that was missed had arrived in time, even where all are confirmed only now.
      const inTime =
        this.#delivery.undeliveredSince === undefined ? confirmed : this.#unconfirmed.firstMissed(confirmed);
      if (inTime > 0) this.#confirmOldest(inTime, arrival, at);
      if (inTime < confirmed) this.#confirmOldest(confirmed - inTime, arrival, at);
      this.#progressAt = at;
      this.#releaseAudio();
    }
    if (!this.#met) {
      // What was sent before the other side subscribed had no receiver, or went to the owner of another epoch.
      this.#met = true;
      for (let place = 0; place < this.#unconfirmed.size; place += 1) {
        const sent = this.#unconfirmed.at(place);
        if (sent) sent.handed = false;
      }
      this.#reached(at);
    } else if (!this.#reachable) this.#reached(at);
  }

  /** Frames that are confirmed in time for the watch, and arrived late all the same. */
  #tellLate(confirmed: number, arrival: Arrival, at: Millis): void {
    if (this.#delivery.undeliveredSince !== undefined) return;
    const {firstAt} = this.#unconfirmed.at(0) ?? {};
    const leftAt = firstAt === undefined ? undefined : lateBy(firstAt, arrival);
    // Later ones arrived with it.
    if (confirmed === 0 || firstAt === undefined || leftAt === undefined) return;
    this.#out.undelivered(firstAt, at, false);
    this.#out.undelivered(undefined, leftAt, false);
  }

  #confirmOldest(count: number, arrival: Arrival, at: Millis): void {
    const {firstAt = at, missed = false} = this.#unconfirmed.at(count - 1) ?? {};
    // The first of what was missing plays when it arrives. What was sent after it, or sent once more in vain, came later.
    const lastAt = this.#delivery.undeliveredSince === undefined ? at : (this.#unconfirmed.at(0)?.lastAt ?? at);
    this.#unconfirmed.drop(count);
    if (!this.#delivery.confirmed(this.#unconfirmed.at(0)?.firstAt, at)) return;
    // What was not missed, and is confirmed before the rest arrives, had arrived in time: its confirmation was late.
    const wasInTime = !missed && this.#delivery.undeliveredSince !== undefined;
    const leftAt = wasInTime ? firstAt : lastAt;
    this.#tellDelivery(missed ? leftAt : (lateBy(leftAt, arrival) ?? leftAt));
  }

  #tellDelivery(leftAt: Millis): void {
    this.#out.undelivered(this.#delivery.undeliveredSince, leftAt, this.#delivery.gaveUp);
  }

  #releaseAudio(): void {
    if (this.#unconfirmed.size === 0) this.#giveUpAt = Number.POSITIVE_INFINITY;
    if (this.#ownsAudio) this.#audio.release(this.oldestAudio);
  }

  #reached(at: Millis): void {
    this.#reachable = true;
    this.#progressAt = at;
    for (let place = 0; place < this.#unconfirmed.size; place += 1) {
      const sent = this.#unconfirmed.at(place);
      if (sent?.handed === false) this.#again(sent, at);
    }
  }

  #probe(at: Millis): void {
    const oldest = this.#unconfirmed.at(0);
    if (!oldest || at < this.#probeAt) return;
    this.#probeAt = at + PROBE_MS;
    this.#again(oldest, at);
  }

  #sendAgain(from: number, to: number, at: Millis): void {
    for (let place = this.#unconfirmed.placeOf(from); place < this.#unconfirmed.size; place += 1) {
      const sent = this.#unconfirmed.at(place);
      if (!sent || sent.seq > to) return;
      sent.missed = true;
      if (at - sent.lastAt >= RESENT_LATELY_MS) this.#again(sent, at);
    }
  }

  #again(sent: SentFrame, at: Millis): void {
    sent.lastAt = at;
    sent.handed = undefined;
    this.#counts.resent += 1;
    this.#publishSent(sent, at);
  }

  /** Requests all gaps at once: after an outage there are many, and one at a time would take seconds. */
  #askForGap(at: Millis): void {
    if (at < this.#askAt) return;
    this.#askAt = at + ASK_AGAIN_MS;
    this.#publish(PacketKind.resend, this.#arrived.writeGaps(), at);
  }

  #publishSent(sent: SentFrame, at: Millis): void {
    const bytes = scratch.forBody(Math.max(4, sent.length, sent.body?.length ?? 0));
    let {length} = sent;
    if (sent.body) length = sent.body.copy(bytes, HEADER_BYTES);
    else if (sent.kind === PacketKind.gone) length = bytes.writeUInt32BE(sent.span, HEADER_BYTES) - HEADER_BYTES;
    else this.#audio.copy(sent.position, length, bytes, HEADER_BYTES);
    writeFrameHeader(bytes, sent.kind, this.#epoch, sent.seq, sent.timestamp);
    this.#publishScratch(length, sent.seq, sent.kind === PacketKind.audio ? 'soon' : 'now', at);
  }

  /** Publishes a packet that has no number, whose body is in the scratch buffer. */
  #publish(kind: number, bodyLength: number, at: Millis): void {
    writeFrameHeader(scratch.forBody(bodyLength), kind, this.#epoch, 0, 0);
    this.#publishScratch(bodyLength, 0, 'now', at);
  }

  #publishScratch(bodyLength: number, seq: number, urgency: Urgency, at: Millis): void {
    this.#ackWithin = Number.POSITIVE_INFINITY;
    this.#ackAt = at;
    const echo = this.#newestSentAt;
    const held = echo === 0 ? 0 : Math.min(65_535, Math.round((at - this.#newestAt) * 10));
    const packet = scratch.packet(bodyLength);
    writeSenderHeader(packet, this.#arrived.next - 1, tenths(at), echo, held);
    // Whether it arrived is known by its confirmation. The count is needed to find the other side, or to miss it.
    this.#out.publish(packet, seq, urgency, !this.#met || !this.#reachable);
  }
}

/** When what was sent at `sentAt` would have left, had it not been late on its way; undefined: it was not. */
function lateBy(sentAt: Millis, {after, by, hop}: Arrival): Millis | undefined {
  return after - hop - sentAt < LATE_MS ? undefined : (after + by) / 2 - hop;
}

/** Tenths of a millisecond in 32 bits; it wraps after five days, and one odd round trip is then ignored. */
function tenths(at: Millis): number {
  return Math.round(at * 10) >>> 0;
}
