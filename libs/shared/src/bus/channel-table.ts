interface Entry<Value> {
  readonly name: Buffer;
  readonly value: Value;
}

/**
 * Values by the name of a channel. They can be found by the bytes of a message, too, without making a string of them:
 * messages arrive fifty times a second and call.
 */
export class ChannelTable<Value> {
  readonly #byName = new Map<string, Value>();
  readonly #byHash = new Map<number, readonly Entry<Value>[]>();

  get(channel: string): Value | undefined {
    return this.#byName.get(channel);
  }

  values(): Iterable<Value> {
    return this.#byName.values();
  }

  set(channel: string, value: Value): void {
    this.delete(channel);
    this.#byName.set(channel, value);
    const name = Buffer.from(channel);
    const hash = hashOf(name, 0, name.length);
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), {name, value}]);
  }

  delete(channel: string): void {
    this.#byName.delete(channel);
    const name = Buffer.from(channel);
    const hash = hashOf(name, 0, name.length);
    const others = (this.#byHash.get(hash) ?? []).filter(entry => !entry.name.equals(name));
    if (others.length > 0) this.#byHash.set(hash, others);
    else this.#byHash.delete(hash);
  }

  /** The value of the channel whose name stands in `bytes`. */
  find(bytes: Buffer, from: number, to: number): Value | undefined {
    const entries = this.#byHash.get(hashOf(bytes, from, to));
    if (entries) for (const {name, value} of entries) if (isSame(name, bytes, from, to)) return value;
    return undefined;
  }
}

/** FNV-1a. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01_00_01_93);
  return hash;
}

function isSame(name: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let at = 0; at < name.length; at += 1) if (name[at] !== bytes[from + at]) return false;
  return true;
}
