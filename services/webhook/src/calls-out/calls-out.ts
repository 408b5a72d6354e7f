import {tellMessage} from '@voicebridge/shared/observability/tell-error.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CarrierCall, CarrierOut} from './carrier-out.ts';
import {
  beginAttempt,
  cancelled,
  type CarrierReport,
  detected,
  finish,
  GIVE_UP_LOOKING,
  isOver,
  lost,
  placed,
  refused,
  reported,
  SILENT_FOR,
  streamEnded,
  wait,
} from './next-state.ts';
import {type Attempt, newOutCall, type OutCall, type Wanted} from './out-call.ts';
import type {OutCallStore} from './out-call-store.ts';
import {callableAt, type QuietHours} from './quiet-hours.ts';
import {zonesOf} from './zones.ts';

export interface CallsOutSettings {
  /** Between two calls of the account. */
  readonly everyMs: Millis;
  /** Calls that may be rung or talked on at the same time. */
  readonly atOnce: number;
  readonly quietHours: QuietHours | undefined;
}

export interface CallsOutDeps {
  readonly store: OutCallStore;
  readonly carrier: CarrierOut;
  readonly settings: CallsOutSettings;
  /** Under which a number is on the list of those that are not called. */
  readonly hashOf: (number: string) => string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** A place is free again, or the carrier takes calls again, after about this long. */
const SOON: Millis = 2_000;
/** An account that is refused is looked at by a person first. */
const AFTER_REFUSAL: Millis = 30_000;

/** When to look at a call again, in Unix milliseconds. `turn`: no call at all may be made before. Neither: never. */
export interface Step {
  readonly again?: Millis;
  readonly turn?: Millis;
}

/** What a call that was answered is made of. */
export interface AnsweredCall {
  readonly assistant: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Makes calls: one step at a time for each call, by whichever webhook comes first. What it knows is in the store, so a
 * process may die at any line.
 */
export class CallsOut {
  readonly #deps: CallsOutDeps;

  constructor(deps: CallsOutDeps) {
    this.#deps = deps;
  }

  /** Takes a call into the queue. The same key gives the same call. */
  async want(id: string, wanted: Wanted, key: string): Promise<OutCall> {
    const {store, clock} = this.#deps;
    return await this.#told(await store.create(newOutCall(id, wanted, clock.wall()), key));
  }

  /** Does what is to be done for a call now. */
  async step(id: string): Promise<Step> {
    const {store, clock} = this.#deps;
    const read = await store.read(id);
    if (!read) return {};
    const call = await this.#told(read);
    if (call.dueAt === null) return {};
    if (call.dueAt > clock.wall()) return {again: call.dueAt};
    if (call.state === 'queued') return await this.#dial(call);
    return await this.#askCarrier(call);
  }

  /** The carrier reports something of a call. False: nobody knows that call. */
  async report(id: string, report: CarrierReport): Promise<boolean> {
    return (await this.#change(id, (call, at) => detected(reported(call, report, at), report, at))) !== undefined;
  }

  /** A stream of the carrier's has ended. The call may be over: then its end is reported, or the carrier is asked soon. */
  async streamEnded(callSid: string): Promise<void> {
    const id = await this.#deps.store.ownerOf(callSid);
    if (id !== undefined) await this.#change(id, (call, at) => streamEnded(call, callSid, at));
  }

  /** The call is answered, and the carrier asks what to do. Undefined: it is not ours, or it is not wanted any more. */
  async answered(id: string, attempt: number, callSid: string): Promise<AnsweredCall | undefined> {
    const before = await this.#deps.store.read(id);
    if (!before) return undefined;
    const {assistant, variables} = before;
    const call = await this.#change(id, (each, at) => reported(each, {attempt, callSid, status: 'in-progress'}, at));
    // Of two calls for one attempt, which cannot be, the second is not talked on.
    return call?.attempts[attempt - 1]?.callSid === callSid ? {assistant, variables} : undefined;
  }

  /** Takes a call back, or ends it. Undefined: nobody knows that call. */
  async cancel(id: string): Promise<OutCall | undefined> {
    const call = await this.#change(id, (each, at) => (each.state === 'queued' ? cancelled(each, at) : each));
    const callSid = call?.attempts.at(-1)?.callSid;
    if (call && !isOver(call) && callSid !== undefined) await this.#deps.carrier.hangUp(callSid);
    return call;
  }

  async #dial(call: OutCall): Promise<Step> {
    const {store, carrier, settings, hashOf, clock, log} = this.#deps;
    const at = clock.wall();
    const {to} = call;
    if (to === null) return {};
    if (at > call.deadline) return await this.#save(call, finish(call, 'expired', at, 'its deadline has passed'));
    if (await store.isForbidden(hashOf(to)))
      return await this.#save(call, finish(call, 'refused', at, 'this number is not to be called'));
    const zones = call.zone === null ? zonesOf(to) : [call.zone];
    const mayRing = zones && callableAt(settings.quietHours, zones, at);
    if (mayRing === undefined || mayRing > call.deadline)
      return await this.#save(call, finish(call, 'expired', at, 'it may not ring before its deadline: quiet hours'));
    if (mayRing > at) return await this.#save(call, wait(call, mayRing));
    if ((await store.busy()) >= settings.atOnce) return await this.#save(call, wait(call, at + SOON));
    const turn = await store.reserve(at, settings.everyMs);
    if (turn > at) return {turn};
    const begun = beginAttempt(call, at);
    // Whoever writes this may ask the carrier, and nobody else, ever.
    if (!(await store.swap(begun, call.version))) return {again: at + SOON};
    const attempt = begun.attempts.length;
    const {from, ringSeconds, detectMachines, id} = call;
    const dialled = await carrier.dial({to, from, ringSeconds, detectMachines, out: id, attempt});
    if (dialled.outcome === 'unknown') {
      log.warn({out: id, attempt, why: dialled.reason}, 'it is not known yet whether a call was made');
      return {again: at + SILENT_FOR};
    }
    const next = await this.#change(id, (each, now) => {
      if (dialled.outcome === 'placed') return placed(each, attempt, dialled.callSid, now);
      // The carrier has reported this attempt, so it was not refused.
      if (each.attempts.length !== attempt || each.attempts[attempt - 1]?.callSid !== undefined) return each;
      return refused(each, dialled.reason, now, dialled.again ? now + AFTER_REFUSAL : undefined);
    });
    if (dialled.outcome === 'refused') log.warn({out: id, attempt, why: dialled.reason}, 'the carrier refused a call');
    return againOf(next);
  }

  /** Nothing was heard of an attempt for a while. */
  async #askCarrier(call: OutCall): Promise<Step> {
    const {carrier, clock, log} = this.#deps;
    const at = clock.wall();
    const number = call.attempts.length;
    const attempt = call.attempts[number - 1];
    if (!attempt || call.to === null) return {};
    try {
      const known =
        attempt.callSid === undefined ? await this.#traceOf(call, attempt) : await carrier.find(attempt.callSid);
      if (known) {
        const report = {attempt: number, ...known};
        const next = await this.#change(call.id, (each, now) => {
          const changed = reported(each, report, now);
          return changed.dueAt !== null && changed.dueAt <= now ? {...changed, dueAt: now + SILENT_FOR} : changed;
        });
        return againOf(next);
      }
    } catch (thrown) {
      log.warn({out: call.id, why: tellMessage(thrown)}, 'the carrier cannot be asked about a call');
      return await this.#save(call, {...call, dueAt: at + SILENT_FOR});
    }
    if (at - attempt.at < GIVE_UP_LOOKING) return await this.#save(call, {...call, dueAt: at + SILENT_FOR});
    return await this.#save(call, lost(call, at));
  }

  /** Saves a change of a call that was read. If somebody else was faster, it is looked at again. */
  async #save(call: OutCall, next: OutCall): Promise<Step> {
    const {store, clock} = this.#deps;
    if (!(await store.swap(next, call.version))) return {again: clock.wall()};
    return againOf(await this.#told({...next, version: call.version + 1}));
  }

  /** The call that the carrier made of an attempt, if it is the only one that can be it. */
  async #traceOf({to}: OutCall, {at}: Attempt): Promise<CarrierCall | undefined> {
    const {store, carrier} = this.#deps;
    const found: CarrierCall[] = [];
    for (const one of await carrier.callsTo(to ?? '', at - SOON))
      if ((await store.ownerOf(one.callSid)) === undefined) found.push(one);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Changes a call, whoever else does. Undefined: nobody knows it. */
  async #change(id: string, change: (call: OutCall, at: Millis) => OutCall): Promise<OutCall | undefined> {
    const {store, clock} = this.#deps;
    for (;;) {
      const call = await store.read(id);
      if (!call) return undefined;
      const next = change(call, clock.wall());
      if (next === call) return call;
      if (await store.swap(next, call.version)) return await this.#told({...next, version: call.version + 1});
    }
  }

  /** Hands over what others are to be told. */
  async #told(call: OutCall): Promise<OutCall> {
    const {store} = this.#deps;
    if (call.told >= call.events.length) return call;
    for (const [seq, {type, at, data}] of call.events.entries()) {
      if (seq < call.told) continue;
      const {id, assistant, state} = call;
      const event = {id: `out.${id}.${seq}`, subject: id, seq, type, at};
      await store.tell({...event, data: {id, assistant, state, ...data}});
    }
    const next = {...call, told: call.events.length};
    return (await store.swap(next, call.version)) ? {...next, version: call.version + 1} : call;
  }
}

function againOf(call: OutCall | undefined): Step {
  return call === undefined || call.dueAt === null ? {} : {again: call.dueAt};
}
