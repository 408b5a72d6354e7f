import type {CallSid, ProcessId, Ticket} from '../protocol/ids.ts';
import {ADMISSION_TTL_S, CALL_OVER_TTL_S, ENDED_CALL_TTL_S, TICKET_TTL_S} from '../redis/keys.ts';
import type {Clock, Millis} from '../time.ts';
import type {CallDirectory, CallEntry, Claim, TicketGrant} from './call-directory.ts';
import {PARTY_FACTS} from './stored-call.ts';

const isOfParty = (name: string) => PARTY_FACTS.some(fact => fact === name);

/** So many open calls are one part of a scan. */
const PART = 50;

/** The call directory in the memory of one process. It is the reference for the one in Redis. */
export class MemoryCallDirectory implements CallDirectory {
  readonly #clock: Clock;
  readonly #calls = new Map<CallSid, {entry: CallEntry; goneAt: Millis}>();
  readonly #journals = new Map<CallSid, string[]>();
  readonly #pasts = new Map<CallSid, readonly string[]>();
  readonly #tickets = new Map<Ticket, {grant: TicketGrant; goneAt: Millis}>();
  readonly #open = new Set<CallSid>();
  readonly #claimed = new Map<ProcessId, Set<CallSid>>();
  readonly #admissions = new Map<CallSid, Millis>();
  /** Until when it is remembered that a call has ended. */
  readonly #over = new Map<CallSid, Millis>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(callSid: CallSid): Promise<CallEntry | undefined> {
    return this.#get(callSid);
  }

  async startAdmission(callSid: CallSid): ReturnType<CallDirectory['startAdmission']> {
    const now = this.#clock.now();
    if (now < (this.#over.get(callSid) ?? now)) return 'over';
    if (now < (this.#admissions.get(callSid) ?? now)) return 'underway';
    this.#admissions.set(callSid, now + ADMISSION_TTL_S * 1_000);
    return 'begun';
  }

  async endAdmission(callSid: CallSid): Promise<void> {
    this.#admissions.delete(callSid);
  }

  async claim(callSid: CallSid, claim: Parameters<CallDirectory['claim']>[1]): Promise<Claim> {
    const {epoch, owner, at, assistant, ticket, facts = {}} = claim;
    const call = this.#get(callSid);
    if ((call?.epoch ?? 0) !== epoch || call?.state === 'ended') return {won: false, call};
    const fresh: CallEntry = {
      callSid,
      state: 'live',
      epoch,
      owner,
      assistant: '',
      attempts: 0,
      startedAt: at,
      facts: {},
    };
    const before = call ?? fresh;
    const won: CallEntry = {
      ...before,
      epoch: epoch + 1,
      owner,
      ...(assistant === undefined ? {} : {assistant}),
      ...(ticket === undefined ? {} : {ticket}),
      facts: {...before.facts, ...facts},
    };
    this.#list(callSid, owner);
    return {won: true, call: this.#put(won), journal: await this.journal(callSid)};
  }

  async attach(
    callSid: CallSid,
    {epoch, streamSid, edge}: Parameters<CallDirectory['attach']>[1],
  ): ReturnType<CallDirectory['attach']> {
    const call = this.#live(callSid);
    if (call?.stream?.streamSid === streamSid && call.stream.edge === edge) return {call};
    if (call?.epoch !== epoch) return undefined;
    const next = this.#put({...call, epoch: call.stream ? epoch + 1 : epoch, stream: {streamSid, edge}});
    return call.stream ? {call: next, replaced: call.stream} : {call: next};
  }

  async intend(...[callSid, epoch, intent, facts = {}]: Parameters<CallDirectory['intend']>): Promise<boolean> {
    const call = this.#live(callSid);
    if (call?.epoch !== epoch) return false;
    const decided = call.intent !== undefined && call.intent !== 'migrate';
    if (intent !== 'migrate' || !decided) this.#put({...call, intent, facts: {...call.facts, ...facts}});
    return true;
  }

  async retry(
    callSid: CallSid,
    {epoch, replaces, ticket, attempts, facts = {}}: Parameters<CallDirectory['retry']>[1],
  ): Promise<CallEntry | undefined> {
    const call = this.#live(callSid);
    if (call?.epoch !== epoch) return undefined;
    const {intent, ...undecided} = call;
    if (intent !== undefined && intent !== 'migrate') return undefined;
    if (call.ticket !== replaces) return call;
    const counted = attempts + (intent === 'migrate' ? 0 : 1);
    return this.#put({...undecided, ticket, attempts: counted, facts: {...call.facts, ...facts}});
  }

  async end(callSid: CallSid, epoch: number): Promise<boolean> {
    const call = this.#get(callSid);
    if (call?.epoch !== epoch) return false;
    if (call.state === 'live') {
      const facts = Object.fromEntries(Object.entries(call.facts).filter(([name]) => !isOfParty(name)));
      this.#put({...call, facts, state: 'ended'}, ENDED_CALL_TTL_S * 1_000);
      this.#journals.delete(callSid);
      this.#pasts.delete(callSid);
      this.#over.set(callSid, this.#clock.now() + CALL_OVER_TTL_S * 1_000);
    }
    this.#open.delete(callSid);
    return true;
  }

  async append(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean> {
    if (this.#live(callSid)?.epoch !== epoch) return false;
    this.#journals.set(callSid, [...(this.#journals.get(callSid) ?? []), ...entries]);
    return true;
  }

  async journal(callSid: CallSid): Promise<readonly string[]> {
    return this.#journals.get(callSid) ?? [];
  }

  async compact(...[callSid, epoch, {lines, snapshot}]: Parameters<CallDirectory['compact']>): Promise<boolean> {
    const journal = this.#journals.get(callSid) ?? [];
    if (this.#live(callSid)?.epoch !== epoch || journal.length !== lines) return false;
    const past = this.#pasts.get(callSid);
    this.#pasts.set(callSid, past ? [...past, ...journal.slice(1)] : journal);
    this.#journals.set(callSid, [snapshot]);
    return true;
  }

  async rewrite(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean> {
    if (this.#live(callSid)?.epoch !== epoch) return false;
    this.#journals.set(callSid, [...entries]);
    this.#pasts.delete(callSid);
    return true;
  }

  async past(callSid: CallSid): Promise<readonly string[]> {
    return this.#pasts.get(callSid) ?? [];
  }

  async restore(entry: CallEntry): Promise<boolean> {
    const call = this.#get(entry.callSid);
    if (call && (call.state === 'ended' || call.epoch > entry.epoch)) return false;
    this.#list(entry.callSid, entry.owner);
    if (call?.epoch === entry.epoch) return true;
    this.#journals.delete(entry.callSid);
    this.#pasts.delete(entry.callSid);
    this.#put(entry);
    return true;
  }

  async forget(callSid: CallSid): Promise<boolean> {
    if (this.#live(callSid)) return false;
    this.#calls.delete(callSid);
    this.#journals.delete(callSid);
    this.#pasts.delete(callSid);
    this.#open.delete(callSid);
    return true;
  }

  async putTicket(ticket: Ticket, grant: TicketGrant): Promise<void> {
    this.#tickets.set(ticket, {grant, goneAt: this.#clock.now() + TICKET_TTL_S * 1_000});
  }

  async takeTicket(ticket: Ticket): Promise<TicketGrant | undefined> {
    const taken = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return taken && this.#clock.now() < taken.goneAt ? taken.grant : undefined;
  }

  async open(): Promise<readonly CallSid[]> {
    return [...this.#open];
  }

  async scanOpen(cursor: string): ReturnType<CallDirectory['scanOpen']> {
    const open = await this.open();
    const until = Number(cursor) + PART;
    return {calls: open.slice(Number(cursor), until), cursor: until < open.length ? String(until) : '0'};
  }

  async owners(): Promise<readonly ProcessId[]> {
    return [...this.#claimed.keys()];
  }

  async claimedBy(owner: ProcessId, atMost: number): Promise<readonly CallSid[]> {
    return [...(this.#claimed.get(owner) ?? [])].slice(0, atMost);
  }

  async disown(owner: ProcessId, calls: readonly CallSid[]): Promise<void> {
    const claimed = this.#claimed.get(owner);
    for (const callSid of calls) claimed?.delete(callSid);
    if (claimed?.size === 0) this.#claimed.delete(owner);
  }

  async ownersOf(calls: readonly CallSid[]): ReturnType<CallDirectory['ownersOf']> {
    return calls.map(callSid => this.#get(callSid));
  }

  #list(callSid: CallSid, owner: ProcessId): void {
    this.#open.add(callSid);
    const claimed = this.#claimed.get(owner) ?? new Set();
    this.#claimed.set(owner, claimed.add(callSid));
  }

  /** Simulates a Redis that restarts without its data. */
  lose(): void {
    for (const kept of [this.#calls, this.#journals, this.#pasts, this.#tickets, this.#open, this.#claimed])
      kept.clear();
  }

  #get(callSid: CallSid): CallEntry | undefined {
    const kept = this.#calls.get(callSid);
    if (!kept || this.#clock.now() < kept.goneAt) return kept?.entry;
    this.#calls.delete(callSid);
    this.#journals.delete(callSid);
    this.#pasts.delete(callSid);
    return undefined;
  }

  #live(callSid: CallSid): CallEntry | undefined {
    const call = this.#get(callSid);
    return call?.state === 'live' ? call : undefined;
  }

  #put(entry: CallEntry, keep: Millis = Number.POSITIVE_INFINITY): CallEntry {
    this.#calls.set(entry.callSid, {entry, goneAt: this.#clock.now() + keep});
    return entry;
  }
}
