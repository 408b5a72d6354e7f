import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';

/** The kind of a packet. Kinds below 16 belong to the channel itself; from 16 on a packet carries a frame. */
export const PacketKind = {
  /** Only its header counts. Not numbered. */
  ack: 0,
  /** Requests frames again: the body is pairs of first and last number, 32 bits each. Not numbered. */
  resend: 1,
  /** Stands for dropped audio: the body is how many numbers, one 32-bit integer. */
  gone: 2,
  /** This side is closing. */
  bye: 3,
  /** Body: base64 audio as text (down: behind the length and name of its mark). */
  audio: 16,
  /** Body: any other frame as JSON. */
  frame: 17,
} as const;

/**
 * The unit that crosses Redis: 28 bytes of header, then the body. All integers are big-endian.
 *
 *   0 version | 1 kind | 2 epoch | 6 seq | 10 ack | 14 sentAt | 18 echo | 22 held | 24 timestamp | 28 body
 *
 * It is read and written in place: fifty packets a second and call need no object of their own.
 */
export const HEADER_BYTES = 28;

/** The parts of a header, of a packet that `isPacket`. */
export const Header = {
  kind: (packet: Buffer) => packet[1] ?? 0,
  epoch: (packet: Buffer) => packet.readUInt32BE(2),
  seq: (packet: Buffer) => packet.readUInt32BE(6),
  /** Every number up to it has arrived at the sender. */
  ack: (packet: Buffer) => packet.readUInt32BE(10),
  /** The sender's monotonic clock in tenths of a millisecond. */
  sentAt: (packet: Buffer) => packet.readUInt32BE(14),
  /**
   * The `sentAt` of the newest packet that had arrived at the sender, and for how many tenths of a millisecond it was
   * there when this one left: together they give a round trip without a common clock.
   */
  echo: (packet: Buffer) => packet.readUInt32BE(18),
  held: (packet: Buffer) => packet.readUInt16BE(22),
  /** The carrier's clock of the stream in milliseconds. */
  timestamp: (packet: Buffer) => packet.readUInt32BE(24),
};

/** False if no process of this version can have sent it. */
export function isPacket(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes[0] === PROTOCOL_VERSION;
}

/** How many numbers a packet stands for: 1, or more for dropped audio. */
export function spanOf(packet: Buffer): number {
  if (Header.kind(packet) !== PacketKind.gone || packet.length < HEADER_BYTES + 4) return 1;
  return packet.readUInt32BE(HEADER_BYTES);
}

/** Writes what a packet says of its frame. */
export function writeFrameHeader(packet: Buffer, kind: number, epoch: number, seq: number, timestamp: number): void {
  packet[0] = PROTOCOL_VERSION;
  packet[1] = kind;
  packet.writeUInt32BE(epoch, 2);
  packet.writeUInt32BE(seq, 6);
  packet.writeUInt32BE(timestamp >>> 0, 24); // it wraps after 49 days; a call does not last that long
}

/** Writes what a packet says of its sender at the moment of sending. */
export function writeSenderHeader(packet: Buffer, ack: number, sentAt: number, echo: number, held: number): void {
  packet.writeUInt32BE(ack, 10);
  packet.writeUInt32BE(sentAt, 14);
  packet.writeUInt32BE(echo, 18);
  packet.writeUInt16BE(held, 22);
}

/** The longest packet whose view is kept. Audio of one call has always the same length, and so is a view of it. */
const LONGEST_VIEW = 4_096;

/**
 * The one buffer in which every packet of this process is put together. What is in it is copied, by an outlet or a ring,
 * before anybody else writes to it.
 */
class Scratch {
  #bytes = Buffer.allocUnsafeSlow(16_384);
  #views: Buffer[] = [];

  /** The buffer, with room for a body of so many bytes behind `HEADER_BYTES`. What it holds stays. */
  forBody(length: number): Buffer {
    const needed = HEADER_BYTES + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#bytes.copy(larger);
      this.#bytes = larger;
      this.#views = [];
    }
    return this.#bytes;
  }

  /** The packet in the buffer, whose body has so many bytes. */
  packet(bodyLength: number): Buffer {
    const length = HEADER_BYTES + bodyLength;
    if (length > LONGEST_VIEW) return this.#bytes.subarray(0, length);
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }
}

export const scratch = new Scratch();
