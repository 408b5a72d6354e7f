import {background} from '@voicebridge/shared/observability/log.ts';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import type {CallDeps} from './call-deps.ts';
import {countFact} from './call-metrics.ts';
import type {CallParts} from './wire-call.ts';

/** An effect that one of the parts of a call performs. What is missing changes the call itself: its session does that. */
export type PartEffect = Exclude<CallEffect, {do: 'end' | 'switchAssistant'}>;

/** Passes what the core decided to the part that does it. Nothing here waits: what takes time goes on in the background. */
export function performEffect(effect: PartEffect, parts: CallParts, deps: CallDeps): void {
  const {model, stream, recording, reaction, tools, leaving, absences, log} = parts;
  switch (effect.do) {
    case 'model':
      return model.send(effect.command);
    case 'hear':
      return model.hear(Buffer.from(effect.payload, 'latin1'), 0, effect.payload.length);
    case 'edge':
      stream.send(effect.frame);
      recording?.effect(effect, deps.clock.now());
      if (effect.frame.kind === 'clear') reaction.cleared();
      return;
    case 'journal':
      return write(effect.fact, parts, deps);
    case 'openModel':
      return model.reopen(effect.after);
    case 'openSpare':
      return model.openSpare();
    case 'useSpare':
      return model.useSpare();
    case 'dropSpare':
      return model.dropSpare();
    case 'collecting':
      return recording?.pause(effect.isOn, deps.clock.now());
    case 'runTool':
      return tools.run(effect);
    case 'stopTool':
      return tools.stop(effect.callId);
    case 'handOver':
      return background(leaving.handOver(), log, 'handing over');
    case 'leave':
      return background(leaving.leave(effect), log, 'leaving');
    case 'hold':
      return background(leaving.hold(effect.ms), log, 'holding');
    case 'away':
      return background(absences.leave(effect), log, 'sending the caller away');
    case 'lookUpReturn':
      return background(absences.lookUp(effect.away), log, 'looking up the outcome of an absence');
    default:
      return parts.reports.report(effect);
  }
}

/** Writes a fact to the journal, and tells everybody who waits for facts. */
function write(noted: Fact, {journal, recording, spend, reaction}: CallParts, deps: CallDeps): void {
  // The core has no clock of its own, so the shell measures the reaction to a barge-in.
  const fact =
    noted.is === 'interruption' ? {...noted, interruption: {...noted.interruption, reactionMs: reaction.ms}} : noted;
  journal.write(fact);
  recording?.noted(fact, deps.clock.now());
  deps.tap?.noted(fact);
  countFact(fact, deps.metrics);
  if (fact.is === 'tokens') spend.billed(fact.tokens);
}
