import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallEvent} from '../../../../services/realtime-worker/src/events/call-event.ts';
import type {ModelEvent} from '../../../../services/realtime-worker/src/model/model-adapter.ts';

/** What reaches the worker: an event, or a frame of the caller. */
export type WorkerEvent =
  | CallEvent
  | {readonly type: 'callerFrame'; readonly timestamp: number; readonly payload: string};

/** The events at the worker, in order: enough to work out what any other rule would have done. */
export type Seen =
  | {
      readonly what: 'delta';
      readonly at: Millis;
      readonly itemId: string;
      readonly responseId: string;
      readonly ms: Millis;
    }
  | {readonly what: 'frame'; readonly at: Millis; readonly timestamp: Millis}
  | {readonly what: 'mark'; readonly at: Millis; readonly name: string}
  | {readonly what: 'sent'; readonly at: Millis; readonly itemId: string; readonly mark: string; readonly ms: Millis}
  | {readonly what: 'speech'; readonly at: Millis}
  | {readonly what: 'clear'; readonly at: Millis};

export function fromEdge(frame: Extract<CallEvent, {type: 'edge'}>['frame']): CallEvent {
  return {type: 'edge', frame, epoch: 1};
}

/** Notes what a core was told and what it sent. */
export class CoreEvents {
  readonly seen: Seen[] = [];
  /** Of the model alone, as they were. */
  readonly ofModel: ModelEvent[] = [];
  #lastItem = '';

  told(event: WorkerEvent, at: Millis): void {
    if (event.type === 'callerFrame') this.seen.push({what: 'frame', at, timestamp: event.timestamp});
    if (event.type === 'edge' && event.frame.kind === 'mark')
      this.seen.push({what: 'mark', at, name: event.frame.name});
    if (event.type !== 'model') return;
    this.ofModel.push(event.event);
    if (event.event.type === 'callerSpoke') this.seen.push({what: 'speech', at});
    if (event.event.type !== 'audio') return;
    const {itemId, responseId, payload} = event.event;
    this.seen.push({what: 'delta', at, itemId, responseId, ms: msOfBase64(payload)});
    this.#lastItem = itemId;
  }

  sent(frame: WorkerToEdge, at: Millis): void {
    if (frame.kind === 'clear') this.seen.push({what: 'clear', at});
    if (frame.kind !== 'audio') return;
    const {mark, payload} = frame;
    this.seen.push({what: 'sent', at, itemId: this.#lastItem, mark, ms: msOfBase64(payload)});
  }
}
