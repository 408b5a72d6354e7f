import {Header, HEADER_BYTES, PacketKind, scratch, spanOf} from './packet.ts';

/** No number is so far ahead: five hours of audio that was dropped while Redis was away. */
const MOST_AHEAD = 1_000_000;
/** The most that waits for its turn: an outage of ten seconds, several times over. */
const MOST_EARLY = 4_096;
const MOST_EARLY_BYTES = 4 * 1_024 * 1_024;

/** The most gaps in one request, each two numbers of 32 bits. */
export const MOST_GAPS = 64;
export const GAP_BYTES = 8;

/**
 * Puts the numbered packets of the other side in order. One that is the next is delivered from the bytes of its message.
 * One that is early is copied, and waits; that is rare.
 *
 *   delivered ──┤ next: has not arrived ── early ── gap ── early
 */
export class ArrivedFrames {
  readonly #deliver: (packet: Buffer) => void;
  readonly #early = new Map<number, Buffer>();
  #earlyBytes = 0;
  #next = 1;
  received = 0;
  lost = 0;
  /** Packets that no process of ours sends, or for which there was no room: they are dropped. */
  refused = 0;

  /** `deliver` gets every frame once, in order. */
  constructor(deliver: (packet: Buffer) => void) {
    this.#deliver = deliver;
  }

  /** The number of the frame that has not arrived and is due. */
  get next(): number {
    return this.#next;
  }

  /** Whether a frame has not arrived although a later one has. */
  get hasGap(): boolean {
    return this.#early.size > 0;
  }

  /** Whether everything that a packet stands for has arrived before. */
  knows(packet: Buffer): boolean {
    const seq = Header.seq(packet);
    return seq + spanOf(packet) <= this.#next || this.#early.has(seq);
  }

  /**
   * Takes a packet that was not known. One that is too far ahead is refused. One for which there is no room is refused
   * too, and comes again, because it stays a gap.
   */
  take(packet: Buffer): void {
    const seq = Header.seq(packet);
    if (seq === 0 || seq + spanOf(packet) > this.#next + MOST_AHEAD || this.#isFullFor(seq, packet)) {
      this.refused += 1;
      return;
    }
    if (seq === this.#next && this.#early.size === 0 && Header.kind(packet) !== PacketKind.gone) {
      return this.#deliverNext(packet);
    }
    this.#early.set(seq, Buffer.from(packet));
    this.#earlyBytes += packet.length;
    this.#deliverEarly();
  }

  /**
   * Writes all gaps as the body of a packet in the scratch buffer: pairs of first and last number. Returns the length of
   * the body.
   */
  writeGaps(): number {
    const bytes = scratch.forBody(MOST_GAPS * GAP_BYTES);
    let [from, length] = [this.#next, 0];
    for (const seq of [...this.#early.keys()].toSorted((a, b) => a - b)) {
      if (length === MOST_GAPS * GAP_BYTES) break;
      if (seq > from) {
        bytes.writeUInt32BE(from, HEADER_BYTES + length);
        bytes.writeUInt32BE(seq - 1, HEADER_BYTES + length + 4);
        length += GAP_BYTES;
      }
      const packet = this.#early.get(seq);
      from = Math.max(from, seq + (packet ? spanOf(packet) : 1));
    }
    return length;
  }

  #deliverNext(packet: Buffer): void {
    this.#next += 1;
    this.received += 1;
    this.#deliver(packet);
  }

  #deliverEarly(): void {
    for (;;) {
      const packet = this.#takeEarly(this.#next);
      if (packet && Header.kind(packet) !== PacketKind.gone) {
        this.#deliverNext(packet);
        continue;
      }
      const end = packet ? this.#next + spanOf(packet) : this.#takeGoneOver(this.#next);
      if (end === undefined) return;
      this.#skipTo(end);
    }
  }

  /** Everything before `end` is gone, except for what has arrived after all. */
  #skipTo(end: number): void {
    for (const seq of this.#early.size === 0 ? [] : [...this.#early.keys()].toSorted((a, b) => a - b)) {
      if (seq < this.#next || seq >= end) continue;
      const arrived = this.#takeEarly(seq);
      if (!arrived || Header.kind(arrived) === PacketKind.gone) continue;
      this.#lose(seq);
      this.#deliverNext(arrived);
    }
    this.#lose(end);
  }

  #lose(end: number): void {
    this.lost += end - this.#next;
    this.#next = end;
  }

  #isFullFor(seq: number, packet: Buffer): boolean {
    if (seq <= this.#next) return false;
    return this.#early.size >= MOST_EARLY || this.#earlyBytes + packet.length > MOST_EARLY_BYTES;
  }

  #takeEarly(seq: number): Buffer | undefined {
    const packet = this.#early.get(seq);
    if (packet) {
      this.#early.delete(seq);
      this.#earlyBytes -= packet.length;
    }
    return packet;
  }

  /**
   * Removes a note that audio is gone, if its range covers `seq` but begins before it, because part of the range had
   * arrived. Returns the first number behind the range.
   */
  #takeGoneOver(seq: number): number | undefined {
    for (const [first, packet] of this.#early) {
      const end = first + spanOf(packet);
      if (Header.kind(packet) !== PacketKind.gone || first >= seq || end <= seq) continue;
      this.#takeEarly(first);
      return end;
    }
    return undefined;
  }
}
