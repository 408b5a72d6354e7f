import type {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';

/**
 * What is to become of the caller once the current stream has ended; without one, a stream that ended was an accident.
 * `apologise`: the model is not to be had, and somebody else must say so.
 */
export type Intent = 'hang-up' | 'transfer' | 'migrate' | 'apologise';

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
  /** How often the stream of this call was opened again after an accident, as far as that still counts. */
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly facts: Facts;
}

/** What must be known of a call in order to serve it. */
export type ServedCall = Pick<CallEntry, 'callSid' | 'state' | 'epoch' | 'owner' | 'assistant' | 'facts'> & {
  readonly [Name in 'ticket' | 'stream' | 'intent']?: CallEntry[Name] | undefined;
};

/** What was known when the call came in, and what its owner adds: direction, hashed numbers, trace context. */
export type Facts = Readonly<Record<string, string>>;

export type Claim =
  | {readonly won: true; readonly call: CallEntry; readonly journal: readonly string[]}
  | {readonly won: false; readonly call: CallEntry | undefined};

/**
 * Who owns a call. Every method is one atomic step, and every write names the epoch it was decided in, so that a
 * process that was asleep while the call moved on can do no harm.
 */
export interface CallDirectory {
  read(callSid: CallSid): Promise<CallEntry | undefined>;

  /**
   * For whoever is about to find an owner for a new call: false when somebody else is at it, and was for less than 3 s.
   * Asked twice at once, one call would otherwise hold two places until one of them is given back.
   */
  startAdmission(callSid: CallSid): Promise<boolean>;
  endAdmission(callSid: CallSid): Promise<void>;

  /**
   * Takes a call if its epoch still is `epoch` (0: nobody ever had it) and it has not ended; the epoch becomes one
   * higher. Exactly one of many claims with the same epoch wins, and gets the journal of the owners before, to which
   * they can add nothing any more. The losers get the call as it is.
   */
  claim(
    callSid: CallSid,
    claim: {
      readonly epoch: number;
      readonly owner: ProcessId;
      readonly at: number;
      readonly assistant?: string;
      readonly ticket?: Ticket;
      readonly facts?: Facts;
    },
  ): Promise<Claim>;

  /**
   * A stream of this call is open on an edge. The first one keeps the epoch; a later one raises it, wins, and tells
   * which stream it replaced; the one that is there already changes nothing. Refused when the call is unknown, has
   * ended, or is no longer in `epoch`.
   */
  attach(
    callSid: CallSid,
    attach: {readonly epoch: number; readonly streamSid: StreamSid; readonly edge: ProcessId},
  ): Promise<{readonly call: CallEntry; readonly replaced?: {streamSid: StreamSid; edge: ProcessId}} | undefined>;

  /**
   * Says what is to become of the caller; must be written before the stream is closed. `facts` are added to those of
   * the call (`transferTo`; `heldUntil`, in Unix milliseconds: who is connected again before then is told to wait). A
   * `migrate` never replaces one of the other two. False: the epoch or the call is over.
   */
  intend(callSid: CallSid, epoch: number, intent: Intent, facts?: Facts): Promise<boolean>;

  /**
   * A new ticket, and added facts, for a call whose stream was lost or is to move. Clears a `migrate` intent; without
   * one it counts an attempt more than `attempts`, which is how many still count. If the call has another ticket than
   * `replaces` by now, somebody else was faster: nothing changes, and the call comes back as it is. Refused when the
   * call is unknown, has ended, is to hang up or to be transferred, or is no longer in `epoch`.
   */
  retry(
    callSid: CallSid,
    retry: {
      readonly epoch: number;
      readonly replaces: Ticket | undefined;
      readonly ticket: Ticket;
      readonly attempts: number;
      readonly facts?: Facts;
    },
  ): Promise<CallEntry | undefined>;

  /**
   * The call is over, and its record is with analytics. Twice is once. False: the epoch is over, somebody newer
   * decides. What is left can be read for ten minutes.
   */
  end(callSid: CallSid, epoch: number): Promise<boolean>;

  /** Writes to the journal, in order, if the epoch still holds; false if it does not. */
  append(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean>;
  journal(callSid: CallSid): Promise<readonly string[]>;

  /**
   * Puts a live call back that Redis has forgotten (a restart without its data, a failover that lost the last writes).
   * True: it is there, in this epoch, and if anything was missing its journal is empty. False: somebody newer, or its
   * end, is known.
   */
  restore(entry: CallEntry): Promise<boolean>;

  /**
   * Drops what is left of a call that is not live; false: it is. For a CallSid that is open but unknown, only if it
   * was unknown some seconds ago too: a claim names it as open first and takes it then.
   */
  forget(callSid: CallSid): Promise<boolean>;

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
