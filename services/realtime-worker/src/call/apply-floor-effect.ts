import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal, toEdge, toModel} from '../events/call-effect.ts';
import type {CallerTurn} from './caller-turn.ts';
import type {FloorEffect} from '../barge-in/floor-events.ts';
import type {InterruptionLog} from '../journal/interruption-log.ts';
import type {ModelContext} from '../conversation/model-context.ts';
import {timingLine, WENT_ON} from '../barge-in/timing-line.ts';
import type {TurnLog} from '../journal/turn-log.ts';

/** The parts of a call that a decision about the floor concerns. */
export interface FloorParts {
  readonly memory: ModelContext;
  readonly turns: TurnLog;
  readonly caller: CallerTurn;
  readonly interruptions: InterruptionLog;
  /** How long one hop between edge and worker takes, in milliseconds; undefined until it was measured. */
  readonly hopMs: Millis | undefined;
}

/** What a decision about the floor means: to the phone, to the model, to the journal and to the log. */
export function applyFloorEffect(
  effect: Exclude<FloorEffect, {do: 'unprotect'}>,
  {memory, turns, caller, interruptions, hopMs}: FloorParts,
  at: Millis,
): CallEffect[] {
  switch (effect.do) {
    case 'say': {
      const turn = turns.audioSent(effect.responseId, at, hopMs);
      const {itemId: id, itemFrom: from, itemMs: ms, payload, mark} = effect;
      return [toEdge({kind: 'audio', payload, mark}), journal({is: 'said', id, from, ms, mark}), ...turn];
    }
    case 'mark':
      return [toEdge({kind: 'mark', name: effect.mark})];
    case 'clear':
      return [toEdge({kind: 'clear'}), journal({is: 'hushed'})];
    case 'truncate':
      return memory.truncate(effect.itemId, effect.audioEndMs, effect.receivedMs);
    case 'cancel':
      return [toModel({do: 'cancel', responseId: effect.responseId})];
    case 'interrupted':
      turns.interrupted(effect.interruption);
      return interruptions.record(effect.interruption, false, turns);
    case 'noise':
      caller.wasNoise(true);
      return [];
    case 'unanswered':
      caller.wasNoise(false);
      return [{do: 'timing', line: WENT_ON.unanswered}];
    case 'uninterruptible':
      return [{do: 'timing', line: WENT_ON.uninterruptible}];
    case 'resumed':
      return interruptions.record(effect.interruption, true, turns);
    case 'allHeard':
      return [{do: 'timing', line: timingLine(effect.interruption, effect.do)}];
    case 'cutOff':
      return turns.truncated(effect.cuts);
    default:
      return unreachable(effect);
  }
}
