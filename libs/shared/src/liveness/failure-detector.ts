import type {ProcessId} from '../protocol/ids.ts';
import {BEAT_MS} from '../redis/keys.ts';
import type {Millis} from '../time.ts';
import {faded, LearnedPatience} from './learned-patience.ts';
import {newPeer, type Peer} from './watched-peer.ts';

export type Verdict = 'alive' | 'suspect' | 'dead';

/** Suspect after this long without a heartbeat. */
const SUSPECT_SILENCE: Millis = 100;
/** Dead, or hung, after this long without a heartbeat while Redis is well. To a caller both are the same. */
const SILENCE: Millis = 250;
/** The limit for a peer that does not seem to listen any more: two heartbeats are missing. */
const UNHEARD_SILENCE: Millis = 2.5 * BEAT_MS;
/** The limit for a peer that is more likely busy than dead. */
const PATIENT_SILENCE: Millis = 1_000;
/**
 * The limit when all peers, at least two, are silent: no other worker could take their calls. A slow machine has
 * recovered by then, and the calls have not moved.
 */
const SILENCE_OF_ALL: Millis = 3_000;
/** A pause is no sign of death if there was one a third as long recently, of the peer, of us or of all others… */
const TIMES_LONGEST = 3;
/** …and a pause counts half as much after this time. */
const HALF_LIFE: Millis = 3_500;
/** A peer that comes back after a longer silence has hung, and rightly lost its calls, unless there is a reason. */
const HUNG: Millis = 2_500;
/** Between two calls that leave a silent peer, once a peer was called dead by mistake. */
const PACE: Millis = 100;
/** A peer with fewer heartbeats than this, one second, has no known pauses yet. */
const KNOWN_BEATS = 1_000 / BEAT_MS;
/** How long a process is busy after a death, whose calls it takes, or after it took many calls at once. */
const BUSY: Millis = 2_000;
/** A peer that beats although it does not seem to listen: the number of receivers is wrong, for this long at least. */
const DISBELIEF: Millis = 10_000;
/** After an outage of Redis, subscribers come back later than publishers. No peer is judged in this time. */
const SETTLING: Millis = 1_000;
/**
 * If two calls of `look` are further apart than this, our event loop was blocked, and heartbeats may have arrived
 * unread.
 */
const LATE: Millis = 45;

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
 * A silent peer gets more than 250 ms if it is more likely busy than dead:
 * - It is not known well: fewer than 20 heartbeats. One second.
 * - It has just taken many calls. One second.
 * - Another peer died less than two seconds ago, and the others are busy with its calls. One second.
 * - Most peers are silent at once, so the machine or the network is slow. One second.
 * - It, our own event loop, or every other peer has paused lately: three times that pause, up to one second. Such a
 *   machine is short of processor time.
 * - A peer that was called dead came back: twice its silence, up to six seconds (`LearnedPatience`).
 * - All peers are silent, and no other worker could take the calls. Three seconds.
 *
 * It gets less, 125 ms and 250 ms instead of one second, if nobody listens where it should (`unheard`).
 * No peer is dead by silence while Redis is unwell, nor for one second after, nor at a `look` that comes late, because
 * heartbeats may wait unread; the time of our own block does not count as silence. A peer without any heartbeat is
 * treated as if it had sent one when we began to listen.
 */
export class FailureDetector {
  readonly #peers = new Map<ProcessId, Peer>();
  #lastLook: Millis = Number.NEGATIVE_INFINITY;
  #lookedLate = false;
  /** How long our event loop was blocked in total. Peers may have sent heartbeats in that time. */
  #asleep: Millis = 0;
  /** The longest recent pause of our own event loop. */
  #ownPause: Millis = 0;
  #patientUntil: Millis = Number.NEGATIVE_INFINITY;
  #areAllSilent = false;
  readonly #learned = new LearnedPatience();

  /** From now on `look` is called every 25 ms, until all peers are forgotten. A peer is not judged before `listening`. */
  watch(id: ProcessId, at: Millis): void {
    // Nobody looked while there was nobody to look at.
    if (this.#peers.size === 0) this.#lastLook = at;
    if (!this.#peers.has(id)) this.#peers.set(id, newPeer(at, this.#asleep));
  }

  /** From now on the heartbeats of a watched peer are heard. */
  listening(id: ProcessId, at: Millis): void {
    const peer = this.#peers.get(id);
    if (!peer || peer.listening) return;
    Object.assign(peer, {listening: true, at, asleep: this.#asleep});
  }

  forget(id: ProcessId): void {
    this.#peers.delete(id);
  }

  /** A heartbeat of a peer arrived. `calls`: how many it has, by its own count. */
  beat(id: ProcessId, at: Millis, calls: number): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    // A peer that was declared dead and comes back begins without a history.
    const isNew = peer.beats === 0 || peer.silent || peer.gone;
    const pause = this.#silenceOf(peer, at);
    if (peer.silent && this.#wasOnlyBusy(peer, at)) this.#learned.wasMistaken(pause, at);
    else if (!isNew) this.#learned.paused(pause, at);
    peer.pause = isNew ? 0 : Math.max(pause, faded(peer.pause, at - peer.at, HALF_LIFE));
    peer.beats = isNew ? 1 : peer.beats + 1;
    if (peer.unheard) peer.disbelievedUntil = at + DISBELIEF;
    if (peer.calls.there.rose(calls, at)) peer.busyUntil = at + BUSY;
    Object.assign(peer, {listening: true, at, asleep: this.#asleep, silent: false, gone: false, unheard: false});
  }

  /** `calls` of this process depend on a peer now. */
  dependOn(id: ProcessId, calls: number, at: Millis): void {
    const peer = this.#peers.get(id);
    if (peer?.calls.here.rose(calls, at)) peer.busyUntil = at + BUSY;
  }

  /**
   * The presence channel of a peer has no receiver. `proof`: the number of receivers is that of the whole Redis, so the
   * peer is dead, unless Redis has dropped all subscriptions. Only a lost connection of our own can show that
   * (`linkedSince`: since when ours have been open). How busy we are, or Redis is, does not matter. Without `proof` it
   * is a suspicion: a node of a Cluster counts its own subscribers only.
   */
  unheard(id: ProcessId, at: Millis, {linkedSince, proof}: {linkedSince: Millis | undefined; proof: boolean}): void {
    if (linkedSince === undefined || at - linkedSince < SETTLING) return;
    const peer = this.#peers.get(id);
    if (!peer) return;
    if (!proof) {
      peer.unheard = at >= peer.disbelievedUntil;
      return;
    }
    peer.gone = true;
    this.#patientUntil = Math.max(this.#patientUntil, at + BUSY);
  }

  /** Verdicts are as of the last call. `wellSince`: the value of `MediaBus.wellSince` for the heartbeats of a peer. */
  look(at: Millis, wellSince: (id: ProcessId) => Millis | undefined): void {
    const pause = at - this.#lastLook;
    this.#lookedLate = pause > LATE;
    if (this.#lookedLate) this.#asleep += pause - LATE;
    this.#ownPause = Math.max(pause, faded(this.#ownPause, pause, HALF_LIFE));
    this.#lastLook = at;
    for (const [id, peer] of this.#peers) peer.wellSince = wellSince(id);
    this.#areAllSilent = this.#isEverybodySilent(at);
    if (this.#isCrowdSilent(at)) this.#patientUntil = Math.max(this.#patientUntil, at);
    for (const [id, peer] of this.#peers) {
      if (peer.silent || peer.gone || this.verdict(id, at) !== 'dead') continue;
      peer.silent = true;
      this.#patientUntil = Math.max(this.#patientUntil, at + BUSY);
    }
  }

  /** Of a peer that is not watched nothing is known: `suspect`. */
  verdict(id: ProcessId, at: Millis): Verdict {
    const peer = this.#peers.get(id);
    if (!peer) return 'suspect';
    if (peer.gone) return 'dead';
    const silence = this.#silenceOf(peer, at);
    if (this.#canJudge(peer, at) && (peer.silent || silence >= this.#allowed(peer, at))) return 'dead';
    return silence >= SUSPECT_SILENCE ? 'suspect' : 'alive';
  }

  /**
   * The pause between two calls that leave a dead peer. None, unless the peer is only silent and another one that was
   * came back lately: then it may come back in time for most of its calls, and those who take them are late as it is.
   */
  pace(id: ProcessId, at: Millis): Millis {
    const isProven = this.#peers.get(id)?.gone === true;
    return isProven || this.#learned.least(at) === 0 ? 0 : PACE;
  }

  /** How long a peer has been silent, without the time in which our own event loop was blocked. */
  silence(id: ProcessId, at: Millis): Millis {
    const peer = this.#peers.get(id);
    return peer ? this.#silenceOf(peer, at) : 0;
  }

  #allowed(peer: Peer, at: Millis): Millis {
    const learned = this.#learned.least(at);
    if (this.#areAllSilent) return Math.max(SILENCE_OF_ALL, learned);
    const patient = at <= this.#patientUntil || at <= peer.busyUntil || peer.beats < KNOWN_BEATS;
    if (peer.unheard) return patient ? SILENCE : UNHEARD_SILENCE;
    const slow = Math.min(TIMES_LONGEST * Math.max(peer.pause, this.#slowness(peer, at)), PATIENT_SILENCE);
    return Math.max(patient ? PATIENT_SILENCE : SILENCE, slow, learned);
  }

  /** A peer that was called dead by silence sends heartbeats again: whether it never should have been. */
  #wasOnlyBusy(peer: Peer, at: Millis): boolean {
    const tookManyCalls = peer.at <= peer.busyUntil;
    return tookManyCalls || this.#silenceOf(peer, at) < HUNG || this.#slowness(peer, at) >= SUSPECT_SILENCE;
  }

  /** The longest recent pause that is not the peer's own: how short of processor time the machine is, if it is. */
  #slowness(peer: Peer, at: Millis): Millis {
    return Math.max(this.#ownPause, this.#pauseOfOthers(peer, at));
  }

  /** The longest recent pause of the other peer that paused least. */
  #pauseOfOthers(peer: Peer, at: Millis): Millis {
    const others = [...this.#peers.values()].filter(
      each => each !== peer && each.beats >= KNOWN_BEATS && this.#silenceOf(each, at) < PATIENT_SILENCE,
    );
    return others.length > 0 ? Math.min(...others.map(({pause}) => pause)) : 0;
  }

  #silenceOf({at: last, asleep}: Peer, at: Millis): Millis {
    return at - last - (this.#asleep - asleep);
  }

  /** At least two peers, and more than half of those with recent heartbeats, are silent. */
  #isCrowdSilent(at: Millis): boolean {
    const silences = [...this.#peers.values()].map(peer => this.#silenceOf(peer, at));
    const recent = silences.filter(silence => silence < PATIENT_SILENCE + SILENCE);
    const silent = recent.filter(silence => silence >= SUSPECT_SILENCE).length;
    return silent >= 2 && silent * 2 > recent.length;
  }

  /** All peers that may be alive, at least two, are silent. */
  #isEverybodySilent(at: Millis): boolean {
    const silences = [...this.#peers.values()].filter(({gone}) => !gone).map(peer => this.#silenceOf(peer, at));
    const recent = silences.filter(silence => silence < SILENCE_OF_ALL + SILENCE);
    return recent.length >= 2 && recent.every(silence => silence >= SUSPECT_SILENCE);
  }

  #canJudge({listening, wellSince}: Peer, at: Millis): boolean {
    const settled = wellSince !== undefined && at - wellSince >= SETTLING;
    return listening && settled && !this.#lookedLate && at - this.#lastLook <= LATE;
  }
}
