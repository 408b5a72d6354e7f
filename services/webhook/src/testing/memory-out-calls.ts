import type {Millis} from '@voicebridge/shared/time.ts';
import type {OutCall} from '../calls-out/out-call.ts';
import type {OutCallStore, OutEvent} from '../calls-out/out-call-store.ts';

const BUSY = new Set<OutCall['state']>(['dialling', 'placed', 'ringing', 'answered']);

/** The calls that are to be made, in the memory of a test. */
export class MemoryOutCalls implements OutCallStore {
  readonly calls = new Map<string, OutCall>();
  readonly events = new Map<string, OutEvent>();
  readonly #keys = new Map<string, string>();
  readonly #owners = new Map<string, string>();
  readonly #forbidden = new Set<string>();
  #turnAt: Millis = Number.NEGATIVE_INFINITY;

  async create(call: OutCall, key: string): Promise<OutCall> {
    const known = this.calls.get(this.#keys.get(key) ?? '');
    if (known) return known;
    this.#keys.set(key, call.id);
    this.calls.set(call.id, call);
    return call;
  }

  async read(id: string): Promise<OutCall | undefined> {
    return this.calls.get(id);
  }

  async swap(call: OutCall, version: number): Promise<boolean> {
    if (this.calls.get(call.id)?.version !== version) return false;
    this.calls.set(call.id, {...call, version: version + 1});
    for (const {callSid} of call.attempts) if (callSid !== undefined) this.#owners.set(callSid, call.id);
    return true;
  }

  async due(wall: Millis, atMost: number): Promise<readonly string[]> {
    const due = [...this.calls.values()].filter(({dueAt}) => dueAt !== null && dueAt <= wall);
    return due
      .toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
      .slice(0, atMost)
      .map(({id}) => id);
  }

  async newest(atMost: number): Promise<readonly OutCall[]> {
    return [...this.calls.values()].toReversed().slice(0, atMost);
  }

  async busy(): Promise<number> {
    return [...this.calls.values()].filter(({state}) => BUSY.has(state)).length;
  }

  async reserve(wall: Millis, everyMs: Millis): Promise<Millis> {
    // A last turn that is far in the future is of a clock that was wrong.
    const isNear = this.#turnAt <= wall + everyMs;
    if (isNear && wall < this.#turnAt + everyMs) return this.#turnAt + everyMs;
    this.#turnAt = wall;
    return wall;
  }

  async ownerOf(callSid: string): Promise<string | undefined> {
    return this.#owners.get(callSid);
  }

  async forbid(hash: string, isForbidden: boolean): Promise<void> {
    if (isForbidden) this.#forbidden.add(hash);
    else this.#forbidden.delete(hash);
  }

  async isForbidden(hash: string): Promise<boolean> {
    return this.#forbidden.has(hash);
  }

  async tell(event: OutEvent): Promise<void> {
    this.events.set(event.id, event);
  }
}
