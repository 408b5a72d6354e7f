import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelEvent} from '../model/model-adapter.ts';

/** What happens to a call. */
export type CallEvent =
  | {readonly type: 'edge'; readonly frame: EdgeToWorker; readonly epoch: number}
  | {readonly type: 'model'; readonly event: ModelEvent}
  /** The spare session is configured, and waits to take over at the next turn boundary. */
  | {readonly type: 'spareReady'}
  | {readonly type: 'spareLost'}
  | {readonly type: 'hop'; readonly ms: Millis}
  /** The call ended in a way that only others could see. */
  | {readonly type: 'over'; readonly reason: EndReason}
  /** This worker is to let go of the call at the next turn boundary. */
  | {readonly type: 'drain'}
  /** Some time passed; `deadline` says when it is wanted. */
  | {readonly type: 'time'};

/** What may stop the assistant: speech, or a key. */
export function isInterruption(event: CallEvent): boolean {
  if (event.type === 'edge') return event.frame.kind === 'digit';
  return event.type === 'model' && event.event.type === 'callerSpoke';
}
