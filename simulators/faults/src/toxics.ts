import type {Millis} from '@voicebridge/shared/time.ts';

/** `up` is from the client to the target, `down` the way back. */
export type Direction = 'up' | 'down';

/** What can be wrong with a network, in the vocabulary of toxiproxy, and one more word: half_open. */
export type Toxic =
  /** Everything arrives later, in order. Jitter is added or taken off at random. */
  | {readonly kind: 'latency'; readonly latency: Millis; readonly jitter?: Millis}
  | {readonly kind: 'bandwidth'; readonly bytesPerSecond: number}
  /** Everything arrives in pieces of at most `size` bytes, `delay` apart. */
  | {readonly kind: 'slicer'; readonly size: number; readonly delay?: Millis}
  /** A black hole: what is sent meanwhile is lost; the connection closes `after` that long (never, when left out). */
  | {readonly kind: 'timeout'; readonly after?: Millis}
  /** The line is cut and neither side notices: what is sent meanwhile arrives when this is removed. */
  | {readonly kind: 'half_open'}
  /** The end of one side is told to the other so much later. */
  | {readonly kind: 'slow_close'; readonly delay: Millis}
  /** Both sides get a TCP reset. */
  | {readonly kind: 'reset_peer'; readonly after?: Millis}
  /** The connection closes when this many bytes have passed. */
  | {readonly kind: 'limit_data'; readonly bytes: number};

type Kind = Toxic['kind'];
type OfKind<K extends Kind> = Extract<Toxic, {readonly kind: K}>;

/** What is wrong now. Changes apply to open connections too. */
export class Toxics {
  #active: {readonly toxic: Toxic; readonly direction: Direction | 'both'}[] = [];
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Makes something wrong, in both directions unless told. The answer makes it well again. */
  add(toxic: Toxic, direction: Direction | 'both' = 'both'): () => void {
    const entry = {toxic, direction};
    this.#active.push(entry);
    this.#changed();
    return () => {
      this.#active = this.#active.filter(other => other !== entry);
      this.#changed();
    };
  }

  /** Everything is well again. */
  clear(): void {
    this.#active = [];
    this.#changed();
  }

  /** The newest of a kind that concerns this direction. */
  find<K extends Kind>(kind: K, direction: Direction): OfKind<K> | undefined {
    const concerns = (where: Direction | 'both') => where === 'both' || where === direction;
    const isKind = (toxic: Toxic): toxic is OfKind<K> => toxic.kind === kind;
    return this.#active
      .filter(({direction: where}) => concerns(where))
      .map(({toxic}) => toxic)
      .findLast(isKind);
  }
}
