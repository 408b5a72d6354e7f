import type {MissCause} from '@voicebridge/shared/observability/metric-labels.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import type {Response} from './live-response.ts';
import type {ResponseSequencer} from './response-sequencer.ts';

export type Ended = Extract<ModelEvent, {type: 'responseEnded'}>;

/** What was wrong with an answer; undefined if the caller needs no other one. */
export function missed({status, reason, inText}: Ended, {spoke, called}: Response): MissCause | undefined {
  if (status === 'failed') return reason?.includes('rate_limit') ? 'rate-limited' : 'failed';
  if (status === 'incomplete') return called ? undefined : 'incomplete';
  if (status === 'cancelled' || spoke || called) return undefined;
  return inText ? 'text' : 'empty';
}

/** Why the caller hears nothing although the model refused nothing. */
export function silentBecause(state: ResponseSequencer['state'], response: Response | undefined): MissCause {
  if (state === 'active' || response) return 'stalled';
  return state === 'idle' ? 'unheard' : 'unanswered';
}
