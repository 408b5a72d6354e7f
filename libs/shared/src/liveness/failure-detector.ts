import type {ProcessId} from '../protocol/ids.ts';
import type {Millis} from '../time.ts';

export type Verdict = 'alive' | 'suspect' | 'dead';

/** No heartbeat for so long: somebody to keep an eye on. */
const SUSPECT_SILENCE: Millis = 100;
/** No heartbeat for so long, though Redis is well: dead, or hung, which is the same to a caller. */
const SILENCE: Millis = 250;
/**
 * When most of them fall silent together it is the machine or the network, and after a death the others are busy with
 * what it left: then they get this long to speak again. One death must not cause the next.
 */
const PATIENT_SILENCE: Millis = 1_000;
/**
 * When all of them are silent, two or more, nobody is left who could take their calls: they get this long. A machine
 * without time to spare is back by then, and the calls are still where they were.
 */
const SILENCE_OF_ALL: Millis = 3_000;
/** Somebody whose beats come late now and then is only dead after this many times his longest pause lately… */
const TIMES_LONGEST = 3;
/** …of which so much is forgotten at each beat: half of it in 3.5 s. */
const FADE = 0.99;
/** How long the living are busy after a death. */
const BUSY: Millis = 2_000;
/** After an outage subscribers come back later than publishers: so long nobody is judged. */
const SETTLING: Millis = 1_000;
/**
 * A look that comes so much later than the last one is late: we were busy or asleep, and what the others said meanwhile
 * is still unread.
 */
const LATE: Millis = 45;
/** Somebody silent for so long is nobody's owner any more. */
const FORGET: Millis = 60_000;

/**
 * Who is alive, judged by heartbeats and presences. No sockets, no timers: what was seen and the monotonic time go in, a
 * verdict comes out.
 *
 *        beat                   100 ms without a beat    250 ms     beat
 *   ──────┬──────────────────────────────┬──────────────────┬────────┬───
 *   alive │            alive             │      suspect     │  dead  │ alive
 *
 *                  its presence channel is gone
 *   ──────────────────────────┬───────────────
 *             alive           │  dead
 *
 * Most of them silent at once get a second: that is the machine, and moving all their calls would not make it faster.
 * All of them silent get three: nobody else could take the calls.
 * So do the others for two seconds after a death, while they take over its calls; and whoever is often late gets longer.
 * Nobody is dead by silence while Redis is unwell, for a second after it came back, or at a look that comes late: before the next
 * one we have read what was waiting; and the time that we were late is no silence of theirs. A peer never heard of is
 * treated as if it had spoken when we began to listen.
 */
export class FailureDetector {
  /** When each peer was last heard, how long we had been asleep in all by then, and its longest pause lately. */
  readonly #lastBeat = new Map<ProcessId, {readonly at: Millis; readonly asleep: Millis; readonly pause: Millis}>();
  readonly #listeningSince: Millis;
  #lastLook: Millis;
  #lookedLate = false;
  /** How long we were busy or asleep in all: the others may have spoken then, and be as busy as we were. */
  #asleep: Millis = 0;
  #redisWellSince: Millis | undefined;
  /** By their silence. */
  readonly #dead = new Set<ProcessId>();
  /** By their presence channel, and since when; some of them never spoke to us. */
  readonly #gone = new Map<ProcessId, Millis>();
  #patientUntil: Millis = Number.NEGATIVE_INFINITY;
  #areAllSilent = false;
  #busyUntil: Millis = Number.NEGATIVE_INFINITY;

  /** `redisWellSince`: as `MediaBus.wellSince()` says it. */
  constructor(at: Millis, redisWellSince: Millis | undefined) {
    this.#listeningSince = at;
    this.#lastLook = at;
    this.#redisWellSince = redisWellSince;
  }

  /** A peer gave a sign of life. */
  beat(id: ProcessId, at: Millis): void {
    const before = this.#lastBeat.get(id);
    // A silence that was called a death is over: what comes back begins anew.
    const wasDead = this.#dead.has(id) || this.#gone.has(id);
    const pause = before && !wasDead ? Math.max(this.#silenceOf(id, at), before.pause * FADE) : 0;
    this.#lastBeat.set(id, {at, asleep: this.#asleep, pause});
    this.#dead.delete(id);
    this.#gone.delete(id);
  }

  /**
   * The presence channel of a peer is gone: so is its process, unless Redis has lost everybody's. That only a lost connection of
   * ours can tell (`linkedSince`: since when they have held); how busy we are, or Redis is, does not matter here.
   */
  gone(id: ProcessId, at: Millis, linkedSince: Millis | undefined): void {
    if (linkedSince === undefined || at - linkedSince < SETTLING) return;
    this.#gone.set(id, at);
    this.#busyUntil = at + BUSY;
  }

  /** To be called every 15 ms; a verdict is as good as the last look. */
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

  /** Two at least, and more than half of those who spoke lately, have stopped to speak. */
  #isCrowdSilent(at: Millis): boolean {
    const silences = [...this.#lastBeat.keys()].map(id => this.#silenceOf(id, at));
    const recent = silences.filter(silence => silence < PATIENT_SILENCE + SILENCE);
    const silent = recent.filter(silence => silence >= SUSPECT_SILENCE).length;
    return silent >= 2 && silent * 2 > recent.length;
  }

  /** Of those who live as far as their presences tell: two at least, and none of them speaks. */
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
