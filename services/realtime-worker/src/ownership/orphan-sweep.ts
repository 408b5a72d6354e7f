import type {CallDirectory, CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet} from '@voicebridge/shared/fleet/fleet.ts';
import {responsible} from '@voicebridge/shared/fleet/responsible.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {outcomeOf, planOf} from '@voicebridge/shared/protocol/away.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {FinishedCall} from '../cdr/send-cdr.ts';
import type {JournalSeal} from '../events/journal-seal.ts';
import {endElsewhere} from '../journal/end-elsewhere.ts';
import {claimOrphan} from './take-call.ts';

const SWEEP_EVERY: Millis = 5_000;
/** An edge finds a new owner long before this, so a call without an owner for this long has no edge either. */
const ORPHANED_AFTER: Millis = 15_000;
/** A caller on hold is connected to an edge again at most this long after the hold ends. */
const BACK_WITHIN: Millis = 30_000;
/** The most calls of one list in one sweep, of each kind. The rest comes in the next sweep. */
const CALLS_AT_MOST = 500;
/** Parts of the list of all open calls in one sweep: about 500 calls. */
const PARTS_PER_SWEEP = 10;

export interface SweepOptions {
  readonly directory: CallDirectory;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly worker: ProcessId;
  readonly clock: Clock;
  readonly log: Log;
  readonly sealOf: (callSid: CallSid) => JournalSeal;
  /** Whether this worker owns the call or is taking it. */
  readonly isOwnedHere: (callSid: CallSid) => boolean;
  /** Called with each orphaned call that this worker has claimed. */
  readonly onOrphan: (orphan: FinishedCall) => Promise<void>;
}

/**
 * Looks for calls whose owner died and that no other worker took over: the caller hung up at that moment, or the edge
 * died too. Each is claimed in the directory, so that only one worker sends its record. Returns a function that stops it.
 *
 * It costs the same however many calls are open. The directory lists the calls of each worker: read are those of dead
 * workers, each by one worker, and those that this worker has claimed and does not have. The list of all calls is read a
 * part at a time, for the calls of workers that keep no such list (of an older version, or Redis lost it).
 */
export function sweepOrphans(options: SweepOptions): Cancel {
  const sweep = new OrphanSweep(options);
  let isOver = false;
  // A worker that wakes as it ends has begun to look, and then closes its connections.
  const look = () =>
    sweep.run().catch((thrown: unknown) => {
      if (!isOver) throw thrown;
    });
  const stop = every(options.clock, SWEEP_EVERY, () => background(look(), options.log, 'looking for orphans'));
  return () => {
    isOver = true;
    stop();
  };
}

class OrphanSweep {
  readonly #options: SweepOptions;
  /** Calls that seem to have no owner, and since when. */
  readonly #suspects = new Map<CallSid, Millis>();
  #cursor = '0';

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const {fleet, worker} = this.#options;
    const alive = new Set((await fleet.members('workers')).map(({id}) => id));
    // Not announced yet, or Redis has forgotten the fleet: others look after the calls.
    if (!alive.has(worker)) return;
    await this.#lookAtLists(alive);
    this.#suspect(await this.#nextOpen(alive), alive);
    await this.#judge(alive);
  }

  /** The calls that this worker claimed and does not have, and those of dead workers that it looks after. */
  async #lookAtLists(alive: ReadonlySet<ProcessId>): Promise<void> {
    const {directory, worker} = this.#options;
    const owners = await directory.owners();
    const dead = owners.filter(owner => !alive.has(owner) && responsible(owner, alive) === worker);
    for (const owner of [worker, ...dead]) {
      const found = await this.#read(await directory.claimedBy(owner, CALLS_AT_MOST));
      const gone = found.filter(each => this.#isGone(each, owner)).map(({callSid}) => callSid);
      if (gone.length > 0 || owner !== worker) await directory.disown(owner, gone);
      this.#suspect(
        found.filter(({callSid}) => !gone.includes(callSid)),
        alive,
      );
    }
  }

  /** Whether a call has no place in the list of this owner any more. A claim lists the call before it is known. */
  #isGone({callSid, call}: Found, owner: ProcessId): boolean {
    if (call) return call.state === 'ended' || call.owner !== owner;
    return this.#options.clock.now() - (this.#suspects.get(callSid) ?? Number.POSITIVE_INFINITY) >= ORPHANED_AFTER;
  }

  /** The next part of all open calls, as far as this worker looks after them. */
  async #nextOpen(alive: ReadonlySet<ProcessId>): Promise<readonly Found[]> {
    const {directory, worker} = this.#options;
    const mine: CallSid[] = [];
    for (let part = 0; part < PARTS_PER_SWEEP; part += 1) {
      const {calls, cursor} = await directory.scanOpen(this.#cursor);
      mine.push(...calls.filter(callSid => responsible(callSid, alive) === worker));
      this.#cursor = cursor;
      if (cursor === '0') break;
    }
    return await this.#read(mine);
  }

  async #read(calls: readonly CallSid[]): Promise<readonly Found[]> {
    const {directory, isOwnedHere} = this.#options;
    const others = calls.filter(callSid => !isOwnedHere(callSid));
    const known = await directory.ownersOf(others);
    return others.map((callSid, place) => ({callSid, call: known[place]}));
  }

  #suspect(found: readonly Found[], alive: ReadonlySet<ProcessId>): void {
    const at = this.#options.clock.now();
    for (const {callSid, call} of found) {
      if (this.#isFine(call, alive)) this.#suspects.delete(callSid);
      else if (!this.#suspects.has(callSid)) this.#suspects.set(callSid, at);
    }
  }

  #isFine(call: Found['call'], alive: ReadonlySet<ProcessId>): boolean {
    return call?.state === 'live' && alive.has(call.owner) && call.owner !== this.#options.worker;
  }

  /** Claims the calls that have had no owner for long enough. */
  async #judge(alive: ReadonlySet<ProcessId>): Promise<void> {
    const {directory, clock, log, isOwnedHere, onOrphan} = this.#options;
    const due = [...this.#suspects].filter(([, since]) => clock.now() - since >= ORPHANED_AFTER);
    for (const [callSid] of due.slice(0, CALLS_AT_MOST)) {
      const call = await directory.read(callSid);
      // While the caller is on hold at Twilio, or elsewhere, there is no edge that could look for an owner.
      if (call && clock.wall() < outUntil(call) + BACK_WITHIN) continue;
      this.#suspects.delete(callSid);
      if (isOwnedHere(callSid) || this.#isFine(call, alive)) continue;
      // The lists are out of date: the owner died before it removed the call, or Redis lost the call's entry.
      if (call?.state === 'ended') await directory.end(callSid, call.epoch);
      if (!call) await directory.forget(callSid);
      if (!call || call.state === 'ended') continue;
      const orphan = await claimOrphan(callSid, this.#options);
      if (!orphan) continue;
      log.warn({callSid, owner: call.owner}, 'found a call without an owner');
      const entries = [...orphan.entries, ...endElsewhere(orphan.entries, orphan.call, clock.wall())];
      await onOrphan({callSid, epoch: orphan.call.epoch, entries});
    }
  }
}

/** Until when a caller without an edge may come back, in Unix milliseconds. One whom a person took does not. */
function outUntil(call: CallEntry): number {
  const {heldUntil = 0, awayUntil = 0} = call.facts;
  const plan = planOf(call);
  return Math.max(Number(heldUntil), plan && outcomeOf(call, plan.away) === undefined ? Number(awayUntil) : 0);
}

interface Found {
  readonly callSid: CallSid;
  readonly call: {readonly owner: ProcessId; readonly state: 'live' | 'ended'} | undefined;
}
