import {nameOf, type Address} from './address.ts';
import {isList, type RespValue} from './resp-reader.ts';
import {SLOTS} from './channel-slot.ts';
import type {Millis} from '../time.ts';

/** Slots that stand in a row, the node that serves them, and its replicas. */
export interface SlotRange {
  readonly from: number;
  /** The last one. */
  readonly to: number;
  readonly master: Address;
  readonly replicas: readonly Address[];
}

/** What a node says knows better than what others say about it, for this long: they hear of it later. */
const FIRST_HAND: Millis = 2_000;

/** Two nodes that send us to each other are believed so often. */
const SETTLING: Millis = 50;

/**
 * Reads the answer of `CLUSTER SLOTS`; undefined if it is none. `asked`: the node that has answered. A node that does not
 * know its own host is meant where the host is missing.
 */
export function readSlots(answer: RespValue, asked: Address): SlotRange[] | undefined {
  if (!isList(answer)) return undefined;
  const ranges: SlotRange[] = [];
  for (const range of answer) {
    if (!isList(range)) return undefined;
    const [from, to, ...nodes] = range;
    const [master, ...replicas] = nodes.flatMap(node => addressIn(node, asked) ?? []);
    if (!isSlot(from) || !isSlot(to) || !master) return undefined;
    ranges.push({from, to, master, replicas});
  }
  return ranges;
}

/** Reads `MOVED 3999 10.0.0.7:6379`; undefined if it says something else. */
export function readMoved(text: string, asked: Address): {slot: number; address: Address} | undefined {
  const [, slot, host = '', port] = /^MOVED (\d{1,5}) (.*):(\d{1,5})$/.exec(text) ?? [];
  if (slot === undefined || !isSlot(Number(slot))) return undefined;
  return {slot: Number(slot), address: {host: isHost(host) ? host : asked.host, port: Number(port)}};
}

function addressIn(node: RespValue, asked: Address): Address | undefined {
  if (!isList(node)) return undefined;
  const [host, port] = node;
  if (typeof port !== 'number' || port === 0) return undefined;
  return {host: isHost(host) ? host : asked.host, port};
}

function isHost(host: RespValue | undefined): host is string {
  return typeof host === 'string' && host !== '' && host !== '?';
}

function isSlot(slot: RespValue | undefined): slot is number {
  return typeof slot === 'number' && Number.isInteger(slot) && slot >= 0 && slot < SLOTS;
}

/** Which node serves which slot, as far as is known. Nodes have the names of `nameOf`. Pure. */
export class ClusterSlots {
  readonly #owners: (string | undefined)[] = Array.from({length: SLOTS});
  readonly #addresses = new Map<string, Address>();
  /** What nodes have said of their own slots lately. */
  readonly #firstHand = new Map<number, Millis>();

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** The nodes that serve a slot, by their names. */
  get owners(): ReadonlyMap<string, Address> {
    const owners = new Set(this.#owners);
    return new Map([...this.#addresses].filter(([name]) => owners.has(name)));
  }

  /** Whether every slot has a node. */
  get isComplete(): boolean {
    return this.#owners.every(owner => owner !== undefined);
  }

  /** The node of a slot has said that another one serves it. Returns false if the slot cannot have moved again already. */
  moved(slot: number, to: Address, at: Millis): boolean {
    if (at - (this.#firstHand.get(slot) ?? Number.NEGATIVE_INFINITY) < SETTLING) return false;
    this.#owners[slot] = this.#name(to);
    this.#firstHand.set(slot, at);
    return true;
  }

  /** Some node has said who serves what. */
  learn(ranges: readonly SlotRange[], at: Millis): void {
    for (const [slot, since] of this.#firstHand) if (at - since > FIRST_HAND) this.#firstHand.delete(slot);
    const kept = [...this.#firstHand.keys()].map(slot => [slot, this.#owners[slot]] as const);
    this.#owners.fill(undefined);
    for (const {from, to, master} of ranges) this.#owners.fill(this.#name(master), from, to + 1);
    for (const [slot, owner] of kept) this.#owners[slot] = owner;
  }

  /** A node is not well: what others say of its slots is believed at once. */
  distrust(name: string): void {
    for (const slot of this.#firstHand.keys()) if (this.#owners[slot] === name) this.#firstHand.delete(slot);
  }

  #name(address: Address): string {
    const name = nameOf(address);
    this.#addresses.set(name, address);
    return name;
  }
}
