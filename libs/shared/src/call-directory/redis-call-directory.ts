import {randomUUID} from 'node:crypto';
import {z} from 'zod';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import {parse} from '../protocol/parse.ts';
import {CallSid, ProcessId, StreamSid, type Ticket} from '../protocol/ids.ts';
import {
  ADMISSION_TTL_S,
  call as callKey,
  callAdmission,
  callJournal,
  callOver,
  callOwners,
  callPast,
  callsOf,
  CALL_OVER_TTL_S,
  CALL_TTL_S,
  ENDED_CALL_TTL_S,
  openCalls,
  ticketKey,
  TICKET_TTL_S,
} from '../redis/keys.ts';
import type {RedisClient} from '../redis/connect.ts';
import {recordOf} from '../redis/scripts.ts';
import type {CallDirectory, CallEntry, Claim, TicketGrant} from './call-directory.ts';
import * as scripts from './call-scripts.ts';
import {callOfFields, fieldsOfCall, fieldsOfFacts, PARTY_FIELDS} from './stored-call.ts';

/** Redis looks at this many calls for one part of the open ones. */
const SCAN_COUNT = 50;
/** Texts of a call's past that are asked for at once, each of a hundred lines or so. */
const TEXTS_AT_ONCE = 10;

const OwnerAndState = z.object({owner: ProcessId, state: z.enum(['live', 'ended'])});
const Grant = z.object({callSid: CallSid, epoch: z.number().int().nonnegative()});

/**
 * The call directory in Redis, which all processes share. Each method is one script on the keys of one call. Only the
 * set of open calls has another hash tag; it is written so that it lists too many calls rather than too few.
 */
export class RedisCallDirectory implements CallDirectory {
  readonly #redis: RedisClient;
  readonly #key: FleetKey;

  /** `key` signs the facts by which a caller is sent somewhere; without it nothing is signed. */
  constructor(redis: RedisClient, key: FleetKey = NO_FLEET_KEY) {
    this.#redis = redis;
    this.#key = key;
  }

  async read(callSid: CallSid): Promise<CallEntry | undefined> {
    return callOfFields(callSid, this.#key, await this.#redis.hgetall(callKey(callSid)));
  }

  async startAdmission(callSid: CallSid): ReturnType<CallDirectory['startAdmission']> {
    const [over, begun] = await Promise.all([
      this.#redis.exists(callOver(callSid)),
      this.#redis.set(callAdmission(callSid), '1', 'EX', ADMISSION_TTL_S, 'NX'),
    ]);
    if (over === 1) return 'over';
    return begun === 'OK' ? 'begun' : 'underway';
  }

  async endAdmission(callSid: CallSid): Promise<void> {
    await this.#redis.del(callAdmission(callSid));
  }

  async claim(callSid: CallSid, claim: Parameters<CallDirectory['claim']>[1]): Promise<Claim> {
    const {epoch, owner, at, assistant, ticket, facts = {}} = claim;
    const fields = ['owner', owner, ...fieldsOfFacts(callSid, this.#key, facts)];
    if (assistant !== undefined) fields.push('assistant', assistant);
    if (ticket !== undefined) fields.push('ticket', ticket);
    // Sent first, so that a call is listed too early rather than not at all. The claim does not wait for the lists: on a
    // Cluster they may be on a shard that is away, and a caller waits for this claim.
    this.#list(callSid, owner).catch(() => {});
    const args = [epoch, randomUUID(), CALL_TTL_S, at, ...fields];
    const keys = [callKey(callSid), callJournal(callSid)];
    const claiming = scripts.claim(this.#redis, keys, args);
    // In one write with the claim. The claim says how long the journal is, in case it was read before it.
    const early = epoch === 0 ? Promise.resolve([]) : this.#entries(callSid).catch(() => []);
    const {
      reply,
      rest: [now, length],
    } = await claiming;
    const call = callOfFields(callSid, this.#key, recordOf(now));
    if (reply === 'won' && call) {
      const read = await early;
      return {won: true, call, journal: linesOf(read.length === length ? read : await this.#entries(callSid))};
    }
    if (call?.state === 'ended') await this.#redis.srem(openCalls, callSid);
    return {won: false, call};
  }

  /** Puts a call on the lists of the open calls and of the calls of its owner. */
  async #list(callSid: CallSid, owner: ProcessId): Promise<void> {
    await Promise.all([
      this.#redis.sadd(openCalls, callSid),
      this.#redis.sadd(callOwners, owner),
      this.#redis.sadd(callsOf(owner), callSid),
    ]);
  }

  /** The journal of a call: an id, and one field with its text, for each entry. */
  async #entries(callSid: CallSid): Promise<[id: string, fields: string[]][]> {
    return await this.#redis.xrange(callJournal(callSid), '-', '+');
  }

  async attach(
    callSid: CallSid,
    {epoch, streamSid, edge}: Parameters<CallDirectory['attach']>[1],
  ): ReturnType<CallDirectory['attach']> {
    const {reply, rest} = await scripts.attach(this.#redis, [callKey(callSid)], [epoch, streamSid, edge]);
    const call = callOfFields(callSid, this.#key, recordOf(rest[0]));
    if (reply === 'refused' || !call) return undefined;
    const [, oldStream, oldEdge] = rest;
    if (oldStream === '' || oldEdge === '') return {call};
    return {call, replaced: {streamSid: StreamSid.parse(oldStream), edge: ProcessId.parse(oldEdge)}};
  }

  async intend(...[callSid, epoch, intent, facts = {}]: Parameters<CallDirectory['intend']>): Promise<boolean> {
    const {reply} = await scripts.intend(
      this.#redis,
      [callKey(callSid)],
      [epoch, intent, ...fieldsOfFacts(callSid, this.#key, facts)],
    );
    return reply === 'done';
  }

  async retry(
    callSid: CallSid,
    {epoch, replaces, ticket, attempts, facts = {}}: Parameters<CallDirectory['retry']>[1],
  ): Promise<CallEntry | undefined> {
    const args = [epoch, replaces ?? '', ticket, attempts, ...fieldsOfFacts(callSid, this.#key, facts)];
    const {rest} = await scripts.retry(this.#redis, [callKey(callSid)], args);
    return callOfFields(callSid, this.#key, recordOf(rest[0]));
  }

  async end(callSid: CallSid, epoch: number): Promise<boolean> {
    const keys = [...keysOf(callSid), callOver(callSid)];
    const {reply} = await scripts.end(this.#redis, keys, [epoch, ENDED_CALL_TTL_S, CALL_OVER_TTL_S, ...PARTY_FIELDS]);
    if (reply === 'done') await this.#redis.srem(openCalls, callSid);
    return reply === 'done';
  }

  async append(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean> {
    const keys = [callKey(callSid), callJournal(callSid)];
    const {reply} = await scripts.append(this.#redis, keys, [epoch, randomUUID(), CALL_TTL_S, ...entries]);
    return reply === 'done';
  }

  async journal(callSid: CallSid): Promise<readonly string[]> {
    return linesOf(await this.#entries(callSid));
  }

  async compact(...[callSid, epoch, {lines, snapshot}]: Parameters<CallDirectory['compact']>): Promise<boolean> {
    const {reply} = await scripts.compact(this.#redis, keysOf(callSid), [epoch, lines, CALL_TTL_S, snapshot]);
    return reply === 'done';
  }

  async rewrite(callSid: CallSid, epoch: number, entries: readonly string[]): Promise<boolean> {
    const {reply} = await scripts.rewrite(this.#redis, keysOf(callSid), [epoch, CALL_TTL_S, ...entries]);
    return reply === 'done';
  }

  async past(callSid: CallSid): Promise<readonly string[]> {
    const lines: string[] = [];
    // An hour is more than a megabyte, for which the calls of Redis and of this process would have to wait.
    for (let from = 0; ; from += TEXTS_AT_ONCE) {
      const texts = await this.#redis.lrange(callPast(callSid), from, from + TEXTS_AT_ONCE - 1);
      for (const text of texts) lines.push(...text.split('\n'));
      if (texts.length < TEXTS_AT_ONCE) return lines;
    }
  }

  async restore(entry: CallEntry): Promise<boolean> {
    await this.#list(entry.callSid, entry.owner);
    const args = [entry.epoch, CALL_TTL_S, ...fieldsOfCall(entry, this.#key)];
    const {reply} = await scripts.restore(this.#redis, keysOf(entry.callSid), args);
    return reply === 'done';
  }

  async forget(callSid: CallSid): Promise<boolean> {
    const {reply} = await scripts.forget(this.#redis, keysOf(callSid), []);
    if (reply === 'done') await this.#redis.srem(openCalls, callSid);
    return reply === 'done';
  }

  async putTicket(ticket: Ticket, grant: TicketGrant): Promise<void> {
    await this.#redis.set(ticketKey(ticket), JSON.stringify(grant), 'EX', TICKET_TTL_S);
  }

  async takeTicket(ticket: Ticket): Promise<TicketGrant | undefined> {
    const text = await this.#redis.getdel(ticketKey(ticket));
    const grant = parse(Grant, text ?? 'null');
    return grant.ok ? grant.message : undefined;
  }

  async open(): Promise<readonly CallSid[]> {
    return callsIn(await this.#redis.smembers(openCalls));
  }

  async scanOpen(cursor: string): ReturnType<CallDirectory['scanOpen']> {
    const [next, texts] = await this.#redis.sscan(openCalls, cursor, 'COUNT', SCAN_COUNT);
    return {calls: callsIn(texts), cursor: next};
  }

  async owners(): Promise<readonly ProcessId[]> {
    const texts = await this.#redis.smembers(callOwners);
    return texts.flatMap(text => ProcessId.safeParse(text).data ?? []);
  }

  async claimedBy(owner: ProcessId, atMost: number): Promise<readonly CallSid[]> {
    return callsIn(await this.#redis.srandmember(callsOf(owner), atMost));
  }

  async disown(owner: ProcessId, calls: readonly CallSid[]): Promise<void> {
    if (calls.length > 0) await this.#redis.srem(callsOf(owner), ...calls);
    if ((await this.#redis.scard(callsOf(owner))) > 0) return;
    await this.#redis.srem(callOwners, owner);
    // It may have claimed one since, and is listed again then.
    if ((await this.#redis.scard(callsOf(owner))) > 0) await this.#redis.sadd(callOwners, owner);
  }

  async ownersOf(calls: readonly CallSid[]): ReturnType<CallDirectory['ownersOf']> {
    return await Promise.all(
      calls.map(async callSid => {
        const fields = await this.#redis.hmget(callKey(callSid), 'owner', 'state');
        return OwnerAndState.safeParse({owner: fields[0], state: fields[1]}).data;
      }),
    );
  }
}

function callsIn(texts: readonly string[]): CallSid[] {
  return texts.flatMap(text => CallSid.safeParse(text).data ?? []);
}

/** A call, its journal and its past. */
function keysOf(callSid: CallSid): string[] {
  return [callKey(callSid), callJournal(callSid), callPast(callSid)];
}

function linesOf(entries: readonly [id: string, fields: string[]][]): string[] {
  return entries.map(([, [, text = '']]) => text);
}
