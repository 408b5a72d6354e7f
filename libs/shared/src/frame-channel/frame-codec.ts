import {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import type {OnAssistantAudio, OnCallerAudio} from './frame-channel.ts';

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
 * `ack`: every number up to it has arrived here. `sentAt`: the sender's monotonic clock in tenths of a millisecond.
 * `echo` and `held`: the `sentAt` of the newest packet that arrived here, and for how many tenths of a millisecond it
 * was here when this one left; together they give the other side a round trip without a common clock.
 * `timestamp`: Twilio's stream clock in milliseconds.
 */
export interface Packet {
  readonly kind: number;
  readonly epoch: number;
  readonly seq: number;
  readonly ack: number;
  readonly sentAt: number;
  readonly echo: number;
  readonly held: number;
  readonly timestamp: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 28;
const NO_BODY = Buffer.alloc(0);

export function encodePacket(packet: Packet): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packet.body.length);
  bytes[0] = PROTOCOL_VERSION;
  bytes[1] = packet.kind;
  bytes.writeUInt32BE(packet.epoch, 2);
  bytes.writeUInt32BE(packet.seq, 6);
  bytes.writeUInt32BE(packet.ack, 10);
  bytes.writeUInt32BE(packet.sentAt, 14);
  bytes.writeUInt32BE(packet.echo, 18);
  bytes.writeUInt16BE(packet.held, 22);
  bytes.writeUInt32BE(packet.timestamp >>> 0, 24); // it wraps after 49 days; a call does not last that long
  packet.body.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Undefined if no process of this version can have sent it. */
export function decodePacket(bytes: Buffer): Packet | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== PROTOCOL_VERSION) return undefined;
  return {
    kind: bytes[1] ?? 0,
    epoch: bytes.readUInt32BE(2),
    seq: bytes.readUInt32BE(6),
    ack: bytes.readUInt32BE(10),
    sentAt: bytes.readUInt32BE(14),
    echo: bytes.readUInt32BE(18),
    held: bytes.readUInt16BE(22),
    timestamp: bytes.readUInt32BE(24),
    body: bytes.length === HEADER_BYTES ? NO_BODY : bytes.subarray(HEADER_BYTES),
  };
}

/** A frame as it crosses the wire. */
export interface EncodedFrame {
  readonly kind: number;
  readonly timestamp: number;
  readonly body: Buffer;
}

/** The frames of one direction as bytes. */
export interface FrameCodec<Frame, OnAudio> {
  encode(frame: Frame): EncodedFrame;
  /** Undefined for a body that is no frame of this direction. */
  decode(packet: Packet): Frame | undefined;
  /** Gives the audio in a packet of this kind to its listener. */
  hear(packet: Packet, listener: OnAudio): void;
}

const asJson = (frame: object): EncodedFrame => ({
  kind: PacketKind.frame,
  timestamp: 0,
  body: Buffer.from(JSON.stringify(frame)),
});

function fromJson<Frame>(schema: {safeParse(raw: unknown): {success: boolean; data?: Frame}}, body: Buffer) {
  try {
    return schema.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

export const upCodec: FrameCodec<EdgeToWorker, OnCallerAudio> = {
  encode(frame) {
    if (frame.kind !== 'audio') return asJson(frame);
    return {kind: PacketKind.audio, timestamp: frame.timestamp, body: Buffer.from(frame.payload, 'latin1')};
  },
  decode(packet) {
    if (packet.kind !== PacketKind.audio) return fromJson(EdgeToWorker, packet.body);
    return {kind: 'audio', timestamp: packet.timestamp, payload: packet.body.toString('latin1')};
  },
  hear({timestamp, body, sentAt}, listener) {
    listener(timestamp, body, 0, body.length, sentAt / 10);
  },
};

export const downCodec: FrameCodec<WorkerToEdge, OnAssistantAudio> = {
  encode(frame) {
    if (frame.kind !== 'audio') return asJson(frame);
    const body = Buffer.allocUnsafe(1 + frame.mark.length + frame.payload.length);
    body[0] = frame.mark.length;
    body.write(frame.mark, 1, 'latin1');
    body.write(frame.payload, 1 + frame.mark.length, 'latin1');
    return {kind: PacketKind.audio, timestamp: 0, body};
  },
  decode(packet) {
    if (packet.kind !== PacketKind.audio) return fromJson(WorkerToEdge, packet.body);
    const {body} = packet;
    const markEnd = 1 + (body[0] ?? 0);
    return {
      kind: 'audio',
      mark: body.toString('latin1', 1, markEnd),
      payload: body.toString('latin1', markEnd),
    };
  },
  hear({body}, listener) {
    const markEnd = 1 + (body[0] ?? 0);
    listener(body.toString('latin1', 1, markEnd), body, Math.min(markEnd, body.length), body.length);
  },
};
