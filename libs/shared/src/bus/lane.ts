import type {Log} from '../observability/log.ts';
import {OutageLog} from '../observability/outage-log.ts';
import type {RedisAccess} from '../redis/client.ts';
import {redisTroubleOf} from '../redis/redis-trouble.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {fieldOf, promised, Subscribing} from './askers.ts';
import {ChannelTable} from './channel-table.ts';
import {canBeQuiet} from './can-be-quiet.ts';
import {Echo, type EchoEvents} from './echo.ts';
import {nameOf, type Address} from './address.ts';
import {MediaConnection, type ConnectionEvents} from './media-connection.ts';
import {Batch, type Asker} from './resp-batch.ts';
import type {RespValue, Span} from './resp-reader.ts';
import type {Subscription} from './subscription.ts';

/** Constant and short: a call is silent while we wait. */
const RETRY: Millis = 50;
/**
 * After a refused password. Longer than `RETRY`, because Redis logs each refusal. Shorter than the second after an outage in
 * which no peer is called dead (failure-detector.ts), so that a process that comes back last does not look dead to the others.
 */
const RETRY_PASSWORD: Millis = 400;
/** A connection that is lost again within this time counts as the same outage. */
const SETTLED: Millis = 1_000;
/** So many batches are kept for later use. */
const MOST_SPARE = 16;

/** What a lane tells its bus. */
export interface LaneEvents {
  /** Something waits to be written at the end of this turn. */
  wantsFlush(): void;
  /**
   * A node has said that a slot is elsewhere. Returns the lane to there; undefined if there is none. `isAgain`: another
   * node had said that of the same command before.
   */
  moved(from: Lane, text: string, isAgain?: boolean): Lane | undefined;
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
export class Lane implements ConnectionEvents, EchoEvents {
  readonly #options: LaneOptions;
  readonly #echo: Echo | undefined;
  readonly #outages: OutageLog;
  readonly #subscriptions = new ChannelTable<Subscription>();
  readonly #spare: Batch[] = [];
  #batch = new Batch();
  #connection: MediaConnection | undefined;
  /** Nothing has gone wrong yet: what is sent waits for the first connection. */
  #isNew = true;
  #isClosed = false;
  #wasOpen = false;
  #isReplica = false;
  #mayBeQuiet = false;
  #retry: Cancel = () => {};
  readonly #unknownPushes = new Set<string>();
  #role: 'asked' | 'known' = 'known';

  constructor(options: LaneOptions) {
    this.#options = options;
    const {clock, log, address, isOfCluster, echo} = options;
    const labels = {role: 'media', ...(isOfCluster ? {node: nameOf(address)} : {})};
    this.#echo = echo === undefined ? undefined : new Echo(echo, clock, this);
    this.#outages = new OutageLog(clock, SETTLED, {
      away: thrown => log.warn({...labels, err: thrown}, 'redis is away'),
      back: outage => log.info({...labels, ...outage}, 'redis is back'),
    });
    if (this.#echo) this.carry(this.#echo.subscription);
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

  /** Resolves at the first echo. Rejects if our user may not listen to it. */
  get ready(): Promise<void> {
    return this.#echo?.ready ?? Promise.resolve();
  }

  wellSince(): Millis | undefined {
    return this.#echo?.watch.wellSince(this.#options.clock.now());
  }

  get linkedSince(): Millis | undefined {
    return this.#echo?.watch.linkedSince;
  }

  /** Whether a command may be quiet (`Batch`): this Redis knows that, and our user may ask for it. */
  get mayBeQuiet(): boolean {
    return this.#mayBeQuiet && this.isOpen;
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
    if (!this.isOpen) return;
    this.#subscribe(subscription);
    this.#options.events.wantsFlush();
  }

  /** Ends a subscription here. Resolves when Redis has done that, or the connection is gone. */
  async drop(subscription: Subscription): Promise<void> {
    if (this.#subscriptions.get(subscription.channel) !== subscription) return;
    this.#subscriptions.delete(subscription.channel);
    if (!this.isOpen) return;
    const {promise, ...asker} = promised();
    this.#batch.prelude(['SUNSUBSCRIBE', subscription.channel]);
    this.#batch.command(['HELLO'], {...asker, preludeRefused: () => {}});
    this.#options.events.wantsFlush();
    await promise.catch(() => {});
  }

  /** Takes another channel for the echo: its node no longer serves the last one. */
  echoOn(channel: string): void {
    if (!this.#echo) return;
    void this.drop(this.#echo.subscription);
    this.#echo.take(channel);
    this.carry(this.#echo.subscription);
  }

  /** Sends an echo; to be called again in `next` ms. */
  tick(at: Millis, next: Millis): void {
    const isSilent = this.#echo?.watch.tick(at, next) ?? false;
    if (!this.isOpen) return;
    if (isSilent) return this.replace(new Error('redis does not answer'));
    if (this.wellSince() === undefined) this.#options.events.doubtful(this);
    this.#echo?.send(this.#batch);
    if (this.#options.isOfCluster) this.#askRole();
    this.#options.events.wantsFlush();
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
      this.#batch.beginAfter(batch);
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

  echoed(): void {
    this.#outages.worked();
  }

  lost(): void {
    if (this.#echo) this.#subscribe(this.#echo.subscription);
    this.#options.events.wantsFlush();
  }

  /** The echo was refused. */
  refused(error: Error): void {
    // Another node serves its slot; that says nothing about this one.
    if (!this.isOpen || this.#options.events.moved(this, error.message)) return;
    this.#echo?.watch.refused(this.#options.clock.now());
    this.#outages.failed(error);
    this.#options.events.doubtful(this);
  }

  /** A node of a Cluster must be able to say MOVED. */
  #askForQuiet(hello: RespValue): void {
    this.#mayBeQuiet = false;
    if (this.#options.isOfCluster || !this.#echo || !canBeQuiet(hello)) return;
    const asker = {counted: () => {}, answered: () => void (this.#mayBeQuiet = true), refused: () => {}};
    this.#batch.command(['CLIENT', 'REPLY', 'ON'], asker);
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
      if (isEcho) this.#echo?.forbid(error);
    }
    if (isEcho) this.#options.events.doubtful(this);
    else this.#options.events.unsubscribed(this, subscription, error);
  }

  opened(hello: RespValue): void {
    this.#isNew = false;
    this.#wasOpen = true;
    this.#learnRole(hello);
    this.#echo?.watch.opened(this.#options.clock.now());
    // Before anything that waited: its answers come to these channels.
    const waited = this.#batch;
    this.#batch = new Batch();
    for (const subscription of this.#subscriptions.values()) this.#subscribe(subscription);
    this.#askForQuiet(hello);
    if (this.#echo) this.#echo.send(this.#batch);
    else this.#outages.worked();
    this.flush();
    this.#batch = waited;
    this.flush();
  }

  message(bytes: Buffer, channel: Span, body: Span): void {
    this.#subscriptions.find(bytes, channel.from, channel.to)?.deliver(bytes.subarray(body.from, body.to));
  }

  pushed(kind: string, [channel]: readonly RespValue[]): void {
    if (kind === 'ssubscribe') return;
    if (kind !== 'sunsubscribe') return this.#ignore(kind);
    const subscription = this.#subscriptions.get(String(channel));
    if (subscription) this.#unsubscribed(subscription, new Error('redis has ended a subscription'));
  }

  #ignore(kind: string): void {
    if (this.#unknownPushes.has(kind)) return;
    this.#unknownPushes.add(kind);
    this.#options.log.warn({role: 'media', kind}, 'redis pushed an unknown message; it is ignored');
  }

  moved(text: string, batch: Batch): boolean {
    if (batch.next === this.#echo) return false;
    const lane = this.#options.events.moved(this, text, batch.isRedirected);
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
    this.#echo?.watch.disconnected();
    if (this.#isClosed) return;
    this.#outages.failed(error);
    this.flush();
    const pause = redisTroubleOf(error) === 'password' ? RETRY_PASSWORD : wasOpen ? 0 : RETRY;
    this.#retry = this.#options.clock.after(pause, () => this.#connect());
    this.#options.events.doubtful(this);
  }
}
