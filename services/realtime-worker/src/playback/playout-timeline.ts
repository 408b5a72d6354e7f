import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {RoundTrip} from './round-trips.ts';
import type {Observation, RemoteClock} from './remote-clock.ts';

/** A piece of one item's audio: base64 μ-law, and where in the item it begins. */
export interface Piece {
  readonly itemId: string;
  readonly responseId: string;
  readonly itemFrom: Millis;
  readonly ms: Millis;
  /** Empty when another owner of the call said it: it can be cut, and not be said again. */
  readonly payload: string;
}

interface Placed extends Piece {
  readonly from: Millis;
  readonly to: Millis;
}

/** A moment at which the play head was known to be at a position. */
interface PlayedMark {
  readonly position: Millis;
  readonly seen: Observation;
}

/** So many marks are remembered: enough to find one in time, few enough to forget. */
const MAX_PLAYED_MARKS = 8;
/** Twilio may return a mark as its last frame begins to play. One that comes earlier was not played. */
const EARLY_MS = 25;

/**
 * One playout: from a silence, over any number of items, to a clear or for ever.
 *
 *   0 ───────── proven ──── heard? ──── sent
 *
 * A mark that came back is proof, unless it came before its audio can have been played; the clock is a guess, put right by
 * marks as far as they can be trusted (round-trips.ts); the guess never leaves [proven, sent] and never runs back.
 */
export class PlayoutTimeline {
  #pieces: Placed[] = [];
  #sent: Millis = 0;
  #proven: Millis = 0;
  #highestEstimate: Millis = 0;
  /** Where the buffer last ran dry: echoes of earlier positions say nothing about what plays now. */
  #runFrom: Millis = 0;
  /** The moment at which position 0 would have been sent, had the buffer never run dry. */
  #origin: Millis = 0;
  /** How much longer a clear would take to land now than the audio took to begin. */
  #correction: Millis = 0;
  #playedMarks: PlayedMark[] = [];
  #opening: PlayedMark | undefined;
  #flushed = false;

  get sentMs(): Millis {
    return this.#sent;
  }

  get provenMs(): Millis {
    return this.#proven;
  }

  /** Marks of what plays now came back before it can have been played: they are worth nothing until it is over. */
  get flushed(): boolean {
    return this.#flushed;
  }

  /** Audio that is sent now meets an empty buffer. */
  isEmpty(at: Millis): boolean {
    return this.heard(at) >= this.#sent;
  }

  /** Audio goes to Twilio now. Returns the position behind it. */
  add(piece: Piece, at: Millis): Millis {
    if (this.isEmpty(at)) {
      this.#runFrom = this.#sent;
      this.#origin = at - this.#sent;
      this.#correction = 0;
      this.#playedMarks = [];
      this.#opening = undefined;
      this.#flushed = false;
    }
    this.#pieces.push({...piece, from: this.#sent, to: this.#sent + piece.ms});
    this.#sent += piece.ms;
    return this.#sent;
  }

  /** The mark in front of the audio that met an empty buffer came back: that is when it began to play. */
  opened(position: Millis, seen: Observation): void {
    if (position === this.#runFrom) this.#opening ??= {position, seen};
  }

  /** The mark at this position came back, and no clear sent it. False if it proves nothing. */
  proved(position: Millis, seen: Observation): boolean {
    if (position < 0 || position > this.#sent) return false;
    if (position > this.#runFrom && seen.at < this.#origin + position - EARLY_MS) {
      this.#flushed = true;
      this.#playedMarks = []; // the last of them came back too early as well, only not by as much
    }
    if (this.#flushed && position > this.#runFrom) return false;
    this.#proven = Math.max(this.#proven, position);
    this.#pieces = this.#pieces.filter(piece => piece.to > this.#proven);
    if (position > this.#runFrom) {
      this.#playedMarks.push({position, seen});
      if (this.#playedMarks.length > MAX_PLAYED_MARKS) this.#playedMarks.shift();
    }
    return true;
  }

  /** How long what came back took, from the moment its audio was sent, less the audio itself. */
  trips(clock: RemoteClock): RoundTrip[] {
    const anchors = this.#playedMarks.length > 0 || !this.#opening ? this.#playedMarks : [this.#opening];
    return anchors.map(({position, seen}) => ({trip: this.trip(position, seen, clock), at: seen.at}));
  }

  trip(position: Millis, seen: Observation, clock: RemoteClock): Millis {
    return clock.arrival(seen) - this.#origin - position;
  }

  /** `extra`: how much longer a clear will take to land than the audio took to begin. */
  correct(extra: Millis): void {
    this.#correction = extra;
  }

  /** How much will have been heard when a clear that is sent now lands, as far as we can tell before it does. */
  heard(at: Millis): Millis {
    const guess = Math.max(this.heardAt(at), Math.min(this.#highestEstimate, this.#sent));
    this.#highestEstimate = guess;
    return guess;
  }

  /** How much had been heard at a moment of the past, if nothing was heard after it. */
  heardAt(at: Millis, extra = this.#correction): Millis {
    return Math.min(Math.max(at - this.#origin + extra, this.#proven), this.#sent);
  }

  /** Whether the caller may still hear some of it. A peer that returns no marks is not waited for without end. */
  playing(at: Millis): boolean {
    if (this.#proven >= this.#sent) return false;
    return at - this.#origin + this.#correction < this.#sent + MAX_MARK_DELAY_MS;
  }

  /** What lies behind a position, in order, cut between two bytes: ready to be said again. */
  after(position: Millis): Piece[] {
    return this.#pieces.filter(piece => piece.to > position).map(piece => remainder(piece, position));
  }
}

/** A mark that is later than this after its audio must have ended does not come any more. */
const MAX_MARK_DELAY_MS = 2_000;

/** So much of a reply is sent apart, for a mark soon after it begins: 105 ms, and whole groups of base64. */
const FIRST_BYTES = 840;
const FIRST_CHARACTERS = (FIRST_BYTES * 4) / 3;
const FIRST_MS = FIRST_BYTES / BYTES_PER_MS;

/** A piece that meets an empty buffer, in two: a caller who interrupts early is placed by the mark between them. */
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
