import type {ProcessId} from '../protocol/ids.ts';
import type {Millis} from '../time.ts';

export type Verdict = 'alive' | 'suspect' | 'dead';

/** Suspect after this long without a heartbeat. */
const SUSPECT_SILENCE: Millis = 100;
/** Dead, or hung, after this long without a heartbeat while Redis is well. To a caller both are the same. */
const SILENCE: Millis = 250;
/**
 * The limit when most peers fall silent together (the machine or the network is slow), and after a death, when the
 * other workers are busy with its calls. One death must not cause the next.
 */
const PATIENT_SILENCE: Millis = 1_000;
/**
 * The limit when all peers, at least two, are silent: no other worker could take their calls. A slow machine has
 * recovered by then, and the calls have not moved.
 */
const SILENCE_OF_ALL: Millis = 3_000;
/** A peer whose heartbeats are sometimes late is dead only after this many times its longest recent pause… */
const TIMES_LONGEST = 3;
/** …which is multiplied by this at each heartbeat: it halves in 3.5 s. */
const FADE = 0.99;
/** How long the other workers are busy after a death. */
const BUSY: Millis = 2_000;
/** After an outage of Redis, subscribers come back later than publishers. No peer is judged in this time. */
const SETTLING: Millis = 1_000;
/**
 * If two calls of `look` are further apart than this, our event loop was blocked, and heartbeats may have arrived
 * unread.
 */
const LATE: Millis = 45;
/** A peer is forgotten after this long without a heartbeat; it owns no call any more. */
const FORGET: Millis = 60_000;

/**
 * Decides which peers are alive, from heartbeats and presence channels. Pure: events and monotonic times are
 * parameters.
 *
 *        beat                   100 ms without a beat    250 ms     beat
 *   ──────┬──────────────────────────────┬──────────────────┬────────┬───
 *   alive │            alive             │      suspect     │  dead  │ alive
 *
 *                  its presence channel is gone
 *   ──────────────────────────┬───────────────
 *             alive           │  dead
 *
 * A silent peer gets more than 250 ms in four cases:
 * - Most peers are silent at once: one second. The machine is slow, and moving all calls would not make it faster.
 * - All peers are silent: three seconds. No other worker could take the calls.
 * - Another peer died less than two seconds ago: one second. The others are busy with its calls.
 * - It is often late: three times its longest recent pause, up to one second.
 * No peer is dead by silence while Redis is unwell, nor for one second after, nor at a `look` that comes late, because
 * heartbeats may wait unread; the time of our own block does not count as silence. A peer without any heartbeat is
 * treated as if it had sent one when we began to listen.
 */
export class FailureDetector {
  /**
   * For each peer: its last heartbeat, how long our event loop had been blocked in total by then, and its longest
   * recent pause.
   */
  readonly #lastBeat = new Map<ProcessId, {readonly at: Millis; readonly asleep: Millis; readonly pause: Millis}>();
  readonly #listeningSince: Millis;
  #lastLook: Millis;
  #lookedLate = false;
  /** How long our event loop was blocked in total. Peers may have sent heartbeats in that time. */
  #asleep: Millis = 0;
  #redisWellSince: Millis | undefined;
  /** Dead by silence. */
  readonly #dead = new Set<ProcessId>();
  /** Dead by their presence channel, and since when. Some of them have never sent a heartbeat. */
  readonly #gone = new Map<ProcessId, Millis>();
  #patientUntil: Millis = Number.NEGATIVE_INFINITY;
  #areAllSilent = false;
  #busyUntil: Millis = Number.NEGATIVE_INFINITY;

  /** `redisWellSince`: the value of `MediaBus.wellSince()`. */
  constructor(at: Millis, redisWellSince: Millis | undefined) {
    this.#listeningSince = at;
    this.#lastLook = at;
    this.#redisWellSince = redisWellSince;
  }

  /** A heartbeat of a peer arrived. */
  beat(id: ProcessId, at: Millis): void {
    const before = this.#lastBeat.get(id);
    // A peer that was declared dead and comes back begins without a history.
    const wasDead = this.#dead.has(id) || this.#gone.has(id);
    const pause = before && !wasDead ? Math.max(this.#silenceOf(id, at), before.pause * FADE) : 0;
    this.#lastBeat.set(id, {at, asleep: this.#asleep, pause});
    this.#dead.delete(id);
    this.#gone.delete(id);
  }

  /**
   * The presence channel of a peer has no receiver, so the peer is dead, unless Redis has dropped all subscriptions.
   * Only a lost connection of our own can show that (`linkedSince`: since when ours have been open). How busy we are,
   * or Redis is, does not matter.
   */
  gone(id: ProcessId, at: Millis, linkedSince: Millis | undefined): void {
    if (linkedSince === undefined || at - linkedSince < SETTLING) return;
    this.#gone.set(id, at);
    this.#busyUntil = at + BUSY;
  }

  /** Call it every 15 ms; verdicts are as of the last call. */
  look(at: Millis, redisWellSince: Millis | undefined): void {
    this.#lookedLate = at - this.#lastLook > LATE;
    if (this.#lookedLate) this.#asleep += at - this.#lastLook - LATE;
    this.#lastLook = at;
    this.#redisWellSince = redisWellSince;
    this.#areAllSilent = this.#isEverybodySilent(at);
    if (this.#isCrowdSilent(at)) this.#patientUntil = Math.max(this.#patientUntil, at);
    for (const [id, beat] of this.#lastBeat) {
      if (!this.#dead.has(id) && this.verdict(id, at) === 'dead') {
        this.#dead.add(id);
        this.#busyUntil = at + BUSY;
      }
      if (at - beat.at <= FORGET) continue;
      this.#lastBeat.delete(id);
      this.#dead.delete(id);
    }
    for (const [id, since] of this.#gone) if (at - since > FORGET) this.#gone.delete(id);
  }

  verdict(id: ProcessId, at: Millis): Verdict {
    if (this.#gone.has(id)) return 'dead';
    const silence = this.#silenceOf(id, at);
    const patient = at <= this.#busyUntil || at <= this.#patientUntil;
    const usual = Math.max(SILENCE, (this.#lastBeat.get(id)?.pause ?? 0) * TIMES_LONGEST);
    const ofOne = patient ? PATIENT_SILENCE : Math.min(usual, PATIENT_SILENCE);
    const allowed = this.#areAllSilent ? SILENCE_OF_ALL : ofOne;
    if (this.#canJudge(at) && (this.#dead.has(id) || silence >= allowed)) return 'dead';
    return silence >= SUSPECT_SILENCE ? 'suspect' : 'alive';
  }

  #silenceOf(id: ProcessId, at: Millis): Millis {
    const beat = this.#lastBeat.get(id) ?? {at: this.#listeningSince, asleep: 0};
    return at - beat.at - (this.#asleep - beat.asleep);
  }

  /** At least two peers, and more than half of those with recent heartbeats, are silent. */
  #isCrowdSilent(at: Millis): boolean {
    const silences = [...this.#lastBeat.keys()].map(id => this.#silenceOf(id, at));
    const recent = silences.filter(silence => silence < PATIENT_SILENCE + SILENCE);
    const silent = recent.filter(silence => silence >= SUSPECT_SILENCE).length;
    return silent >= 2 && silent * 2 > recent.length;
  }

  /** All peers with a presence channel, at least two, are silent. */
  #isEverybodySilent(at: Millis): boolean {
    const silences = [...this.#lastBeat.keys()].filter(id => !this.#gone.has(id)).map(id => this.#silenceOf(id, at));
    const recent = silences.filter(silence => silence < SILENCE_OF_ALL + SILENCE);
    return recent.length >= 2 && recent.every(silence => silence >= SUSPECT_SILENCE);
  }

  #canJudge(at: Millis): boolean {
    const settled = this.#redisWellSince !== undefined && at - this.#redisWellSince >= SETTLING;
    return settled && !this.#lookedLate && at - this.#lastLook <= LATE;
  }
}
