import type {RedisTrouble} from '../redis/redis-trouble.ts';
import type {Millis} from '../time.ts';

/**
 * Plain Redis sharded pub/sub: messages may be lost, and a publisher learns only how many clients got one.
 * `FrameChannel` adds order and completeness; RPC and heartbeats use this directly.
 */
export interface MediaBus extends AsyncDisposable {
  /**
   * Sends a message to the current subscribers. Resolves with their number; 0 is a suspicion and no proof, since it can
   * be wrong after a failover of a Cluster. Rejects if it was not sent; nothing is queued or resent.
   */
  publish(channel: string, message: Buffer): Promise<number>;
  /**
   * Whether `publish` counts every subscriber. A single Redis does; a node of a Cluster counts its own only, which is too
   * few after a failover.
   */
  readonly countsAll: boolean;
  /**
   * The sending side of one channel for frames: fifty a second and call, so nothing is awaited and no promise is made.
   * `delivered` is called in the order of sending, once for each message that is counted or was not sent.
   */
  outlet(channel: string, delivered: Delivered): Outlet;
  /**
   * Resolves when Redis has confirmed the subscription. It is renewed after a lost connection. The bytes of a message are
   * valid during the call of `listener` only.
   */
  subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe>;
  /**
   * Subscribes to a presence channel on a connection of its own, so that a message to it has a receiver until this
   * process ends, whatever happens to the connection of `subscribe`. Resolves when Redis has confirmed it.
   */
  holdPresence(channel: string): Promise<Unsubscribe>;
  /**
   * Since when Redis has answered without a break, on the monotonic clock; undefined while it does not. On a Cluster: the
   * shard of `channel`, or all shards if none is given.
   */
  wellSince(channel?: string): Millis | undefined;
  /**
   * Since when our connections to Redis have been open, however slowly it answers; undefined while one is closed. A
   * peer that had subscribed before that and kept its own connection is still subscribed. `channel`: as for `wellSince`.
   */
  linkedSince(channel?: string): Millis | undefined;
  /**
   * Why Redis cannot be used for new calls; undefined if it can. A Redis that delivers frames may still refuse writes:
   * then active calls go on, and a new call cannot get an owner.
   */
  trouble(): RedisTrouble | undefined;
}

/**
 * What became of one message of an outlet. `tag`: as it was given to `send`. `receivers`: as for `publish`; 0 also if the
 * message was not sent, or if nobody knows.
 */
export type Delivered = (tag: number, receivers: number) => void;

/**
 * `now`: the message, and all that waits before it, is written at the end of this turn of the event loop. `soon`: it may
 * wait up to four milliseconds for others, so that one write carries the audio of many calls.
 */
export type Urgency = 'now' | 'soon';

export interface Outlet {
  /**
   * Copies the message before it returns. `isCounted`: false if nobody needs to know how many got it, so that no reply
   * has to wake this process.
   */
  send(message: Buffer, tag: number, urgency: Urgency, isCounted?: boolean): void;
}

export type Unsubscribe = () => Promise<void>;
