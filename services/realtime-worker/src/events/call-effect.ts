import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {Intent} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {MissCause, MissStep} from '@voicebridge/shared/observability/metric-labels.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {JournalEntry} from './journal-entry.ts';
import type {ModelCommand} from '../model/model-adapter.ts';

type Without<Entry> = Entry extends unknown ? Omit<Entry, 'wall'> : never;

/** A journal entry as the core knows it; the shell adds the time of day. */
export type Fact = Without<JournalEntry>;

/** What a call decides. The shell performs it, in order. */
export type CallEffect =
  | {readonly do: 'model'; readonly command: ModelCommand}
  | {readonly do: 'edge'; readonly frame: WorkerToEdge}
  | {readonly do: 'journal'; readonly fact: Fact}
  /** Opens a model session in place of one that is gone. */
  | {readonly do: 'openModel'; readonly after: Millis}
  /** Opens another session beside the one in use, and later puts it in its place. */
  | {readonly do: 'openSpare'}
  | {readonly do: 'useSpare'}
  /** The other session is not needed after all. */
  | {readonly do: 'dropSpare'}
  /** Another worker may have the call now. */
  | {readonly do: 'handOver'}
  /** Closes the caller's stream; `intent` must be written before. Then the call is over. */
  | {readonly do: 'leave'; readonly intent: Intent; readonly reason: EndReason}
  /** Closes the caller's stream for Twilio to say that the model needs `ms` more; the call goes on when they are back. */
  | {readonly do: 'hold'; readonly ms: Millis}
  /** The call is over; nothing is left to close. */
  | {readonly do: 'end'; readonly reason: EndReason}
  | {readonly do: 'measure'; readonly what: 'reaction' | 'turnGap' | 'firstAudio'; readonly ms: Millis}
  /** An answer did not come, or not whole. */
  | {readonly do: 'missed'; readonly cause: MissCause; readonly step: MissStep; readonly detail: string}
  | {readonly do: 'timing'; readonly line: string}
  | {readonly do: 'warn'; readonly what: string; readonly code: string; readonly detail: string};

export const toModel = (command: ModelCommand): CallEffect => ({do: 'model', command});
export const toEdge = (frame: WorkerToEdge): CallEffect => ({do: 'edge', frame});
export const journal = (fact: Fact): CallEffect => ({do: 'journal', fact});
