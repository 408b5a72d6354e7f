import type {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';

/**
 * What must happen to the caller when the current stream ends. Without an intent, a stream that ends was an unexpected disconnect.
 * `apologise`: no model can be reached, and the webhook must say so.
 */
export type Intent = 'hang-up' | 'transfer' | 'migrate' | 'apologise';

/** What is known of one call. The fields are texts because it is stored as a Redis hash. */
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
  /** How many times the stream was reopened after an unexpected disconnect, without those that no longer count. */
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly facts: Facts;
}

/** What is needed to serve a call. */
export type ServedCall = Pick<CallEntry, 'callSid' | 'state' | 'epoch' | 'owner' | 'assistant' | 'facts'> & {
  readonly [Name in 'ticket' | 'stream' | 'intent']?: CallEntry[Name] | undefined;
};

/** Facts from when the call came in, and those that its owner adds: direction, hashed numbers, trace context. */
export type Facts = Readonly<Record<string, string>>;

export type Claim =
  | {readonly won: true; readonly call: CallEntry; readonly journal: readonly string[]}
  | {readonly won: false; readonly call: CallEntry | undefined};

/**
 * Who owns a call. Every method is one atomic step. Every write names the epoch it was decided in, so that a process
 * that hung while the call moved can do no harm.
 */
export interface CallDirectory {
  read(callSid: CallSid): Promise<CallEntry | undefined>;

  /**
   * Call it before looking for the owner of a new call. `underway`: another webhook began to look less than 3 s ago. Without
   * this, Twilio's repeated request for one call would take two places until one is given back. `over`: the call ended
   * within the last day, and who asks for it repeats a request that was seen.
   */
  startAdmission(callSid: CallSid): Promise<'begun' | 'underway' | 'over'>;
  endAdmission(callSid: CallSid): Promise<void>;

  /**
   * Makes a worker the owner of a call if its epoch still is `epoch` (0: a new call) and it has not ended. The epoch
   * becomes one higher. Of many claims with the same epoch exactly one wins. It gets the journal of the previous
   * owners, who can write no more. The others get the call as it is.
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
   * A stream of this call is open on an edge. The first stream keeps the epoch. A later one raises it and wins, and the
   * answer names the stream that it replaced. The current stream changes nothing. Refused if the call is unknown, has
   * ended, or has another epoch.
   */
  attach(
    callSid: CallSid,
    attach: {readonly epoch: number; readonly streamSid: StreamSid; readonly edge: ProcessId},
  ): Promise<{readonly call: CallEntry; readonly replaced?: {streamSid: StreamSid; edge: ProcessId}} | undefined>;

  /**
   * Sets the intent; it must be written before the stream is closed. `facts` are added to those of the call
   * (`transferTo`; `heldUntil` in Unix milliseconds: a caller who is connected before then is told to wait; `away`: where
   * the caller is until the next stream). `migrate` never replaces one of the others. False: the call has ended or has another epoch.
   */
  intend(callSid: CallSid, epoch: number, intent: Intent, facts?: Facts): Promise<boolean>;

  /**
   * Gives a call whose stream was lost or must move a new ticket, and adds facts. Clears the intent `migrate`; without
   * it, the attempts become `attempts` (those that still count) plus one. If the call's ticket is not `replaces` any
   * more, another request was faster: nothing changes, and the call is returned as it is. Refused if the call is
   * unknown, has ended, has the intent to hang up or to transfer, or has another epoch.
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
   * Ends the call after its record was sent to analytics. Idempotent. False: the call has another epoch, and its newer
   * owner decides. The call stays readable for ten minutes, without its journal and without the facts that say who called whom,
   * and cannot be admitted again for a day.
   */
  end(callSid: CallSid, epoch: number): Promise<boolean>;

  /** Appends to the journal, in order. False: the call has another epoch. */
  append(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean>;
  /** The journal as the next owner gets it: after `compact` it begins with the snapshot. */
  journal(callSid: CallSid): Promise<readonly string[]>;

  /**
   * Moves the journal to the call's past, and begins it anew with a snapshot (one line) that stands for it, so that the
   * next owner reads as much of an old call as of a young one. `lines`: how many the snapshot stands for, the snapshot
   * before included. False: nothing changed, because the call has another epoch or its journal other lines.
   */
  compact(
    callSid: CallSid,
    epoch: number,
    snapshot: {readonly lines: number; readonly snapshot: string},
  ): Promise<boolean>;
  /**
   * Writes the whole journal anew, in a form that all workers can read: `entries` are all there are, and the call has no past
   * any more. False: the call has another epoch.
   */
  rewrite(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean>;
  /** The lines that were moved to the call's past, oldest first, without snapshots. */
  past(callSid: CallSid): Promise<readonly string[]>;

  /**
   * Writes a live call back that Redis has lost (a restart without its data, a failover that lost the last writes).
   * True: the call is there in this epoch; if anything was missing, its journal is empty. False: a newer owner or the
   * end of the call is known.
   */
  restore(entry: CallEntry): Promise<boolean>;

  /**
   * Deletes a call that is not live. False: it is live. A call that is listed as open and otherwise unknown is deleted
   * only if that was so some seconds ago too, because a claim lists the call first.
   */
  forget(callSid: CallSid): Promise<boolean>;

  /** Stores a ticket for 60 s. */
  putTicket(ticket: Ticket, grant: TicketGrant): Promise<void>;
  /** Redeems a ticket. It can be redeemed once. */
  takeTicket(ticket: Ticket): Promise<TicketGrant | undefined>;

  /** The calls that have an owner and no record yet. For tests and tools: it grows with all calls there are. */
  open(): Promise<readonly CallSid[]>;

  /** A part of the open calls, and the cursor of the next part; '0' begins, and comes back after the last part. */
  scanOpen(cursor: string): Promise<{readonly calls: readonly CallSid[]; readonly cursor: string}>;
  /** The workers that have claimed calls, including those that are dead and whose calls nobody has looked after yet. */
  owners(): Promise<readonly ProcessId[]>;
  /** Calls that this worker claimed, some of all if there are more than `atMost`. It may not own them any more. */
  claimedBy(owner: ProcessId, atMost: number): Promise<readonly CallSid[]>;
  /** This worker does not own these calls any more. A worker without calls is no longer one of the `owners`. */
  disown(owner: ProcessId, calls: readonly CallSid[]): Promise<void>;
  /** Owner and state of many calls, in their order; undefined for a call that is unknown. */
  ownersOf(calls: readonly CallSid[]): Promise<readonly (Pick<CallEntry, 'owner' | 'state'> | undefined)[]>;
}

/** The stream that a ticket allows. */
export interface TicketGrant {
  readonly callSid: CallSid;
  readonly epoch: number;
}
