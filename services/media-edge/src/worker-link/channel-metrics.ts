import type {EdgeChannel} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';

const OUTCOMES = [
  ['up', 'sent'],
  ['up', 'resent'],
  ['down', 'received'],
  ['down', 'duplicates'],
  ['down', 'lost'],
  ['down', 'stale'],
  ['down', 'refused'],
] as const;

/** Adds the counts of one channel to the metrics of the process: once a second, not for each frame. */
export class ChannelMetrics {
  readonly #channel: EdgeChannel;
  readonly #metrics: Metrics;
  readonly #seen = {sent: 0, resent: 0, received: 0, duplicates: 0, lost: 0, stale: 0, refused: 0};

  constructor(channel: EdgeChannel, metrics: Metrics) {
    this.#channel = channel;
    this.#metrics = metrics;
  }

  /** Adds what was counted since the last call. */
  measure(): void {
    const counts = this.#channel.counts();
    for (const [direction, outcome] of OUTCOMES) {
      const more = counts[outcome] - this.#seen[outcome];
      if (more > 0) this.#metrics.framesTotal.inc({direction, outcome}, more);
      this.#seen[outcome] = counts[outcome];
    }
    if (counts.hopMs !== undefined) this.#metrics.hopSeconds.observe(counts.hopMs / 1_000);
  }
}
