import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import type {ToolOutcome} from './tool-outcome.ts';

/** What an edge reports, but for the caller's audio, which has a door of its own (`CallCore.callerFrame`). */
export type EdgeEvent = Exclude<EdgeToWorker, {kind: 'audio'}>;

/** What happens to a call. */
export type CallEvent =
  | {readonly type: 'edge'; readonly frame: EdgeEvent; readonly epoch: number}
  /** Whether what is sent to the edge arrives there, in the words of `OnUndelivered`. */
  | {
      readonly type: 'undelivered';
      readonly since: Millis | undefined;
      readonly leftAt: Millis;
      readonly gaveUp: boolean;
    }
  | {readonly type: 'model'; readonly event: ModelEvent}
  /** The spare session is configured; the core takes it into use at the next turn boundary. */
  | {readonly type: 'spareReady'}
  | {readonly type: 'spareLost'}
  /** This process did not run since `from`. What came meanwhile is read from now on. */
  | {readonly type: 'paused'; readonly from: Millis}
  /** How long a frame takes between edge and worker, one way, was measured. */
  | {readonly type: 'hop'; readonly ms: Millis}
  /** A tool that `runTool` started has a result. `ranMs`: how long it ran, if it ran here. */
  | {readonly type: 'toolFinished'; readonly callId: string; readonly outcome: ToolOutcome; readonly ranMs?: Millis}
  /** The assistant to which a tool gives the call; a text: why it cannot. */
  | {readonly type: 'assistantFound'; readonly callId: string; readonly assistant: Assistant | string}
  /** The end of the call was reported from outside: by the webhook or the edge, not on the caller's stream. */
  | {readonly type: 'over'; readonly reason: EndReason; readonly away?: AwayOutcome | undefined}
  /** The caller, who was away, is back: what came of it. */
  | {readonly type: 'returned'; readonly away: number; readonly outcome: AwayOutcome}
  /** An operator sends the caller to a person. */
  | {readonly type: 'transfer'; readonly order: AwayOrder}
  /** The carrier has found out what answered our call, in its words: human, machine_end_beep, … */
  | {readonly type: 'answeredBy'; readonly by: string}
  /** A limit of money is reached: nothing more is asked of the model, and the caller is told. */
  | {readonly type: 'limit'; readonly reason: EndReason}
  /** This worker shuts down: the call is handed over at the next turn boundary. */
  | {readonly type: 'drain'}
  /** The core's `deadline` is reached. */
  | {readonly type: 'time'};

/** What may stop the assistant: speech, or a key. */
export function isInterruption(event: CallEvent): boolean {
  if (event.type === 'edge') return event.frame.kind === 'digit';
  return event.type === 'model' && event.event.type === 'callerSpoke';
}
