import {bytesOfBase64, BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A piece of one item's audio: base64 μ-law, and where in the item it begins. */
export interface Piece {
  readonly itemId: string;
  readonly responseId: string;
  readonly itemFrom: Millis;
  readonly payload: string;
}

/** Where one item must be cut: whole milliseconds of its own audio that were heard. */
export interface Cut {
  readonly itemId: string;
  readonly audioEndMs: number;
  readonly receivedMs: Millis;
}

/** What an interruption came to. Positions are on the timeline of the playout, in milliseconds. */
export interface Interruption {
  readonly cuts: readonly Cut[];
  /** What the caller did not hear, in order, cut to the byte: ready to be said again. */
  readonly unheard: readonly Piece[];
  readonly heard: Millis;
  readonly proven: Millis;
  readonly sent: Millis;
}

interface Placed extends Piece {
  readonly from: Millis;
  readonly to: Millis;
}

/** So many echoes and round trips are remembered: enough to find one that was not delayed, few enough to forget. */
const REMEMBERED = 8;

/**
 * What the caller has heard of the assistant, on one timeline.
 *
 *   0 ───────── proven ──── heard? ──── sent
 *
 * A mark that came back is proof; the clock is a guess; the guess never leaves [proven, sent] and never runs back.
 *
 *   we     ──send──╮                    ╭──echo──╮      clear──╮
 *   Twilio         ╰─play ▒▒▒▒▒▒▒▒▒▒▒mark▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒╰─ what was heard when the clear lands
 *
 * Audio that reaches an empty buffer plays when it lands, and a clear takes the same way, so position = time since
 * sent. An echo corrects that for what Twilio adds: it is older than it looks by its way back, and the clear lands
 * later than it is sent by its way there; both together are the mark round trip, measured with marks into an empty
 * buffer, which return at once (Media Streams, "mark").
 */
export class PlaybackLedger {
  readonly #owner: string;
  #generation = 0;
  #pieces: Placed[] = [];
  #receivedMs = new Map<string, Millis>();
  #sent: Millis = 0;
  #proven: Millis = 0;
  #high: Millis = 0;
  /** The moment at which timeline position 0 would have been sent, had the buffer never run dry. */
  #origin: Millis = 0;
  /** Where the buffer last ran dry: echoes of earlier positions say nothing about what plays now. */
  #wetFrom: Millis = 0;
  #wetOrigin: Millis = 0;
  #echoes: Millis[] = [];
  #roundTrips: Millis[] = [];
  #probe: {name: string; at: Millis} | undefined;
  #probes = 0;

  /** `owner` keeps the marks of two owners of one call apart: the epoch of the call. */
  constructor(owner: number) {
    this.#owner = String(owner);
  }

  /** Audio goes to Twilio now. Returns the mark which, once returned, proves that it was heard. */
  sent(piece: Piece, at: Millis): string {
    const ms = bytesOfBase64(piece.payload) / BYTES_PER_MS;
    if (this.heard(at) >= this.#sent) {
      this.#wetFrom = this.#sent;
      this.#wetOrigin = at - this.#sent;
      this.#origin = this.#wetOrigin;
      this.#echoes = [];
    }
    this.#pieces.push({...piece, from: this.#sent, to: this.#sent + ms});
    this.#sent += ms;
    this.#receivedMs.set(piece.itemId, Math.max(this.#receivedMs.get(piece.itemId) ?? 0, piece.itemFrom + ms));
    return `${this.#mark()}:${this.#sent}`;
  }

  /** A mark to send when nothing is buffered, to measure the way there and back; undefined when it would measure nothing. */
  probe(at: Millis): string | undefined {
    if (this.#proven < this.#sent || (this.#probe && at - this.#probe.at < 5_000)) return undefined;
    this.#probes += 1;
    this.#probe = {name: `probe:${this.#owner}.${this.#probes}`, at};
    return this.#probe.name;
  }

  /** Twilio returned a mark. `stale`: a clear flushed it, it proves nothing. `foreign`: we never sent it. */
  returned(mark: string, at: Millis): 'proof' | 'probe' | 'stale' | 'foreign' {
    if (mark.startsWith('probe:')) {
      if (mark !== this.#probe?.name) return 'stale';
      // Audio that was sent after the probe cannot have delayed it: marks keep their place in the queue.
      this.#remember(this.#roundTrips, at - this.#probe.at);
      this.#probe = undefined;
      return 'probe';
    }
    const [generation, text] = mark.split(':');
    const position = Number(text);
    if (text === undefined || text === '' || !Number.isFinite(position)) return 'foreign';
    if (generation !== this.#mark()) return 'stale';
    if (position < 0 || position > this.#sent) return 'foreign';
    this.#proven = Math.max(this.#proven, position);
    this.#pieces = this.#pieces.filter(piece => piece.to > this.#proven);
    if (position > this.#wetFrom) {
      this.#remember(this.#echoes, at - position);
      this.#settleOrigin();
    }
    return 'proof';
  }

  /** How much of the timeline will have been heard when a clear that is sent now lands. */
  heard(at: Millis): Millis {
    const guess = Math.min(Math.max(at - this.#origin, this.#proven, this.#high), this.#sent);
    this.#high = guess;
    return guess;
  }

  /** Whether the caller may still be hearing something: not everything that was sent is proven to be over. */
  get playing(): boolean {
    return this.#proven < this.#sent;
  }

  get sentMs(): Millis {
    return this.#sent;
  }

  get provenMs(): Millis {
    return this.#proven;
  }

  /** Undefined until one was measured. Milliseconds from us to Twilio and back. */
  get roundTrip(): Millis | undefined {
    if (this.#roundTrips.length === 0) return undefined;
    const mean = this.#roundTrips.reduce((sum, each) => sum + each, 0) / this.#roundTrips.length;
    // The least delayed echo came the fastest way back; a clear goes the average way there.
    return (Math.min(...this.#roundTrips) + mean) / 2;
  }

  /** How much audio of an item has arrived from the model, in milliseconds. */
  receivedMs(itemId: string): Millis {
    return this.#receivedMs.get(itemId) ?? 0;
  }

  /** How much of an item has been heard, as far as we can tell. */
  heardOf(itemId: string, at: Millis): Millis {
    const heard = this.heard(at);
    const next = this.#pieces.find(piece => piece.itemId === itemId && piece.to > heard);
    if (!next) return this.receivedMs(itemId);
    return next.itemFrom + Math.max(0, heard - next.from);
  }

  /**
   * The caller speaks over us, and a clear goes out now. Starts a new playout. An item is cut if some of it was not
   * heard; one of `unfinished` is cut even if all that arrived was heard, since the model has more of it than we do.
   */
  interrupt(at: Millis, unfinished: ReadonlySet<string> = new Set()): Interruption {
    const heard = this.heard(at);
    const unheard = this.#pieces.filter(piece => piece.to > heard);
    const cuts = new Map<string, Cut>();
    const cut = (itemId: string, heardMs: Millis) => {
      const receivedMs = this.receivedMs(itemId);
      if (!cuts.has(itemId))
        cuts.set(itemId, {itemId, audioEndMs: Math.floor(Math.min(heardMs, receivedMs)), receivedMs});
    };
    for (const piece of unheard) cut(piece.itemId, piece.itemFrom + Math.max(0, heard - piece.from));
    for (const itemId of unfinished) if (this.#receivedMs.has(itemId)) cut(itemId, this.receivedMs(itemId));
    const interruption = {
      cuts: [...cuts.values()],
      unheard: unheard.map(piece => behind(piece, heard)),
      heard,
      proven: this.#proven,
      sent: this.#sent,
    };
    this.#restart();
    return interruption;
  }

  /** The stream is gone, and with it what was buffered. What was not proven was not heard. Starts a new playout. */
  streamLost(at: Millis): readonly Piece[] {
    const heard = this.heard(at);
    const unheard = this.#pieces.filter(piece => piece.to > heard).map(piece => behind(piece, heard));
    this.#restart();
    this.#roundTrips = [];
    this.#probe = undefined;
    return unheard;
  }

  #restart(): void {
    this.#generation += 1;
    this.#pieces = [];
    this.#sent = 0;
    this.#proven = 0;
    this.#high = 0;
    this.#wetFrom = 0;
    this.#origin = 0;
    this.#echoes = [];
  }

  #mark(): string {
    return `${this.#owner}.${this.#generation}`;
  }

  #settleOrigin(): void {
    const {roundTrip} = this;
    if (roundTrip === undefined) return;
    // Never before it was sent: an echo that overtook the measured round trip is luck, not knowledge.
    this.#origin = Math.max(this.#wetOrigin, Math.min(...this.#echoes) - roundTrip);
  }

  #remember(values: Millis[], value: Millis): void {
    values.push(value);
    if (values.length > REMEMBERED) values.shift();
  }
}

/** The part of a piece behind a timeline position, cut between two bytes. */
function behind(piece: Placed, position: Millis): Piece {
  const {itemId, responseId, itemFrom, payload} = piece;
  const bytes = Math.floor(Math.max(0, position - piece.from) * BYTES_PER_MS);
  if (bytes === 0) return {itemId, responseId, itemFrom, payload};
  const rest = Buffer.from(payload, 'base64').subarray(bytes).toString('base64');
  return {itemId, responseId, itemFrom: itemFrom + bytes / BYTES_PER_MS, payload: rest};
}
