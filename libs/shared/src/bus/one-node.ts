import {nodesOf} from '../redis/client.ts';
import type {RedisTrouble} from '../redis/redis-trouble.ts';
import type {Millis} from '../time.ts';
import {addressOf} from './address.ts';
import type {Lane} from './lane.ts';
import type {Router, Wiring} from './router.ts';
import {ServingNode} from './serving-node.ts';

/** One Redis serves every channel. */
export class OneNode implements Router {
  readonly #node: ServingNode;
  readonly lanes: readonly Lane[];
  readonly allLanes: readonly Lane[];

  constructor(wiring: Wiring) {
    this.#node = new ServingNode(wiring, addressOf(nodesOf(wiring.url).nodes[0] ?? wiring.url));
    this.lanes = [this.#node.lane];
    this.allLanes = this.lanes;
  }

  get ready(): Promise<void> {
    return this.#node.lane.ready;
  }

  get trouble(): RedisTrouble | undefined {
    return this.#node.trouble;
  }

  laneOf(): Lane {
    return this.#node.lane;
  }

  moved(): undefined {}

  doubt(): void {}

  tick(at: Millis, next: Millis): void {
    this.#node.lane.tick(at, next);
  }

  close(): void {
    this.#node.release();
    this.#node.lane.close();
  }
}
