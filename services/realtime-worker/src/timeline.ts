import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Sighting, TwilioClock} from './twilio-clock.ts';

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
interface Anchor {
  readonly position: Millis;
  readonly seen: Sighting;
}

/** So many echoes are remembered: enough to find what is usual, few enough to forget. */
const REMEMBERED = 8;

/**
 * One playout: from a silence, over any number of items, to a clear or for ever.
 *
 *   0 ───────── proven ──── heard? ──── sent
 *
 * A mark that came back is proof; the clock is a guess; the guess never leaves [proven, sent] and never runs back.
 */
export class Timeline {
  #pieces: Placed[] = [];
  #sent: Millis = 0;
  #proven: Millis = 0;
  #high: Millis = 0;
  /** Where the buffer last ran dry: echoes of earlier positions say nothing about what plays now. */
  #wetFrom: Millis = 0;
  /** The moment at which position 0 would have been sent, had the buffer never run dry. */
  #origin: Millis = 0;
  #echoes: Millis[] = [];
  /** The middle of the echoes: asked for with every frame, and new with a mark. */
  #usualEcho: Millis = 0;
  #anchors: Anchor[] = [];
  #opening: Anchor | undefined;

  get sentMs(): Millis {
    return this.#sent;
  }

  get provenMs(): Millis {
    return this.#proven;
  }

  /** Audio that is sent now meets an empty buffer. */
  dry(at: Millis, roundTrip: Millis | undefined): boolean {
    return this.heard(at, roundTrip) >= this.#sent;
  }

  /** Audio goes to Twilio now. Returns the position behind it. */
  add(piece: Piece, at: Millis, roundTrip: Millis | undefined): Millis {
    if (this.dry(at, roundTrip)) {
      this.#wetFrom = this.#sent;
      this.#origin = at - this.#sent;
      this.#echoes = [];
      this.#anchors = [];
      this.#opening = undefined;
    }
    this.#pieces.push({...piece, from: this.#sent, to: this.#sent + piece.ms});
    this.#sent += piece.ms;
    return this.#sent;
  }

  /** The mark in front of the audio that met an empty buffer came back: that is when it began to play. */
  opened(position: Millis, seen: Sighting): void {
    if (position === this.#wetFrom) this.#opening ??= {position, seen};
  }

  /** The mark at this position came back, and no clear sent it. False for a position that was never sent. */
  proved(position: Millis, seen: Sighting): boolean {
    if (position < 0 || position > this.#sent) return false;
    this.#proven = Math.max(this.#proven, position);
    this.#pieces = this.#pieces.filter(piece => piece.to > this.#proven);
    if (position > this.#wetFrom) {
      remember(this.#echoes, seen.at - position);
      this.#usualEcho = median(this.#echoes);
      remember(this.#anchors, {position, seen});
    }
    return true;
  }

  /** How much will have been heard when a clear that is sent now lands, as far as we can tell before it does. */
  heard(at: Millis, roundTrip: Millis | undefined): Millis {
    const guess = Math.min(Math.max(at - this.#originNow(roundTrip), this.#proven, this.#high), this.#sent);
    this.#high = guess;
    return guess;
  }

  /** How much had been heard at a moment of the past, if nothing was heard after it. */
  heardBy(at: Millis, roundTrip: Millis | undefined): Millis {
    return Math.min(Math.max(at - this.#originNow(roundTrip), this.#proven), this.#sent);
  }

  /** Whether the caller may still hear some of it. A peer that returns no marks is not waited for without end. */
  playing(at: Millis, roundTrip: Millis | undefined): boolean {
    if (this.#proven >= this.#sent) return false;
    return at - this.#originNow(roundTrip) < this.#sent + MARK_MAY_BE_LATE_MS;
  }

  /** How much had been heard when the clear landed, from the mark behind it; undefined if nothing is there to count from. */
  heardAtLanding(landed: Sighting, clock: TwilioClock): Millis | undefined {
    const anchors = this.#anchors.length > 0 || !this.#opening ? this.#anchors : [this.#opening];
    if (anchors.length === 0) return undefined;
    const heard = median(anchors.map(({position, seen}) => position + clock.between(seen, landed)));
    return Math.min(Math.max(heard, this.#proven), this.#sent);
  }

  /** What lies behind a position, in order, cut between two bytes: ready to be said again. */
  behind(position: Millis): Piece[] {
    return this.#pieces.filter(piece => piece.to > position).map(piece => rest(piece, position));
  }

  /**
   * Audio plays when it lands, and a clear takes the same way, so position = time since sent. An echo corrects that by
   * what its own way differed: it counts as much as the guess, several count for more.
   */
  #originNow(roundTrip: Millis | undefined): Millis {
    const {length} = this.#echoes;
    if (roundTrip === undefined || length === 0) return this.#origin;
    return this.#origin + (length / (length + 1)) * (this.#usualEcho - roundTrip - this.#origin);
  }
}

/** A mark that is later than this after its audio must have ended does not come any more. */
const MARK_MAY_BE_LATE_MS = 2_000;

/** So much of a reply is sent apart, for a mark soon after it begins: 105 ms, and whole groups of base64. */
const FIRST_BYTES = 840;
const FIRST_CHARACTERS = (FIRST_BYTES * 4) / 3;
const FIRST_MS = FIRST_BYTES / BYTES_PER_MS;

/** A piece that meets an empty buffer, in two: a caller who interrupts early is placed by the mark between them. */
export function firstApart(piece: Piece): Piece[] {
  const {itemFrom, ms, payload} = piece;
  if (ms < 1.5 * FIRST_MS) return [piece];
  return [
    {...piece, ms: FIRST_MS, payload: payload.slice(0, FIRST_CHARACTERS)},
    {...piece, itemFrom: itemFrom + FIRST_MS, ms: ms - FIRST_MS, payload: payload.slice(FIRST_CHARACTERS)},
  ];
}

function rest({itemId, responseId, itemFrom, ms, payload, from}: Placed, position: Millis): Piece {
  const bytes = Math.floor(Math.max(0, position - from) * BYTES_PER_MS);
  if (bytes === 0) return {itemId, responseId, itemFrom, ms, payload};
  const heard = bytes / BYTES_PER_MS;
  const unheard = Buffer.from(payload, 'base64').subarray(bytes).toString('base64');
  return {itemId, responseId, itemFrom: itemFrom + heard, ms: ms - heard, payload: unheard};
}

function remember<Each>(values: Each[], value: Each): void {
  values.push(value);
  if (values.length > REMEMBERED) values.shift();
}

/** The middle one: a single delayed echo moves it hardly at all. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle - 0.5)] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
