import type {CallRequest} from './call-request.ts';
import type {CallSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';

/** What a caller gets. A carrier renders it in its own language. Sentences are spoken by the carrier's voice. */
export type CallAnswer =
  /** Sentences with pauses between them, then the stream to an edge. After the stream the carrier asks again. */
  | {
      readonly kind: 'connect';
      /** The public origin of the edge: wss://… */
      readonly edgeUrl: string;
      /** Opens the stream, once; undefined only for a call that came in without one. */
      readonly ticket: Ticket | undefined;
      /** Which stream of the call this is. The carrier repeats it when it asks what comes after the stream. */
      readonly leg: string;
      /** Keys that are pressed on the line before the stream. */
      readonly keys?: string | undefined;
      readonly says: readonly string[];
      /** Between two sentences. */
      readonly pauseSeconds: number;
    }
  /** What `connect` would look like, for an operator who tries it out: there is no call. */
  | {readonly kind: 'preview'; readonly edgeUrl: string; readonly says: readonly string[]}
  /** The caller waits and the carrier asks about the incoming call again. Without a sentence it goes on ringing. */
  | {readonly kind: 'hold'; readonly say?: string; readonly seconds: number; readonly again: HeldFor}
  /**
   * The caller is connected with a number in E.164 form, a SIP address or a client, and hung up afterwards. With `back`
   * the carrier asks what the person hears first (`whisper`), and what comes next.
   */
  | {
      readonly kind: 'dial';
      readonly target: string;
      readonly say?: string | undefined;
      readonly back?: WayBack;
      readonly ringSeconds?: number;
      readonly record?: boolean;
      /** Who calls, as the person sees it; the caller if not given. */
      readonly from?: string | undefined;
    }
  /** The caller waits in a queue for `seconds` at most; then the carrier asks again. */
  | {
      readonly kind: 'queue';
      readonly name: string;
      readonly workflow: string | null;
      readonly seconds: number;
      readonly back: WayBack;
    }
  /** What a caller hears who waits in a queue, until they leave it. */
  | {readonly kind: 'wait'; readonly say: string; readonly seconds: number}
  /** The caller, who came by SIP, is handed to a SIP address. */
  | {readonly kind: 'refer'; readonly target: string; readonly back: WayBack}
  /** The caller hears music until the person joins them in `room`; then the carrier asks again. */
  | {readonly kind: 'meet'; readonly room: string; readonly back: WayBack; readonly ringSeconds: number}
  /** What a caller hears meanwhile; the carrier asks for more of it. */
  | {readonly kind: 'music'; readonly back: WayBack}
  /** A person joins the caller in `room`. */
  | {readonly kind: 'join'; readonly room: string; readonly record: boolean}
  /** A person who is called for a caller hears this, and presses a key. `meets`: by a call of its own. */
  | {
      readonly kind: 'whisper';
      readonly says: readonly string[];
      readonly language: string | null;
      readonly callSid: CallSid;
      readonly away: number;
      readonly meets: boolean;
    }
  /** The caller leaves a message with the carrier. */
  | {readonly kind: 'voicemail'; readonly say: string; readonly language: string | null}
  /** The carrier gets its instructions from another address. */
  | {readonly kind: 'redirect'; readonly url: string; readonly say?: string}
  | {readonly kind: 'hangUp'; readonly say?: string}
  /** No more instructions: the call is over. */
  | {readonly kind: 'nothing'};

/** What the carrier repeats when a caller who was away is to come back. */
export interface WayBack {
  readonly callSid: CallSid;
  readonly away: number;
  readonly leg: string;
}

/** What the carrier repeats when it asks again: one of the two counts of `CallRequest`, and which call of ours it is. */
export type HeldFor = ({readonly held: number} | {readonly waited: number}) & Pick<CallRequest, 'out'>;

export const SORRY = 'Sorry, something went wrong. Please call again in a few minutes.';
export const ONE_MOMENT = 'One moment, please.';
