import type {Log} from '../observability/log.ts';
import {OutageLog} from '../observability/outage-log.ts';
import {accessOf, nodesOf, type RedisAccess} from '../redis/client.ts';
import type {RedisClient} from '../redis/connect.ts';
import type {RedisTrouble} from '../redis/redis-trouble.ts';
import {every, everyWhile} from '../ticker.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {nameOf, type Address} from './address.ts';
import {promised} from './askers.ts';
import {type BatchesOfSlots, ChannelOutlet} from './channel-outlet.ts';
import {slotOf} from './channel-slot.ts';
import {ClusterNodes} from './cluster-nodes.ts';
import {ECHO_MS, IDLE_ECHO_MS} from './echo-watch.ts';
import {Flusher} from './flusher.ts';
import {Lane, type LaneEvents} from './lane.ts';
import type {Delivered, MediaBus, Outlet, Unsubscribe, Urgency} from './media-bus.ts';
import {Refusal} from './media-connection.ts';
import {OneNode} from './one-node.ts';
import {Batch, spublishPrefix} from './resp-batch.ts';
import type {Router} from './router.ts';
import {Subscription} from './subscription.ts';

/** A subscription that Redis has refused is tried again after this long. */
const RETRY: Millis = 50;
/** After so many looks, two seconds, without a frame the process is idle. */
const QUIET_LOOKS = 8;
/** A Redis that takes subscriptions for less than this still refuses them. */
const SETTLED: Millis = 1_000;
/** So many echoes pass between two looks at the connection of a presence channel. */
const LOOK_EVERY = 10;

export interface BusOptions {
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Other connections to the same Redis. When it is demoted to a replica they are reopened with ours, because a
   * connection that only reads would stay.
   */
  readonly followers?: readonly RedisClient[];
}

/**
 * The media bus over Redis sharded pub/sub. It has one connection to Redis (on a Cluster one to each master), and one
 * more for each presence channel. Resolves when Redis has confirmed the first subscription.
 */
export async function openRedisMediaBus(url: string, options: BusOptions): Promise<MediaBus> {
  const bus = new RedisMediaBus(url, options);
  await bus.ready;
  return bus;
}

class RedisMediaBus implements MediaBus, LaneEvents {
  readonly countsAll: boolean;
  readonly #options: BusOptions;
  readonly #access: RedisAccess;
  readonly #router: Router;
  readonly #flusher: Flusher;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #presences = new Set<Subscription>();
  readonly #stopTicking: Cancel;
  readonly #refusals: OutageLog;
  /** What no node can be sent. */
  readonly #nowhere = new Batch();
  #ticks = 0;
  /** Whether a frame was sent since the last look, and for how many looks there was none. */
  #framesFlow = false;
  #quietLooks = 0;
  readonly #tickingFast: (isNeeded: boolean) => void;

  constructor(url: string, options: BusOptions) {
    const {clock, log} = options;
    const {cluster} = nodesOf(url);
    this.countsAll = !cluster;
    this.#options = options;
    this.#access = accessOf(url);
    this.#refusals = new OutageLog(clock, SETTLED, {
      away: thrown => log.error({role: 'media', err: thrown}, 'redis refuses a subscription'),
      back: outage => log.info({role: 'media', ...outage}, 'redis takes subscriptions again'),
    });
    this.#flusher = new Flusher(clock, () => this.#flush());
    const [changed, reopen] = [() => this.#placeAll(), () => this.#reopen()];
    const wiring = {url, access: this.#access, clock, log, events: this, changed, reopen};
    this.#router = cluster ? new ClusterNodes(wiring) : new OneNode(wiring);
    this.#tick();
    this.#stopTicking = every(clock, IDLE_ECHO_MS, () => this.#idleTick());
    this.#tickingFast = everyWhile(clock, ECHO_MS, () => this.#tick());
  }

  get ready(): Promise<void> {
    return this.#router.ready;
  }

  async publish(channel: string, message: Buffer): Promise<number> {
    const {promise, ...asker} = promised();
    this.#batchOf(slotOf(channel), 'now').spublish(spublishPrefix(channel), message, asker, 0);
    return Number(await promise);
  }

  outlet(channel: string, delivered: Delivered): Outlet {
    return new ChannelOutlet(channel, delivered, this.#frames);
  }

  async subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe> {
    const known = this.#subscriptions.get(channel);
    const subscription = known ?? new Subscription(channel);
    const own = (message: Buffer) => listener(message); // one listener may be given twice
    subscription.add(own);
    if (!known) {
      this.#subscriptions.set(channel, subscription);
      this.#place(subscription);
    }
    const leave = async () => {
      subscription.remove(own);
      if (subscription.hasListeners || this.#subscriptions.get(channel) !== subscription) return;
      this.#subscriptions.delete(channel);
      for (const lane of subscription.former.splice(0)) void lane.drop(subscription);
      await subscription.lane?.drop(subscription);
    };
    return await this.#confirmed(subscription, leave);
  }

  async holdPresence(channel: string): Promise<Unsubscribe> {
    const subscription = new Subscription(channel, {isPresence: true});
    this.#presences.add(subscription);
    this.#place(subscription);
    return await this.#confirmed(subscription, async () => {
      this.#presences.delete(subscription);
      for (const lane of [...subscription.former.splice(0), subscription.lane]) lane?.close();
    });
  }

  wellSince(channel?: string): Millis | undefined {
    return latest(this.#lanesOf(channel).map(lane => lane?.wellSince()));
  }

  linkedSince(channel?: string): Millis | undefined {
    return latest(this.#lanesOf(channel).map(lane => lane?.linkedSince));
  }

  trouble(): RedisTrouble | undefined {
    return this.#router.trouble;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopTicking();
    this.#tickingFast(false);
    this.#router.close();
    this.#refusals[Symbol.dispose]();
    for (const lane of this.#presenceLanes()) lane.close();
    const closed = new Error('the bus was closed');
    for (const subscription of [...this.#subscriptions.values(), ...this.#presences]) subscription.reject(closed);
    this.#flusher[Symbol.dispose]();
    this.#flush();
  }

  wantsFlush(): void {
    this.#flusher.wants('now');
  }

  moved(from: Lane, text: string, isAgain?: boolean): Lane | undefined {
    return this.#router.moved(from, text, isAgain);
  }

  doubtful(lane: Lane): void {
    this.#router.doubt(lane);
  }

  subscribed(at: Lane, subscription: Subscription): void {
    this.#refusals.worked();
    if (at !== subscription.lane) return;
    for (const lane of subscription.former.splice(0)) {
      if (subscription.isPresence) lane.close();
      else void lane.drop(subscription);
    }
  }

  unsubscribed(from: Lane, subscription: Subscription, error: Error): void {
    if (from !== subscription.lane) return void from.drop(subscription);
    if (!this.#router.moved(from, error.message)) {
      if (error instanceof Refusal) this.#refusals.failed(error);
      this.#router.doubt(from);
    }
    this.#options.clock.after(RETRY, () => {
      if (subscription.lane === from && this.#isHeld(subscription)) from.carry(subscription);
    });
  }

  readonly #frames: BatchesOfSlots = {
    batchOf: (slot, urgency) => {
      this.#framesFlow = true;
      return this.#batchOf(slot, urgency);
    },
    mayBeQuiet: slot => this.#router.laneOf(slot)?.mayBeQuiet ?? false,
  };

  /** The batch that is written next to the node of a slot. */
  readonly #batchOf = (slot: number, urgency: Urgency): Batch => {
    this.#flusher.wants(urgency);
    return this.#router.laneOf(slot)?.batch ?? this.#nowhere;
  };

  /** Waits for Redis. What it refuses for good is not asked for again. */
  async #confirmed(subscription: Subscription, leave: Unsubscribe): Promise<Unsubscribe> {
    try {
      await subscription.confirmed;
      return leave;
    } catch (thrown) {
      await leave();
      throw thrown;
    }
  }

  #isHeld(subscription: Subscription): boolean {
    return this.#presences.has(subscription) || this.#subscriptions.get(subscription.channel) === subscription;
  }

  #lanesOf(channel: string | undefined): readonly (Lane | undefined)[] {
    return channel === undefined ? this.#router.lanes : [this.#router.laneOf(slotOf(channel))];
  }

  #placeAll(): void {
    for (const subscription of this.#subscriptions.values()) this.#place(subscription);
    for (const presence of this.#presences) this.#place(presence);
  }

  /** Subscribes at the node that serves the channel now. */
  #place(subscription: Subscription): void {
    const serving = this.#router.laneOf(subscription.slot);
    const {lane, isPresence} = subscription;
    if (!serving || serving === lane || (isPresence && lane && sameNode(serving, lane))) return;
    const to = isPresence ? this.#presenceLane(serving.address) : serving;
    if (lane) subscription.former = [...subscription.former.filter(each => each !== to), lane];
    subscription.lane = to;
    subscription.lane.carry(subscription);
  }

  #presenceLane(address: Address): Lane {
    const {clock, log} = this.#options;
    return new Lane({address, access: this.#access, clock, log, events: this, isOfCluster: !this.countsAll});
  }

  /** Without frames nobody depends on a fast answer, and echoes would be most of what an idle process does. */
  #idleTick(): void {
    this.#quietLooks = this.#framesFlow ? 0 : this.#quietLooks + 1;
    this.#framesFlow = false;
    const isBusy = this.#quietLooks < QUIET_LOOKS || this.wellSince() === undefined;
    if (!isBusy) this.#tick(IDLE_ECHO_MS);
    this.#tickingFast(isBusy);
  }

  #tick(next: Millis = ECHO_MS): void {
    this.#router.tick(this.#options.clock.now(), next);
    this.#ticks += 1;
    if (this.#ticks % LOOK_EVERY === 0) for (const lane of this.#presenceLanes()) lane.look();
  }

  #flush(): void {
    for (const lane of this.#router.allLanes) lane.flush();
    if (this.#presences.size > 0) for (const lane of this.#presenceLanes()) lane.flush();
    if (this.#nowhere.isEmpty) return; // an error costs more than the rest of a flush
    this.#nowhere.abandon(new Error('no node of Redis serves this channel'));
    this.#nowhere.clear();
  }

  /** Everything moves to where the address leads now. */
  #reopen(): void {
    const why = new Error('redis was demoted to a replica');
    for (const lane of [...this.#router.lanes, ...this.#presenceLanes()]) lane.replace(why);
    for (const client of this.#options.followers ?? []) client.disconnect(true);
  }

  #presenceLanes(): Lane[] {
    return [...this.#presences].flatMap(({lane, former}) => (lane ? [lane, ...former] : former));
  }
}

/** The latest of the moments; undefined if one of them is. */
function latest(moments: readonly (Millis | undefined)[]): Millis | undefined {
  let last: Millis | undefined;
  for (const moment of moments) {
    if (moment === undefined) return undefined;
    last = Math.max(moment, last ?? moment);
  }
  return last;
}

function sameNode(one: Lane, other: Lane): boolean {
  return nameOf(one.address) === nameOf(other.address);
}
