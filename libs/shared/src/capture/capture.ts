import type {CallSid} from '../protocol/ids.ts';
import type {Millis} from '../time.ts';

/** The format of a capture. Another number: a reader of this version does not read it. */
export const CAPTURE_FORMAT = 1;

/** Which process wrote a section: an edge, with the phone's socket, or a worker, with the model's. */
export type CaptureHalf = 'edge' | 'worker';

/**
 * What a line is about: the carrier's socket, a session of the model, a tool that ran in the background, or the call itself
 * (who answers, how it ends, what others say of it).
 */
export type CaptureSocket = 'phone' | 'model' | 'tool' | 'call';

/** `in`: it came to us; `out`: we sent or decided it. */
export type CaptureDirection = 'in' | 'out';

/** The first line of a section. */
export interface CaptureHead {
  readonly capture: typeof CAPTURE_FORMAT;
  readonly half: CaptureHalf;
  readonly callSid: string;
  /** The edge or the worker. */
  readonly process: string;
  /** When the section begins, in Unix milliseconds; `at` of its lines counts from here. */
  readonly wall: number;
  /** What must be known to play it again. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Something that crossed a socket. */
export interface CaptureLine {
  /** Milliseconds since the section began. */
  readonly at: Millis;
  readonly socket: CaptureSocket;
  readonly direction: CaptureDirection;
  readonly message: Readonly<Record<string, unknown>>;
}

/** The last line of a section. `over`: nothing more came; `full`: the limit of size was reached. */
export interface CaptureEnd {
  readonly at: Millis;
  readonly end: 'over' | 'full';
}

/** One part of a call in one process, open for writing. Nothing here throws or waits. */
export interface CaptureSection {
  line(socket: CaptureSocket, direction: CaptureDirection, message: object): void;
  /**
   * How base64 audio stands in a message: the text itself, or the number of the same text in this section, counted from 0.
   * Silence is thus written once.
   */
  audio(payload: string): string | number;
  end(): void;
  /** A section that is held is written from its beginning on. Idempotent. */
  keep(): void;
  /** A section that is held is forgotten; nothing of it was written. */
  drop(): void;
}

/** Where captures are written to. */
export interface Capture {
  begin(head: {
    readonly half: CaptureHalf;
    readonly callSid: CallSid;
    readonly about: Readonly<Record<string, unknown>>;
    /** When it began, on the monotonic clock; now, if not given. */
    readonly since?: Millis;
    /** It stays in memory until it is known whether it may be kept. One that ends before is forgotten. */
    readonly held?: boolean;
  }): CaptureSection;
}
