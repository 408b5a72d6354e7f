import {randomBytes} from 'node:crypto';
import {echoChannel, probeKey} from '../redis/keys.ts';
import type {RedisTrouble} from '../redis/redis-trouble.ts';
import {WriteProbe} from '../redis/write-probe.ts';
import {nameOf, type Address} from './address.ts';
import {slotOf} from './channel-slot.ts';
import {Lane} from './lane.ts';
import type {Wiring} from './router.ts';

/** A node that serves channels: the way to it, and a check that it takes writes. */
export class ServingNode {
  readonly lane: Lane;
  readonly #wiring: Wiring;
  readonly #id = randomBytes(8).toString('hex');
  #tag: string | undefined;
  #probe: WriteProbe;

  /** `tag`: on a Cluster, a hash tag in a slot of this node. */
  constructor(wiring: Wiring, address: Address, tag?: string) {
    this.#wiring = wiring;
    this.#tag = tag;
    const isOfCluster = tag !== undefined;
    const {access, clock, log, events} = wiring;
    this.lane = new Lane({address, access, clock, log, events, isOfCluster, echo: echoChannel(this.#id, tag)});
    this.#probe = this.#newProbe();
  }

  /** The slot of its echo and its probe. */
  get slot(): number {
    return slotOf(echoChannel(this.#id, this.#tag));
  }

  get trouble(): RedisTrouble | undefined {
    return this.#probe.trouble ?? (this.lane.wellSince() === undefined ? 'no-answer' : undefined);
  }

  /** It no longer serves the slot of its echo, and serves that of `tag`. */
  retag(tag: string): void {
    this.#tag = tag;
    this.lane.echoOn(echoChannel(this.#id, tag));
    this.#probe[Symbol.dispose]();
    this.#probe = this.#newProbe();
  }

  /** Ends the check. The lane stays open. */
  release(): void {
    this.#probe[Symbol.dispose]();
  }

  #newProbe(): WriteProbe {
    const {url, clock, log, reopen} = this.#wiring;
    return new WriteProbe({
      key: probeKey(this.#id, this.#tag),
      set: (key, ttlMs) => this.lane.ask(['SET', key, '', 'PX', String(ttlMs)]),
      url,
      clock,
      log: this.#tag === undefined ? log : log.child({node: nameOf(this.lane.address)}),
      moved: reopen,
    });
  }
}
