import {count, duration, type Figures, maybeName, oneOf, position} from './figure.ts';

/** Everything that is kept of a failover: a worker, an edge or a model session was replaced during the call. */
export const FAILOVER_FIGURES = {
  failover: {kind: count, column: 'failover', about: 'number of the failover in its call, from 0'},
  kind: {
    kind: oneOf(['worker-lost', 'worker-drained', 'edge-lost', 'edge-drained', 'model-lost', 'model-rotated']),
    column: 'kind',
    about: 'what was replaced, and why',
  },
  at: {kind: position, column: 'atMs', about: 'when it began'},
  gapMs: {
    kind: duration,
    column: 'gapMs',
    about: 'how long the caller could not be heard',
    metric: {
      name: 'failover_gap',
      title: 'Failover gap',
      definition: {
        whose: 'ours',
        from: 'see below',
        to: 'see below',
        clock: 'one monotonic clock; ms; `null` if the call ended before',
      },
    },
  },
  from: {kind: maybeName, column: 'fromProcess', about: 'id of the process that had the call before'},
  to: {kind: maybeName, column: 'toProcess', about: 'id of the process that took it over'},
} as const satisfies Figures;
