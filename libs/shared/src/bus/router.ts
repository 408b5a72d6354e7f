import type {Lane} from './lane.ts';

/** Knows which node serves a channel. */
export interface Router {
  /** The ways to all nodes that serve channels. */
  readonly lanes: readonly Lane[];
  /** Resolves when the first node can be used. Rejects if our user may not do that. */
  readonly ready: Promise<void>;
  /** The way to the node that serves a slot; undefined if none is known. */
  laneOf(slot: number): Lane | undefined;
  /** A node has said that a slot is elsewhere, in the words of Redis. Returns the lane to there. */
  moved(from: Lane, text: string): Lane | undefined;
  /** Something suggests that other nodes serve the slots now. */
  doubt(lane: Lane): void;
  close(): void;
}
