import type {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';

/** What is to become of the caller once the current stream has ended; without one, a stream that ended was an accident. */
export type Intent = 'hang-up' | 'transfer' | 'migrate';

/** What the fleet knows about one call. Texts only: it is a Redis hash. */
export interface CallEntry {
  readonly callSid: CallSid;
  readonly state: 'live' | 'ended';
  /** Raised by every change of owner or stream: frames and writes of an older epoch are ignored. */
  readonly epoch: number;
  readonly owner: ProcessId;
  readonly assistant: string;
  readonly ticket?: Ticket;
  readonly stream?: {readonly streamSid: StreamSid; readonly edge: ProcessId};
  readonly intent?: Intent;
  /** How often the stream of this call was opened again after an accident. */
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Everything else that was known when the call came in: direction, hashed numbers, trace context. */
  readonly facts: Readonly<Record<string, string>>;
}

export type Claim =
  | {readonly won: true; readonly call: CallEntry}
  | {readonly won: false; readonly call: CallEntry | undefined};

/**
 * Who owns a call. Every method is one atomic step, and every write names the epoch it was decided in, so that a
 * process that was asleep while the call moved on can do no harm.
 */
export interface CallDirectory {
  read(callSid: CallSid): Promise<CallEntry | undefined>;

  /**
   * Takes a call if its epoch still is `epoch` (0: nobody ever had it) and it has not ended; the epoch becomes one
   * higher. Exactly one of many claims with the same epoch wins. The losers get the call as it is.
   */
  claim(
    callSid: CallSid,
    claim: {
      readonly epoch: number;
      readonly owner: ProcessId;
      readonly at: number;
      readonly assistant?: string;
      readonly ticket?: Ticket;
      readonly facts?: Readonly<Record<string, string>>;
    },
  ): Promise<Claim>;

  /**
   * A stream of this call is open on an edge. The first one keeps the epoch; a later one raises it, wins, and tells
   * which stream it replaced. Refused when the call is unknown, has ended, or is no longer in `epoch`.
   */
  attach(
    callSid: CallSid,
    attach: {readonly epoch: number; readonly streamSid: StreamSid; readonly edge: ProcessId},
  ): Promise<{readonly call: CallEntry; readonly replaced?: {streamSid: StreamSid; edge: ProcessId}} | undefined>;

  /** Says what is to become of the caller; must be written before the stream is closed. False: the epoch is over. */
  intend(callSid: CallSid, epoch: number, intent: Intent): Promise<boolean>;

  /** A new ticket for a call whose stream was lost or is to move; counts an attempt and clears a `migrate` intent. */
  retry(callSid: CallSid, epoch: number, ticket: Ticket): Promise<CallEntry | undefined>;

  /** The call is over, and its record is with analytics. False: the epoch is over, somebody newer decides. */
  end(callSid: CallSid, epoch: number): Promise<boolean>;

  /** Writes to the journal, in order, if the epoch still holds; false if it does not. */
  append(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean>;
  journal(callSid: CallSid): Promise<readonly string[]>;

  /** Puts a ticket down for 60 s. */
  putTicket(ticket: Ticket, grant: TicketGrant): Promise<void>;
  /** Takes a ticket: the second taker gets nothing. */
  takeTicket(ticket: Ticket): Promise<TicketGrant | undefined>;

  /** Calls that have an owner and no record yet. */
  open(): Promise<readonly CallSid[]>;
}

/** The one stream that a ticket opens. */
export interface TicketGrant {
  readonly callSid: CallSid;
  readonly epoch: number;
}
