import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {CallSid, StreamSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {RequestHead} from '@voicebridge/shared/service/request-head.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/**
 * The port for carriers: what the media socket of any carrier sends, and what can be sent to it. One folder here implements
 * it for one carrier. Ids are opaque outside of that folder.
 */

/** What belongs to a stream. Both are left out by carriers that have one stream a socket, or do not count. */
interface InStream {
  readonly streamSid?: StreamSid | undefined;
  /** The carrier's number of this message, rising with each. */
  readonly sequence?: number | undefined;
}

/** The carrier said which call the socket is for. Nothing of a call comes before. */
export interface Started {
  readonly kind: 'started';
  readonly callSid: CallSid;
  readonly streamSid: StreamSid;
  /** What the peer calls its stream where that is not `streamSid`; for the log. */
  readonly calledByPeer?: string | undefined;
  /** What the carrier was given for this call: names and values. */
  readonly facts: Facts;
  /** Undefined if the carrier does not say. */
  readonly format?: AudioFormat | undefined;
  readonly sequence?: number | undefined;
}

/** How the caller's audio is encoded, as the carrier announces it. */
export interface AudioFormat {
  readonly encoding: 'mulaw' | 'other';
  /** In Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/**
 * Audio of the caller, which comes fifty times a second and is therefore no object: base64 μ-law, 8 kHz, one channel, as
 * text in `bytes` from `from` up to, but not including, `to`; valid during the call only. It is empty for a frame that
 * holds nothing of the caller, such as the assistant's own track. `streamSid` and `sequence`: as for other messages.
 * `timestamp`: on the clock of the stream, in whole milliseconds below 2^32.
 */
export type OnCarrierAudio = (
  streamSid: StreamSid | undefined,
  sequence: number | undefined,
  timestamp: Millis,
  bytes: Buffer,
  from: number,
  to: number,
) => void;

/** Everything that a carrier may say of a call, except its audio. */
export type CarrierMessage =
  /** The socket is open; the call comes next. */
  | {readonly kind: 'connected'}
  | Started
  /** All audio that was sent before this mark has been played, or was dropped by a clear. */
  | (InStream & {readonly kind: 'markReturned'; readonly name: string})
  /** A DTMF digit: 0 to 9, *, #, A to D. */
  | (InStream & {readonly kind: 'digit'; readonly digit: string})
  /** The caller hung up, or the carrier ended the stream. */
  | (InStream & {readonly kind: 'stopped'});

/**
 * A message that could not be read. `unknownEvent`: of a kind that the carrier may have added, which is no fault.
 * `unreadableStart`: there is no call without it. `detail` names fields and rules, and no value of the message.
 */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly reason: 'binary' | 'notJson' | 'unexpectedShape' | 'unknownEvent' | 'unreadableStart';
  readonly detail: string;
}

export type CarrierEvent = CarrierMessage | Unreadable;

/** One media socket that a carrier opened. */
export interface CarrierSocket {
  /** The carrier, as metrics name it. */
  readonly carrier: string;
  /**
   * Base64 μ-law of any length, as text in `bytes` from `from` up to `to`, played in the order of arrival, and the mark
   * behind it; each may be empty. Copies the bytes, and writes both at once. None of the three waits, or writes to a
   * closing socket.
   */
  sendAudio(mark: string, bytes: Buffer, from: number, to: number): void;
  /** Comes back as `markReturned` when all audio sent before it was played, or was dropped by a clear. */
  sendMark(name: string): void;
  /** Drops all audio that waits to be played; the marks behind it come back. */
  sendClear(): void;
  /** Closes with a WebSocket close code. A peer that does not answer in two seconds is cut off. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a close frame. */
  terminate(): void;
  ping(): void;
  /** Bytes that were sent and that the peer has not read yet. */
  readonly bufferedBytes: number;
  /** Set both in the turn of the event loop in which the socket was opened, or the first events are missed. */
  onEvent(listener: (event: CarrierEvent) => void): void;
  onAudio(listener: OnCarrierAudio): void;
  /** A ping of the peer, which is answered without us, or a pong. */
  onControl(listener: (what: 'ping' | 'pong') => void): void;
  /** With the close code; 1006 if the connection was lost without a close frame. */
  readonly closed: Promise<{readonly code: number}>;
}

/** Whether a socket may be opened, and with which ticket; else the HTTP status that is answered. */
export type Upgrade =
  | {readonly ok: true; readonly ticket: Ticket | undefined}
  | {readonly ok: false; readonly status: 403 | 404 | 503; readonly reason: 'path' | 'origin' | 'signature' | 'full'};

/** How the sockets of one carrier are opened. `Request` and `Connection` are those of the HTTP server. */
export interface Carrier<Request, Connection> {
  /** Decides from the request alone: no call and no Redis is touched before. `hasRoom`: this edge may hold one more call. */
  verifyUpgrade(request: RequestHead, hasRoom: boolean): Upgrade;
  /** Answers 101, or 400 if this is no WebSocket handshake. `opened` runs in the turn in which the socket exists. */
  accept(request: Request, connection: Connection, head: Buffer, opened: (socket: CarrierSocket) => void): void;
  /** Answers `status` and ends the connection. */
  refuse(connection: Connection, status: number): void;
}
