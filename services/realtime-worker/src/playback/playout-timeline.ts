import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {RoundTrip} from './round-trips.ts';
import type {Observation, RemoteClock} from './remote-clock.ts';

/** A piece of one item's audio. `itemFrom`: where in the item it begins, `ms`: its length, both in milliseconds. */
export interface Piece {
  readonly itemId: string;
  readonly responseId: string;
  readonly itemFrom: Millis;
  readonly ms: Millis;
  /** Base64 μ-law. Empty when another owner of the call sent it: then it can be truncated, but not sent again. */
  readonly payload: string;
}

interface Placed extends Piece {
  readonly from: Millis;
  readonly to: Millis;
  readonly sentAt: Millis;
}

/** A mark that came back: playback had reached `position` when it left Twilio. */
interface PlayedMark {
  readonly position: Millis;
  readonly observed: Observation;
}

/** Marks that are kept: enough for a punctual one among them, few enough to follow a change of the network. */
const MAX_PLAYED_MARKS = 8;
/** Marks no further apart than this came back together: one late message, and not two. */
const TOGETHER_MS = 25;
/** Playback that is behind by less cannot be told from the network. */
const MIN_LATE_MS = 25;
/** Twilio may return a mark when the last frame before it begins to play. A mark that comes earlier was not played. */
const EARLY_MS = 25;

/**
 * One playout: everything sent to Twilio since the last clear, as one timeline over any number of items.
 *
 *   0 ───────── proven ──── heard? ──── sent
 *
 * A returned mark proves that its audio was played, unless it came back before the audio can have been played. Between
 * marks the position is estimated from the clock, corrected by the measured round trips (round-trips.ts). The estimate
 * stays within [proven, sent] and never decreases, unless audio was late on its way (nothing was heard of it before), or
 * marks show that the phone has fallen behind.
 */
export class PlayoutTimeline {
  #pieces: Placed[] = [];
  #sent: Millis = 0;
  #proven: Millis = 0;
  #highestEstimate: Millis = 0;
  /** The position at which the buffer was last empty. Marks of earlier positions say nothing about what plays now. */
  #runFrom: Millis = 0;
  /** When position 0 would have been sent if the buffer had never been empty. */
  #origin: Millis = 0;
  /** How much longer a clear would take to reach Twilio now than the audio took to begin. */
  #correction: Millis = 0;
  /** How much longer playback takes than the audio: the phone stood still, or plays too slowly. */
  #behind: Millis = 0;
  /** The fastest round trip of this run, as if playback were never behind. */
  #fastest: Millis = Number.POSITIVE_INFINITY;
  #playedMarks: PlayedMark[] = [];
  #opening: PlayedMark | undefined;
  #flushed = false;
  /** The position from which on nothing has reached Twilio; undefined: everything has. */
  #held: Millis | undefined;

  get sentMs(): Millis {
    return this.#sent;
  }

  get provenMs(): Millis {
    return this.#proven;
  }

  /** Marks came back before their audio can have been played. All marks are ignored until the buffer is empty again. */
  get flushed(): boolean {
    return this.#flushed;
  }

  /** Whether Twilio's buffer is empty, so that audio sent now plays at once. */
  isEmpty(at: Millis): boolean {
    return this.heard(at) >= this.#sent;
  }

  /** Audio goes to Twilio now. Returns the position at its end. */
  add(piece: Piece, at: Millis): Millis {
    if (this.isEmpty(at)) this.#beginRun(this.#sent, at);
    return this.#append(piece, at);
  }

  /** Audio had gone to Twilio at `at`, in the past and right behind what was added last. Returns the position at its end. */
  addRest(piece: Piece, at: Millis): Millis {
    const endsAt = this.#start + this.#sent - this.#correction;
    if (at > endsAt) this.#beginRun(this.#sent, at);
    return this.#append(piece, at);
  }

  #append(piece: Piece, at: Millis): Millis {
    this.#pieces.push({...piece, from: this.#sent, to: this.#sent + piece.ms, sentAt: at});
    this.#sent += piece.ms;
    return this.#sent;
  }

  /**
   * What was sent at `since` or later does not reach Twilio; undefined: all of it has. What has reached it since the last
   * call had left at `leftAt`, and plays from then on if there was nothing left to play.
   */
  undelivered(since: Millis | undefined, leftAt: Millis): void {
    const late = this.#held;
    const wasEmpty = late !== undefined && leftAt - this.#start + this.#correction >= late;
    // A mark that came back proves that it was not late: its confirmation was.
    if (wasEmpty && late < this.#sent && this.#proven <= late) {
      this.#beginRun(late, leftAt);
      this.#highestEstimate = Math.min(this.#highestEstimate, late);
    }
    this.#held =
      since === undefined ? undefined : (this.#pieces.find(({sentAt}) => sentAt >= since)?.from ?? this.#sent);
  }

  /** What was sent from this position on is not played before what is sent at `at` would be. */
  playsAfter(position: Millis, at: Millis): void {
    if (position < this.#runFrom || position >= this.#sent || at - position <= this.#origin) return;
    this.#beginRun(position, at);
    this.#highestEstimate = Math.min(this.#highestEstimate, Math.max(position, this.#proven));
  }

  /** Audio from this position on meets an empty buffer. */
  #beginRun(position: Millis, at: Millis): void {
    this.#runFrom = position;
    this.#origin = at - position;
    this.#correction = 0;
    this.#behind = 0;
    this.#fastest = Number.POSITIVE_INFINITY;
    this.#playedMarks = [];
    this.#opening = undefined;
    this.#flushed = false;
  }

  /** The mark in front of audio that met an empty buffer came back: playback of that audio began then. */
  opened(position: Millis, observed: Observation): void {
    if (position === this.#runFrom) this.#opening ??= {position, observed};
  }

  /** The mark at this position came back, and no clear flushed it. False if it proves nothing. */
  proved(position: Millis, observed: Observation): boolean {
    if (position < 0 || position > this.#sent) return false;
    if (position > this.#runFrom && observed.at < this.#origin + position - EARLY_MS) {
      this.#flushed = true;
      this.#playedMarks = []; // these may have come back too early as well, by less than the tolerance
    }
    if (this.#flushed && position > this.#runFrom) return false;
    this.#proven = Math.max(this.#proven, position);
    this.#pieces = this.#pieces.filter(piece => piece.to > this.#proven);
    if (position > this.#runFrom) {
      this.#playedMarks.push({position, observed});
      if (this.#playedMarks.length > MAX_PLAYED_MARKS) this.#playedMarks.shift();
    }
    return true;
  }

  /** Round trips of the marks that came back: from the moment their audio was sent, minus the audio's own length. */
  trips(clock: RemoteClock): RoundTrip[] {
    const anchors = this.#playedMarks.length > 0 || !this.#opening ? this.#playedMarks : [this.#opening];
    return anchors.map(({position, observed}) => ({trip: this.trip(position, observed, clock), at: observed.at}));
  }

  trip(position: Millis, observed: Observation, clock: RemoteClock): Millis {
    return clock.arrival(observed) - this.#start - position;
  }

  /**
   * Marks only ever come back late, by `mostLate` at most. If two in a row are later than that, playback itself is behind,
   * by as much as the less late of them is; a mark that comes back sooner shows that it is less. `usual`: the round trip
   * of other playouts, if one is known.
   */
  follow(clock: RemoteClock, usual: Millis | undefined, mostLate: Millis): void {
    const trips = this.trips(clock);
    const last = trips.at(-1);
    if (!last) return;
    this.#fastest = Math.min(this.#fastest, last.trip + this.#behind);
    const expected = Math.min(this.#fastest, (usual ?? Number.POSITIVE_INFINITY) + MIN_LATE_MS);
    const before = trips.findLast(({at}) => last.at - at > TOGETHER_MS);
    const late = before ? Math.min(last.trip, before.trip) - expected : 0;
    const tooFar = Math.min(this.#behind, expected - last.trip);
    if (before && late > mostLate) this.#fallBehind(late, before.at);
    else if (tooFar > 0) this.#fallBehind(-tooFar, last.at);
  }

  /** Marks from before `since` say nothing about where playback is now. */
  #fallBehind(by: Millis, since: Millis): void {
    this.#behind += by;
    this.#playedMarks = this.#playedMarks.filter(({observed}) => observed.at >= since);
    this.#highestEstimate = 0;
  }

  /**
   * `guess`, or less if it contradicts the marks by more than marks may be late: no more can have been heard than what
   * plays from the last mark until the clear landed (`arrival`), and no more than to the first mark that the clear flushed.
   */
  notBeyond(
    guess: Millis,
    {arrival, flushedFrom}: {arrival: Millis; flushedFrom: Millis},
    clock: RemoteClock,
    mostLate: Millis,
  ): Millis {
    const last = this.#playedMarks.at(-1) ?? this.#opening;
    const played = last ? last.position + arrival - clock.arrival(last.observed) : Number.POSITIVE_INFINITY;
    const tolerated = this.#behind > 0 ? mostLate / 2 : mostLate;
    if (guess - Math.min(played, flushedFrom) <= tolerated) return guess;
    if (played <= flushedFrom + MIN_LATE_MS) return played;
    // Playback stood still between the two marks. Where, is not known better if they may be late by more than that.
    const between = flushedFrom - this.#proven;
    return mostLate < between ? flushedFrom - between / 2 : flushedFrom;
  }

  /** `extra`: how much longer a clear will take to reach Twilio than the audio took to begin, in milliseconds. */
  correct(extra: Millis): void {
    this.#correction = extra;
  }

  /** An estimate of how much the caller will have heard when a clear that is sent now reaches Twilio. */
  heard(at: Millis): Millis {
    const guess = Math.max(this.heardAt(at), Math.min(this.#highestEstimate, this.#arrived));
    this.#highestEstimate = guess;
    return guess;
  }

  /** How much the caller had heard at a past moment, if nothing was played after it. */
  heardAt(at: Millis, extra = this.#correction): Millis {
    return Math.min(Math.max(at - this.#start + extra, this.#proven), this.#arrived);
  }

  /** When position 0 would have been sent to a phone that is not behind. */
  get #start(): Millis {
    return this.#origin + this.#behind;
  }

  /** Twilio has the audio up to this position, as far as is known. */
  get #arrived(): Millis {
    return Math.max(this.#held ?? this.#sent, this.#proven);
  }

  /** Whether the caller may still be hearing some of it. If no marks come back, the clock decides after two seconds. */
  playing(at: Millis): boolean {
    return at < this.playedBy;
  }

  /**
   * When it is taken to be played whether marks come back or not; the past if they prove that all of it was, and infinity
   * while some of it is still on its way.
   */
  get playedBy(): Millis {
    if (this.#proven >= this.#sent) return Number.NEGATIVE_INFINITY;
    if (this.#arrived < this.#sent) return Number.POSITIVE_INFINITY;
    return this.#start + this.#sent + MAX_MARK_DELAY_MS - this.#correction;
  }

  /** The audio after a position, in order, cut between two bytes so that it can be sent again. */
  after(position: Millis): Piece[] {
    return this.#pieces.filter(piece => piece.to > position).map(piece => remainder(piece, position));
  }
}

/** A mark that is still missing this long after its audio must have ended will not come. */
const MAX_MARK_DELAY_MS = 2_000;

/** The first piece of a reply is this short, so that a mark comes back early: 105 ms, and whole groups of base64. */
const FIRST_BYTES = 840;
const FIRST_CHARACTERS = (FIRST_BYTES * 4) / 3;
const FIRST_MS = FIRST_BYTES / BYTES_PER_MS;

/** Splits a piece that meets an empty buffer. The mark between the parts locates an early interruption. */
export function splitFirst(piece: Piece): Piece[] {
  const {itemFrom, ms, payload} = piece;
  if (ms < 1.5 * FIRST_MS) return [piece];
  return [
    {...piece, ms: FIRST_MS, payload: payload.slice(0, FIRST_CHARACTERS)},
    {...piece, itemFrom: itemFrom + FIRST_MS, ms: ms - FIRST_MS, payload: payload.slice(FIRST_CHARACTERS)},
  ];
}

function remainder({itemId, responseId, itemFrom, ms, payload, from}: Placed, position: Millis): Piece {
  const bytes = Math.floor(Math.max(0, position - from) * BYTES_PER_MS);
  if (bytes === 0) return {itemId, responseId, itemFrom, ms, payload};
  const heard = bytes / BYTES_PER_MS;
  const unheard = Buffer.from(payload, 'base64').subarray(bytes).toString('base64');
  return {itemId, responseId, itemFrom: itemFrom + heard, ms: ms - heard, payload: unheard};
}
