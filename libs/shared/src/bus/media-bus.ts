import type {RedisTrouble} from '../redis/redis-trouble.ts';
import type {Millis} from '../time.ts';

/**
 * Redis sharded pub/sub as it is: it may lose messages, and says only how many clients a message was handed to. What
 * makes frames arrive complete and in order is `FrameChannel`; asking and heartbeats live on this directly.
 */
export interface MediaBus extends AsyncDisposable {
  /**
   * Hands a message to whoever listens now. Resolves with the number of receivers (0 is a suspicion, not a proof: in a
   * Cluster it can be wrong after a failover). Rejects when it was not sent; nothing is queued and nothing is resent.
   */
  publish(channel: string, message: Buffer): Promise<number>;
  /** Resolves when Redis has the subscription. It is renewed by itself after a lost connection. */
  subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe>;
  /**
   * Resolves when whatever is published to this channel has a receiver, which it has until the process is gone, whatever
   * becomes of the connection of `subscribe`: it is held on one of its own.
   */
  holdPresence(channel: string): Promise<Unsubscribe>;
  /** Since when Redis has answered without a break, on the monotonic clock; undefined while it does not. */
  wellSince(): Millis | undefined;
  /**
   * Since when our connections to Redis have held, however slow it answers: whoever had subscribed before, and was not
   * cut off from Redis himself, still is subscribed. Undefined while there is none.
   */
  linkedSince(): Millis | undefined;
  /**
   * Why Redis cannot be used for new calls; undefined while it can. A Redis that carries frames may still refuse to be
   * written to: calls in hand go on, and no new one can have an owner.
   */
  trouble(): RedisTrouble | undefined;
}

export type Unsubscribe = () => Promise<void>;
