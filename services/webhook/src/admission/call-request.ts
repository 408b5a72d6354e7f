import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';

/** What a carrier asks or reports about one call, in no carrier's own form. */
export interface CallRequest {
  readonly callSid: CallSid;
  /** The caller has hung up, or the carrier has ended the call. */
  readonly isOver: boolean;
  readonly direction: 'inbound' | 'outbound';
  /** A telephone number, a SIP address or whatever else the carrier calls the party; undefined if it does not say. */
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  /** What came with the call: SIP headers. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How often an overloaded fleet has asked this caller to wait. */
  readonly held: number;
  /** How many seconds this caller has waited for the answer of a worker. */
  readonly waited: number;
  /** Which stream of the call has ended: the first digits of its ticket. Undefined if the request does not say. */
  readonly leg: string | undefined;
}

/** What a carrier reports about one stream; for the log. */
export interface StreamStatus {
  readonly hasFailed: boolean;
  readonly callSid: string | undefined;
  readonly streamSid: string | undefined;
  /** In the carrier's words. */
  readonly event: string | undefined;
  /** The carrier's number for the error. */
  readonly code: string | undefined;
}
