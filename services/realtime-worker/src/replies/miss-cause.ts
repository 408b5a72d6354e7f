import type {MissCause} from '@voicebridge/shared/observability/metric-labels.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import type {Request, ResponseSequencer} from './response-sequencer.ts';

/** A response that has begun, and what came of it so far. */
export interface Running {
  readonly responseId: string;
  readonly request: Request | undefined;
  /** Something audible came of it. */
  spoke: boolean;
  /** It called a tool: the answer follows the tool's result. */
  called: boolean;
}

export type Ended = Extract<ModelEvent, {type: 'responseEnded'}>;

/** What was wrong with an answer; undefined: nothing that needs another one. */
export function missed({status, reason, inText}: Ended, {spoke, called}: Running): MissCause | undefined {
  if (status === 'failed') return reason?.includes('rate_limit') ? 'rate-limited' : 'failed';
  if (status === 'incomplete') return called ? undefined : 'incomplete';
  if (status === 'cancelled' || spoke || called) return undefined;
  return inText ? 'text' : 'empty';
}

/** Why the caller hears nothing though nothing was refused. */
export function silentBecause(state: ResponseSequencer['state'], running: Running | undefined): MissCause {
  if (state === 'active' || running) return 'stalled';
  return state === 'idle' ? 'unheard' : 'unanswered';
}
