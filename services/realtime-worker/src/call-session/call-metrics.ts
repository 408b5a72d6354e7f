import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Fact} from '../events/call-effect.ts';

/** Updates the metrics of the process with one fact of a call. */
export function countFact(fact: Fact, metrics: Metrics): void {
  if (fact.is === 'interruption') {
    const {reactionMs, false: isFalse} = fact.interruption;
    if (!isFalse) metrics.bargeInsTotal.inc();
    if (reactionMs !== null) metrics.bargeInReactionSeconds.observe(reactionMs / 1_000);
  }
  if (fact.is === 'away' && fact.away.outcome !== null) metrics.absencesTotal.inc({outcome: fact.away.outcome});
  if (fact.is === 'failover') metrics.failoversTotal.inc({kind: fact.failover.kind});
  if (fact.is === 'tokens') {
    for (const [kind, count] of Object.entries(fact.tokens)) metrics.tokensTotal.inc({kind}, count);
  }
}
