import {OutageLog} from '../observability/outage-log.ts';
import {nodesOf} from '../redis/client.ts';
import type {RedisTrouble} from '../redis/redis-trouble.ts';
import {within} from '../retry.ts';
import type {Cancel, Millis} from '../time.ts';
import {addressOf, nameOf, type Address} from './address.ts';
import {askOnce} from './ask-once.ts';
import {tagIn} from './channel-slot.ts';
import {ClusterSlots, readMoved, readSlots, type SlotRange} from './cluster-slots.ts';
import type {Lane} from './lane.ts';
import type {RespValue} from './resp-reader.ts';
import type {Router, Wiring} from './router.ts';
import {ServingNode} from './serving-node.ts';

/** While something is wrong, the slots are asked for this often… */
const ASK_EVERY: Millis = 100;
/** …and after this long… */
const FOR_LONG: Millis = 10_000;
/** …this often. */
const ASK_SELDOM: Millis = 1_000;
/** Then another node is asked. */
const ANSWER_WITHIN: Millis = 300;
/** So many nodes are asked at once if we have a connection to none. */
const AT_ONCE = 3;
/** A node that no longer serves anything keeps its connection for so long: replies and messages may be on their way. */
const LINGER: Millis = 2_000;
/** So many contradictions in so many milliseconds are none of a slot that is just being moved. */
const QUARREL = 50;
const QUARREL_WITHIN: Millis = 10_000;
/** They are told of so often. */
const QUARREL_TOLD: Millis = 60_000;

/**
 * The masters of a Redis Cluster, each with a lane of its own. It learns which of them serves which slot when something
 * has changed (a node says MOVED, ends a subscription, is demoted, silent or away), by one question at a time to one that
 * is well. While nothing changes it asks nothing.
 */
export class ClusterNodes implements Router {
  readonly #wiring: Wiring;
  readonly #slots = new ClusterSlots();
  readonly #serving = new Map<string, ServingNode>();
  readonly #lingering = new Map<Lane, Cancel>();
  readonly #outages: OutageLog;
  readonly #ready = Promise.withResolvers<void>();
  readonly ready = this.#ready.promise;
  lanes: readonly Lane[] = [];
  allLanes: readonly Lane[] = [];
  /** Every node that we know, with its replicas, and those that the operator has named. */
  #known: readonly Address[];
  #isComplete = false;
  #doubted = true;
  /** The node that knows best, if it is one of ours. */
  #informed: Lane | undefined;
  #isAsking = false;
  #asked = 0;
  #askedAt: Millis = Number.NEGATIVE_INFINITY;
  #settledAt: Millis;
  #quarrel = {since: Number.NEGATIVE_INFINITY, times: 0};
  #toldAt: Millis = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
    this.#known = nodesOf(wiring.url).nodes.map(addressOf);
    const {clock, log} = wiring;
    this.#settledAt = clock.now();
    this.#outages = new OutageLog(clock, ASK_SELDOM, {
      away: thrown =>
        log.warn({role: 'media', err: thrown}, 'no node of the cluster says which node serves which slots'),
      back: outage =>
        log.info({role: 'media', ...outage}, 'the nodes of the cluster agree again on who serves each slot'),
    });
  }

  get trouble(): RedisTrouble | undefined {
    const troubles = [...this.#serving.values()].map(node => node.trouble);
    // A shard that is away makes its own calls wait. New ones may belong to the others.
    return troubles.length === 0 ? 'no-answer' : troubles.includes(undefined) ? undefined : troubles[0];
  }

  laneOf(slot: number): Lane | undefined {
    const owner = this.#slots.ownerOf(slot);
    return owner === undefined ? undefined : this.#serving.get(owner)?.lane;
  }

  moved(from: Lane, text: string, isAgain = false): Lane | undefined {
    const moved = readMoved(text, from.address);
    if (!moved) return undefined;
    if (isAgain) this.#contradicted(text);
    const {slot, address} = moved;
    if (this.#slots.ownerOf(slot) !== nameOf(address)) {
      if (nameOf(address) === nameOf(from.address) || !this.#slots.moved(slot, address, this.#wiring.clock.now())) {
        this.#contradicted(text);
        return undefined;
      }
      this.#serve();
      this.#doubted = true;
      this.#informed = this.laneOf(slot);
    }
    return this.laneOf(slot);
  }

  doubt(lane: Lane): void {
    if (!this.lanes.includes(lane)) return;
    this.#doubted = true;
    // It was demoted or has lost slots, and knows to whom.
    if (lane.wellSince() !== undefined) this.#informed = lane;
    this.#ask();
  }

  tick(at: Millis, next: Millis): void {
    for (const lane of this.allLanes) lane.tick(at, next);
    const isSettled = this.#isComplete && this.lanes.every(isSound);
    if (isSettled) this.#settledAt = at;
    if (this.#doubted || !isSettled) this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#outages[Symbol.dispose]();
    for (const cancel of this.#lingering.values()) cancel();
    for (const node of this.#serving.values()) node.release();
    for (const lane of this.allLanes) lane.close();
  }

  #ask(): void {
    const at = this.#wiring.clock.now();
    const pause = at - this.#settledAt > FOR_LONG ? ASK_SELDOM : ASK_EVERY;
    if (this.#isAsking || this.#isClosed || at - this.#askedAt < pause) return;
    this.#isAsking = true;
    this.#doubted = false;
    this.#askedAt = at;
    this.#askSomebody()
      .then(
        ranges => {
          this.#outages.worked();
          if (!this.#isClosed) this.#learn(ranges);
        },
        (thrown: unknown) => {
          this.#doubted = true;
          // With a connection to some node, it is that one's outage.
          if (!this.#isClosed && !this.lanes.some(lane => lane.isOpen)) this.#outages.failed(thrown);
        },
      )
      .finally(() => (this.#isAsking = false));
  }

  async #askSomebody(): Promise<readonly SlotRange[]> {
    this.#asked += 1;
    const informed = this.#informed;
    this.#informed = undefined;
    if (informed?.isOpen && informed.wellSince() !== undefined) return this.#askLane(informed);
    const well = this.lanes.filter(isSound);
    const open = well.length > 0 ? well : this.lanes.filter(lane => lane.isOpen);
    const lane = open[this.#asked % open.length];
    // If none is well, those that we have no connection to are asked in turn with those that we have.
    if (lane && (well.length > 0 || this.#asked % 2 === 0)) return this.#askLane(lane);
    const first = (this.#asked * AT_ONCE) % this.#known.length;
    const some = [...this.#known.slice(first), ...this.#known.slice(0, first)].slice(0, AT_ONCE);
    const {access, clock} = this.#wiring;
    return Promise.any(
      some.map(async node => slotsFrom(await askOnce(node, access, clock, ['CLUSTER', 'SLOTS']), node)),
    ).catch((thrown: unknown) => {
      throw thrown instanceof AggregateError ? thrown.errors[0] : thrown;
    });
  }

  async #askLane(lane: Lane): Promise<readonly SlotRange[]> {
    const asked = lane.ask(['CLUSTER', 'SLOTS']);
    return slotsFrom(
      await within(this.#wiring.clock, ANSWER_WITHIN, asked, 'the node asked for its slots'),
      lane.address,
    );
  }

  #learn(ranges: readonly SlotRange[]): void {
    for (const {lane} of this.#serving.values()) if (!isSound(lane)) this.#slots.distrust(nameOf(lane.address));
    this.#slots.learn(ranges, this.#wiring.clock.now());
    const named = nodesOf(this.#wiring.url).nodes.map(addressOf);
    const nodes = [...named, ...ranges.flatMap(({master, replicas}) => [master, ...replicas])];
    this.#known = [...new Map(nodes.map(node => [nameOf(node), node])).values()];
    this.#serve();
  }

  /** Opens the lanes to all nodes that serve something, and lets go of the others. */
  #serve(): void {
    const owners = this.#slots.owners;
    for (const [name, address] of owners) {
      const tag = () => tagIn(slot => this.#slots.ownerOf(slot) === name) ?? '';
      const node = this.#serving.get(name);
      if (!node) {
        const added = new ServingNode(this.#wiring, address, tag());
        added.lane.ready.then(this.#ready.resolve, this.#ready.reject);
        this.#serving.set(name, added);
      } else if (this.#slots.ownerOf(node.slot) !== name) node.retag(tag());
    }
    for (const [name, node] of this.#serving) {
      if (owners.has(name)) continue;
      this.#serving.delete(name);
      node.release();
      this.#linger(node.lane);
      this.#wiring.log.info({node: name}, 'a node of redis serves no channels any more');
    }
    this.lanes = [...this.#serving.values()].map(({lane}) => lane);
    this.allLanes = [...this.lanes, ...this.#lingering.keys()];
    this.#isComplete = this.#slots.isComplete;
    this.#wiring.changed();
  }

  #linger(lane: Lane): void {
    const end = () => {
      this.#lingering.delete(lane);
      this.allLanes = [...this.lanes, ...this.#lingering.keys()];
      lane.close();
    };
    this.#lingering.set(lane, this.#wiring.clock.after(LINGER, end));
  }

  /** A node has sent us on in a way that cannot be right. */
  #contradicted(text: string): void {
    const at = this.#wiring.clock.now();
    if (at - this.#quarrel.since > QUARREL_WITHIN) this.#quarrel = {since: at, times: 0};
    this.#quarrel.times += 1;
    if (this.#quarrel.times !== QUARREL || at - this.#toldAt < QUARREL_TOLD) return;
    this.#toldAt = at;
    this.#wiring.log.error({last: text}, 'the nodes of the cluster contradict each other about who serves a slot');
  }
}

/** It delivers, and it is a master. */
function isSound(lane: Lane): boolean {
  return lane.wellSince() !== undefined && !lane.isReplica;
}

function slotsFrom(answer: RespValue, asked: Address): readonly SlotRange[] {
  const ranges = readSlots(answer, asked);
  if (!ranges) throw new Error('an invalid answer to CLUSTER SLOTS');
  return ranges;
}
