import type {Log} from '../observability/log.ts';
import type {RedisAccess} from '../redis/client.ts';
import type {RedisTrouble} from '../redis/redis-trouble.ts';
import type {Clock, Millis} from '../time.ts';
import type {Lane, LaneEvents} from './lane.ts';

/** What a router needs of its bus. */
export interface Wiring {
  readonly url: string;
  readonly access: RedisAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: LaneEvents;
  /** Other nodes serve some channels from now on. */
  readonly changed: () => void;
  /** Every connection has to be opened anew: the address of Redis leads to another server now. */
  readonly reopen: () => void;
}

/** Knows which node serves a channel. */
export interface Router {
  /** The ways to all nodes that serve channels. */
  readonly lanes: readonly Lane[];
  /** Those, and the ways to nodes that no longer do, as long as something may still come from there. */
  readonly allLanes: readonly Lane[];
  /** Resolves when the first node can be used. Rejects if our user may not do that. */
  readonly ready: Promise<void>;
  /** Why Redis cannot be used for new calls. */
  readonly trouble: RedisTrouble | undefined;
  /** The way to the node that serves a slot; undefined if none is known. */
  laneOf(slot: number): Lane | undefined;
  /** As in `LaneEvents`. */
  moved(from: Lane, text: string, isAgain?: boolean): Lane | undefined;
  /** Something suggests that other nodes serve the slots now. */
  doubt(lane: Lane): void;
  /** Sends echoes; to be called again in `next` ms. */
  tick(at: Millis, next: Millis): void;
  close(): void;
}
