import type {Millis} from '../time.ts';

export interface StrangerLimits {
  /** Connections that have not proved yet who they are, all together. */
  readonly atMost: number;
  /** The same from one address, if it is known. */
  readonly perAddress: number;
  /** From the connection to the proof. */
  readonly proveWithin: Millis;
}

interface Stranger {
  readonly address: string | undefined;
  readonly since: Millis;
}

/**
 * The places for connections that have not proved who they are. They never take a place of a call, and a call never waits
 * for them: whoever comes gets a place, and where there are too many, the one that has had the most time goes.
 *
 *   arrived ──proved──> no stranger any more
 *      ├──too many came after it, or its time is up──> evicted
 *      └──left
 */
export class StrangerBudget<Connection> {
  readonly #limits: StrangerLimits;
  /** In the order in which they came. */
  readonly #all = new Map<Connection, Stranger>();
  readonly #byAddress = new Map<string, Set<Connection>>();

  constructor(limits: StrangerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  has(connection: Connection): boolean {
    return this.#all.has(connection);
  }

  /**
   * A connection came. Returns the one that must be closed for it, which has no place any more. `address`: undefined for a
   * proxy, behind which there may be anybody.
   */
  arrived(connection: Connection, address: string | undefined, at: Millis): Connection | undefined {
    const oldest = this.#tooMany(address);
    if (oldest !== undefined) this.left(oldest);
    this.#all.set(connection, {address, since: at});
    if (address === undefined) return oldest;
    const same = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, same.add(connection));
    return oldest;
  }

  /** It proved who it is, or it is gone. Idempotent. */
  left(connection: Connection): void {
    const stranger = this.#all.get(connection);
    if (stranger === undefined) return;
    this.#all.delete(connection);
    if (stranger.address === undefined) return;
    const same = this.#byAddress.get(stranger.address);
    same?.delete(connection);
    if (same?.size === 0) this.#byAddress.delete(stranger.address);
  }

  /** Takes the places of those whose time is up, and returns them. */
  overdue(at: Millis): Connection[] {
    const late: Connection[] = [];
    for (const [connection, {since}] of this.#all) {
      if (at - since < this.#limits.proveWithin) break;
      late.push(connection);
    }
    for (const connection of late) this.left(connection);
    return late;
  }

  /** The one that must go before another may come from this address. */
  #tooMany(address: string | undefined): Connection | undefined {
    const same = address === undefined ? undefined : this.#byAddress.get(address);
    if (same && same.size >= this.#limits.perAddress) return firstOf(same);
    return this.#all.size >= this.#limits.atMost ? firstOf(this.#all.keys()) : undefined;
  }
}

function firstOf<Item>(items: Iterable<Item>): Item | undefined {
  for (const item of items) return item;
  return undefined;
}
