import type {Clock, Millis} from '../time.ts';
import {
  type CaptureDirection,
  type CaptureHead,
  CAPTURE_FORMAT,
  type CaptureSection,
  type CaptureSocket,
} from './capture.ts';
import {Chain, sealed} from './chain.ts';

/** So many different pieces of audio are remembered, the newest. */
const REMEMBERED = 512;

export interface SectionDeps {
  readonly clock: Clock;
  /** Takes the next line, with its end. False: no more is taken. */
  readonly write: (line: string) => boolean;
  /** The section takes this many bytes at most. */
  readonly atMost: number;
  /** Nothing more comes. */
  readonly ended: () => void;
  /** It is known that a section that was held is kept. */
  readonly kept?: () => void;
}

/** Writes one section of a capture: numbers repeated audio, checks each line, and stops at its limit. */
export class SectionWriter implements CaptureSection {
  readonly #deps: SectionDeps;
  readonly #since: Millis;
  readonly #chain = new Chain();
  readonly #known = new Map<string, number>();
  #sounds = 0;
  #bytes = 0;
  #isOver = false;

  constructor(head: Omit<CaptureHead, 'capture' | 'wall'>, since: Millis, deps: SectionDeps) {
    this.#deps = deps;
    this.#since = since;
    const {clock} = deps;
    this.#put({capture: CAPTURE_FORMAT, wall: clock.wall() - (clock.now() - since), ...head});
  }

  line(socket: CaptureSocket, direction: CaptureDirection, message: object): void {
    if (this.#isOver) return;
    this.#put({at: this.#at, socket, direction, message});
    if (this.#bytes > this.#deps.atMost) this.#end('full');
  }

  audio(payload: string): string | number {
    if (this.#isOver) return '';
    const known = this.#known.get(payload);
    if (known !== undefined) return known;
    this.#known.set(payload, this.#sounds);
    this.#sounds += 1;
    if (this.#known.size > REMEMBERED) for (const oldest of this.#known.keys()) return this.#forget(oldest, payload);
    return payload;
  }

  end(): void {
    this.#end('over');
  }

  keep(): void {
    if (!this.#isOver) this.#deps.kept?.();
  }

  /** Nothing more is taken; what was held is forgotten by whoever holds it. */
  drop(): void {
    this.leave();
  }

  /** This process ends, and the call may go on: the section has no end. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#known.clear();
    this.#deps.ended();
  }

  /** Milliseconds, to the microsecond. */
  get #at(): Millis {
    return Math.round((this.#deps.clock.now() - this.#since) * 1_000) / 1_000;
  }

  #forget(oldest: string, payload: string): string {
    this.#known.delete(oldest);
    return payload;
  }

  #end(end: 'over' | 'full'): void {
    if (this.#isOver) return;
    this.#put({at: this.#at, end});
    this.leave();
  }

  #put(line: object): void {
    const text = JSON.stringify(line);
    const whole = `${sealed(text, this.#chain.next(text))}\n`;
    this.#bytes += whole.length;
    if (!this.#deps.write(whole)) this.leave();
  }
}
