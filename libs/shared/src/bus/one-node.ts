import {Lane, type LaneOptions} from './lane.ts';
import type {Router} from './router.ts';

/** One Redis serves every channel. */
export class OneNode implements Router {
  readonly lanes: readonly [Lane];

  constructor(options: LaneOptions) {
    this.lanes = [new Lane(options)];
  }

  get ready(): Promise<void> {
    return this.lanes[0].ready;
  }

  laneOf(): Lane {
    return this.lanes[0];
  }

  moved(): undefined {}

  doubt(): void {}

  close(): void {
    this.lanes[0].close();
  }
}
