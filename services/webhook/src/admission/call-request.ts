import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';

/** What a carrier asks or reports about one call, in no carrier's own form. */
export interface CallRequest {
  readonly callSid: CallSid;
  /** The caller has hung up, or the carrier has ended the call. */
  readonly isOver: boolean;
  readonly direction: 'inbound' | 'outbound';
  /** The caller is at the phone in the browser. */
  readonly via?: 'browser';
  /** A telephone number, a SIP address or whatever else the carrier calls the party; undefined if it does not say. */
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  /** What came with the call: SIP headers. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How often an overloaded fleet has asked this caller to wait. */
  readonly held: number;
  /** How many seconds this caller has waited for the answer of a worker. */
  readonly waited: number;
  /** A call that we have made: which, and which attempt at it. */
  readonly out?: {readonly id: string; readonly attempt: number} | undefined;
  /** Which stream of the call has ended: the first digits of its ticket. Undefined if the request does not say. */
  readonly leg: string | undefined;
  /** The caller was away: which absence it was, and the outcome. Undefined if the request does not say. */
  readonly away: {readonly away: number; readonly outcome: AwayOutcome} | undefined;
}

/** A carrier asks what a person hears who is called for a caller. */
export interface WhisperRequest {
  /** The call of the caller, not the one to the person. */
  readonly callSid: CallSid;
  readonly away: number;
  /** The call to the person. */
  readonly person: string;
  /** It is a call of its own, and they are to meet the caller in a conference. */
  readonly meets: boolean;
  /** The key that the person pressed; empty: none in time; undefined: they have just answered. */
  readonly key: string | undefined;
  /** The person has hung up. */
  readonly isOver: boolean;
}

/** What a carrier reports about one stream; for the log. */
export interface StreamStatus {
  readonly hasFailed: boolean;
  readonly hasEnded: boolean;
  readonly callSid: string | undefined;
  readonly streamSid: string | undefined;
  /** In the carrier's words. */
  readonly event: string | undefined;
  /** The carrier's number for the error. */
  readonly code: string | undefined;
}
