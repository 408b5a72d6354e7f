import {isBase64Text} from '../protocol/audio.ts';
import {EdgeToWorker} from '../protocol/edge-to-worker.ts';
import {WorkerToEdge} from '../protocol/worker-to-edge.ts';
import type {OnAssistantAudio, OnCallerAudio} from './frame-channel.ts';
import {Header, HEADER_BYTES, PacketKind, scratch} from './packet.ts';

/** The frames of one direction as packets. */
export interface FrameCodec<Frame, OnAudio> {
  /** Writes the body of a frame as that of the packet in the scratch buffer. Returns its length. */
  encode(frame: Frame): number;
  /** What the header of its packet says. */
  timestampOf(frame: Frame): number;
  /** Undefined for a packet that holds no frame of this direction. */
  decode(packet: Buffer): Frame | undefined;
  /**
   * Gives the audio in a packet of this kind to its listener. False if it is not base64: it would become part of a
   * message to the carrier or the model, and must not end it and begin another.
   */
  hear(packet: Buffer, listener: OnAudio): boolean;
}

function encodeJson(frame: object): number {
  const text = JSON.stringify(frame);
  const length = Buffer.byteLength(text);
  scratch.forBody(length).write(text, HEADER_BYTES);
  return length;
}

function decodeJson<Frame>(schema: {safeParse(raw: unknown): {success: boolean; data?: Frame}}, packet: Buffer) {
  try {
    return schema.safeParse(JSON.parse(packet.toString('utf8', HEADER_BYTES))).data;
  } catch {
    return undefined;
  }
}

export const upCodec: FrameCodec<EdgeToWorker, OnCallerAudio> = {
  encode(frame) {
    if (frame.kind !== 'audio') return encodeJson(frame);
    return scratch.forBody(frame.payload.length).write(frame.payload, HEADER_BYTES, 'latin1');
  },
  timestampOf: frame => (frame.kind === 'audio' ? frame.timestamp : 0),
  decode(packet) {
    if (Header.kind(packet) !== PacketKind.audio) return decodeJson(EdgeToWorker, packet);
    if (!isBase64Text(packet, HEADER_BYTES, packet.length)) return undefined;
    return {kind: 'audio', timestamp: Header.timestamp(packet), payload: packet.toString('latin1', HEADER_BYTES)};
  },
  hear(packet, listener) {
    if (!isBase64Text(packet, HEADER_BYTES, packet.length)) return false;
    listener(Header.timestamp(packet), packet, HEADER_BYTES, packet.length, Header.sentAt(packet) / 10);
    return true;
  },
};

export const downCodec: FrameCodec<WorkerToEdge, OnAssistantAudio> = {
  encode(frame) {
    if (frame.kind !== 'audio') return encodeJson(frame);
    const {mark, payload} = frame;
    const bytes = scratch.forBody(1 + mark.length + payload.length);
    bytes[HEADER_BYTES] = mark.length;
    bytes.write(mark, HEADER_BYTES + 1, 'latin1');
    bytes.write(payload, HEADER_BYTES + 1 + mark.length, 'latin1');
    return 1 + mark.length + payload.length;
  },
  timestampOf: () => 0,
  decode(packet) {
    if (Header.kind(packet) !== PacketKind.audio) return decodeJson(WorkerToEdge, packet);
    const markEnd = markEndOf(packet);
    if (!isBase64Text(packet, markEnd, packet.length)) return undefined;
    return {
      kind: 'audio',
      mark: packet.toString('latin1', HEADER_BYTES + 1, markEnd),
      payload: packet.toString('latin1', markEnd),
    };
  },
  hear(packet, listener) {
    const markEnd = markEndOf(packet);
    if (!isBase64Text(packet, markEnd, packet.length)) return false;
    listener(packet.toString('latin1', HEADER_BYTES + 1, markEnd), packet, markEnd, packet.length);
    return true;
  },
};

/** Where the payload begins, behind the length and the name of the mark. */
function markEndOf(packet: Buffer): number {
  return Math.min(packet.length, HEADER_BYTES + 1 + (packet[HEADER_BYTES] ?? 0));
}
