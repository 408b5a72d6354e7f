import type {Log} from '../observability/log.ts';
import {OutageLog} from '../observability/outage-log.ts';
import type {RedisAccess} from '../redis/client.ts';
import {redisTroubleOf} from '../redis/redis-trouble.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {fieldOf, promised, Subscribing} from './askers.ts';
import {ChannelTable} from './channel-table.ts';
import {EchoWatch} from './echo-watch.ts';
import {nameOf, type Address} from './address.ts';
import {MediaConnection, type ConnectionEvents} from './media-connection.ts';
import {Batch, spublishPrefix, type Asker} from './resp-batch.ts';
import type {RespValue, Span} from './resp-reader.ts';
import {Subscription} from './subscription.ts';

/** Constant and short: a call is silent while we wait. */
const RETRY: Millis = 50;
/** After a refused password: Redis writes down each refusal. */
const RETRY_PASSWORD: Millis = 1_000;
/** A connection that is lost again within this time counts as the same outage. */
const SETTLED: Millis = 1_000;
/** So many batches are kept for later use. */
const MOST_SPARE = 4;

const NOTHING = Buffer.alloc(0);

/** What a lane tells its bus. */
export interface LaneEvents {
  /** Something waits to be written at the end of this turn. */
  wantsFlush(): void;
  /** A node has said that a slot is elsewhere. Returns the lane to there; undefined if there is none. */
  moved(from: Lane, text: string): Lane | undefined;
  /** Redis has confirmed a subscription. */
  subscribed(at: Lane, subscription: Subscription): void;
  /** Redis has dropped a subscription, or refuses it for now. */
  unsubscribed(from: Lane, subscription: Subscription, error: Error): void;
  /** The node is not what it was: it is away, was demoted, or lacks the slot of its echo. */
  doubtful(lane: Lane): void;
}

export interface LaneOptions {
  readonly address: Address;
  readonly access: RedisAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: LaneEvents;
  /** The channel of its echo, which its node serves. None: the lane only holds its subscriptions. */
  readonly echo?: string;
  /** Whether the node belongs to a Cluster: then its role is asked for with each echo, and named in log lines. */
  readonly isOfCluster: boolean;
}

/**
 * The way to one node of Redis: one connection after another, the channels that are subscribed there, and an echo which
 * shows that it delivers. A lane outlives its connections. A connection that is sick is replaced as a whole.
 */
export class Lane implements ConnectionEvents {
  readonly #options: LaneOptions;
  readonly #watch: EchoWatch;
  readonly #outages: OutageLog;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #byChannel = new ChannelTable<Subscription>();
  readonly #spare: Batch[] = [];
  readonly #ready = Promise.withResolvers<void>();
  /** Resolves at the first echo. Rejects if our user may not listen to it. */
  readonly ready = this.#ready.promise;
  #batch = new Batch();
  #connection: MediaConnection | undefined;
  /** Nothing has gone wrong yet: what is sent waits for the first connection. */
  #isNew = true;
  #isClosed = false;
  #wasOpen = false;
  #isReplica = false;
  #retry: Cancel = () => {};
  #echo: {readonly subscription: Subscription; readonly prefix: Buffer} | undefined;
  #role: 'asked' | 'known' = 'known';

  constructor(options: LaneOptions) {
    this.#options = options;
    const {clock, log, address, isOfCluster, echo} = options;
    const labels = {role: 'media', ...(isOfCluster ? {node: nameOf(address)} : {})};
    this.#watch = new EchoWatch(clock.now());
    this.#outages = new OutageLog(clock, SETTLED, {
      away: thrown => log.warn({...labels, err: thrown}, 'redis is away'),
      back: outage => log.info({...labels, ...outage}, 'redis is back'),
    });
    this.#ready.promise.catch(() => {}); // whoever waits for it hears of it
    if (echo !== undefined) this.echoOn(echo);
    this.#connect();
  }

  get address(): Address {
    return this.#options.address;
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  /** Whether its node has said that it is a replica. */
  get isReplica(): boolean {
    return this.#isReplica;
  }

  wellSince(): Millis | undefined {
    return this.#watch.wellSince(this.#options.clock.now());
  }

  get linkedSince(): Millis | undefined {
    return this.#watch.linkedSince;
  }

  /** What waits for the next flush; commands are added to it. */
  get batch(): Batch {
    return this.#batch;
  }

  /** Sends one command. Rejects if it cannot be sent, is refused or the connection ends. */
  ask(words: readonly string[]): Promise<RespValue> {
    const {promise, ...asker} = promised();
    this.#batch.command(words, asker);
    this.#options.events.wantsFlush();
    return promise;
  }

  /** Subscribes now, and again with every new connection, until `drop`. */
  carry(subscription: Subscription): void {
    this.#subscriptions.set(subscription.channel, subscription);
    this.#byChannel.set(subscription.channel, subscription);
    if (!this.isOpen) return;
    this.#subscribe(subscription);
    this.#options.events.wantsFlush();
  }

  /** Ends a subscription here. Resolves when Redis has done that, or the connection is gone. */
  async drop(subscription: Subscription): Promise<void> {
    if (this.#subscriptions.get(subscription.channel) !== subscription) return;
    this.#subscriptions.delete(subscription.channel);
    this.#byChannel.delete(subscription.channel);
    if (!this.isOpen) return;
    const {promise, ...asker} = promised();
    this.#batch.prelude(['SUNSUBSCRIBE', subscription.channel]);
    this.#batch.command(['HELLO'], {...asker, preludeRefused: () => {}});
    this.#options.events.wantsFlush();
    await promise.catch(() => {});
  }

  /** Takes another channel for the echo: its node no longer serves the last one. */
  echoOn(channel: string): void {
    if (this.#echo) void this.drop(this.#echo.subscription);
    const subscription = new Subscription(channel);
    subscription.add(() => this.#echoed());
    this.#echo = {subscription, prefix: spublishPrefix(channel)};
    this.carry(subscription);
  }

  /** Call it every `ECHO_MS`. */
  tick(at: Millis): void {
    const isSilent = this.#watch.tick(at);
    if (!this.isOpen) return;
    if (this.#echo && isSilent) return this.replace(new Error('redis does not answer'));
    if (this.#echo && this.wellSince() === undefined) this.#options.events.doubtful(this);
    this.#sendEcho();
    if (this.#options.isOfCluster) this.#askRole();
  }

  /** For a lane without an echo, call it now and then: the connection is replaced if it has not answered since the last. */
  look(): void {
    if (!this.isOpen) return;
    if (this.#role === 'asked') return this.replace(new Error('redis does not answer'));
    this.#askRole();
  }

  /** Writes what waits. */
  flush(): void {
    const batch = this.#batch;
    if (batch.isEmpty) return;
    if (this.#connection?.isOpen) {
      this.#batch = this.#spare.pop() ?? new Batch();
      this.#connection.write(batch);
    } else if (!this.#isNew || this.#isClosed) {
      this.#batch = this.#spare.pop() ?? new Batch();
      batch.abandon(new Error('redis is away'));
      this.settled(batch);
    }
  }

  /** Closes the connection, and opens another. */
  replace(error: Error): void {
    this.#connection?.close(error);
  }

  close(): void {
    this.flush();
    this.#isClosed = true;
    this.#retry();
    this.#outages[Symbol.dispose]();
    this.#connection?.end();
    this.flush();
  }

  #connect(): void {
    const {address, access, clock} = this.#options;
    this.#connection = new MediaConnection(address, access, clock, new Batch(), this);
  }

  #subscribe(subscription: Subscription): void {
    this.#batch.prelude(['SSUBSCRIBE', subscription.channel]);
    // Redis never refuses HELLO, so its answer shows that the subscription was made or refused.
    this.#batch.command(['HELLO'], new Subscribing(this, subscription));
  }

  #sendEcho(): void {
    if (!this.#echo) return;
    this.#batch.spublish(this.#echo.prefix, NOTHING, this.#echoAsker, 0);
    this.#options.events.wantsFlush();
  }

  readonly #echoAsker: Asker = {
    counted: (_, receivers) => {
      // It was refused, or Redis has dropped it.
      if (receivers > 0 || !this.#echo) return;
      this.#watch.refused(this.#options.clock.now());
      this.#subscribe(this.#echo.subscription);
      this.#options.events.wantsFlush();
    },
    answered: () => {},
    refused: (_, error) => {
      if (!this.isOpen) return;
      // Another node serves the slot of the echo; that says nothing about this one.
      if (this.#options.events.moved(this, error.message)) return;
      this.#watch.refused(this.#options.clock.now());
      this.#outages.failed(error);
      this.#options.events.doubtful(this);
    },
  };

  #echoed(): void {
    this.#ready.resolve();
    this.#watch.echoed(this.#options.clock.now());
    this.#outages.worked();
  }

  #askRole(): void {
    this.#role = 'asked';
    this.#batch.command(['HELLO'], this.#roleAsker);
    this.#options.events.wantsFlush();
  }

  readonly #roleAsker: Asker = {
    counted: () => {},
    answered: (_, hello) => this.#learnRole(hello),
    refused: () => {},
  };

  #learnRole(hello: RespValue): void {
    this.#role = 'known';
    this.#isReplica = this.#options.isOfCluster && fieldOf(hello, 'role') !== 'master';
    if (this.#isReplica) this.#options.events.doubtful(this);
  }

  /** The answer to a subscription. */
  subscribed(subscription: Subscription, refusal: Error | undefined): void {
    if (this.#subscriptions.get(subscription.channel) !== subscription) return;
    if (refusal) return this.#unsubscribed(subscription, refusal);
    subscription.confirm();
    if (subscription !== this.#echo?.subscription) this.#options.events.subscribed(this, subscription);
  }

  #unsubscribed(subscription: Subscription, error: Error): void {
    const isEcho = subscription === this.#echo?.subscription;
    if (redisTroubleOf(error) === 'rights') {
      subscription.reject(error);
      if (isEcho) this.#ready.reject(error);
    }
    if (isEcho) this.#options.events.doubtful(this);
    else this.#options.events.unsubscribed(this, subscription, error);
  }

  opened(hello: RespValue): void {
    this.#isNew = false;
    this.#wasOpen = true;
    this.#learnRole(hello);
    this.#watch.opened(this.#options.clock.now());
    // Before anything that waited: its answers come to these channels.
    const waited = this.#batch;
    this.#batch = new Batch();
    for (const subscription of this.#subscriptions.values()) this.#subscribe(subscription);
    this.#sendEcho();
    if (!this.#echo) this.#outages.worked();
    this.flush();
    this.#batch = waited;
    this.flush();
  }

  message(bytes: Buffer, channel: Span, body: Span): void {
    this.#byChannel.find(bytes, channel.from, channel.to)?.deliver(bytes.subarray(body.from, body.to));
  }

  pushed(kind: string, [channel]: readonly RespValue[]): void {
    if (kind === 'ssubscribe') return;
    if (kind !== 'sunsubscribe') {
      this.#options.log.warn({kind}, 'redis has pushed what we do not know; it is ignored');
      return;
    }
    const subscription = this.#subscriptions.get(String(channel));
    if (subscription) this.#unsubscribed(subscription, new Error('redis has ended a subscription'));
  }

  moved(text: string, batch: Batch): boolean {
    if (batch.next === this.#echoAsker) return false;
    const lane = this.#options.events.moved(this, text);
    if (!lane || lane === this || batch.isRedirected) return false;
    lane.batch.redirect(batch);
    this.#options.events.wantsFlush();
    return true;
  }

  settled(batch: Batch): void {
    batch.clear();
    if (this.#spare.length < MOST_SPARE) this.#spare.push(batch);
  }

  closed(error: Error): void {
    const wasOpen = this.#wasOpen;
    this.#wasOpen = false;
    this.#isNew = false;
    this.#watch.disconnected();
    if (this.#isClosed) return;
    this.#outages.failed(error);
    this.flush();
    const pause = redisTroubleOf(error) === 'password' ? RETRY_PASSWORD : wasOpen ? 0 : RETRY;
    this.#retry = this.#options.clock.after(pause, () => this.#connect());
    this.#options.events.doubtful(this);
  }
}
