import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import type {AwayOrder} from '@voicebridge/shared/protocol/away.ts';
import type {Facts, Intent} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {MissCause, MissStep} from '@voicebridge/shared/observability/metric-labels.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {JournalEntry} from './journal-entry.ts';
import type {ToolArguments} from './tool-outcome.ts';
import type {Explained, ModelCommand} from '../model/model-adapter.ts';

type Without<Entry> = Entry extends unknown ? Omit<Entry, 'wall'> : never;

/** A journal entry without the time of day, which the shell adds. */
export type Fact = Without<JournalEntry>;

/** What the core decides. The shell performs the effects in order. */
export type CallEffect =
  | {readonly do: 'model'; readonly command: ModelCommand}
  /** Audio for the model besides the frames that are passed on as they come: base64 μ-law, silence or kept for it. */
  | {readonly do: 'hear'; readonly payload: string}
  | {readonly do: 'edge'; readonly frame: WorkerToEdge}
  | {readonly do: 'journal'; readonly fact: Fact}
  /** Opens a model session in place of the one in use, after `after` milliseconds. */
  | {readonly do: 'openModel'; readonly after: Millis}
  /** Opens a spare session beside the one in use; `useSpare` puts it in its place. */
  | {readonly do: 'openSpare'}
  | {readonly do: 'useSpare'}
  /** Closes the spare session: it is not needed. */
  | {readonly do: 'dropSpare'}
  /** Asks another worker to take the call over. */
  | {readonly do: 'handOver'}
  /** Runs a tool that has no result yet. Another worker may have begun it. The result comes back as the event `toolFinished`, exactly once. */
  | {
      readonly do: 'runTool';
      readonly callId: string;
      readonly name: string;
      readonly args: ToolArguments;
      /** Digits that the caller entered, for tools that are given them past the model. */
      readonly secrets?: Readonly<Record<string, string>>;
    }
  /** Stops a running tool whose result nobody waits for any more. */
  | {readonly do: 'stopTool'; readonly callId: string}
  /** Another assistant is to go on with the call. Comes back as the event `assistantFound`, exactly once. */
  | {readonly do: 'switchAssistant'; readonly callId: string; readonly to: string}
  /** Whether the caller enters digits for a tool: nothing is recorded meanwhile. */
  | {readonly do: 'collecting'; readonly isOn: boolean}
  /** Closes the caller's stream; `intent` and its `facts` must be written before. Then the call is over. */
  | {readonly do: 'leave'; readonly intent: Intent; readonly facts?: Facts; readonly reason: EndReason}
  /** Closes the caller's stream, so that Twilio asks the caller to wait for `ms`. The call goes on with their next stream. */
  | {readonly do: 'hold'; readonly ms: Millis}
  /** Closes the caller's stream, so that Twilio does what is ordered. The call goes on with their next stream, before `until`. */
  | {readonly do: 'away'; readonly order: AwayOrder; readonly away: number; readonly until: Millis}
  /** Looks up the outcome of an absence. It comes back as the event `returned`. */
  | {readonly do: 'lookUpReturn'; readonly away: number}
  /** The call is over, and the caller's stream is gone. */
  | {readonly do: 'end'; readonly reason: EndReason}
  | {readonly do: 'measure'; readonly what: 'turnGap' | 'firstAudio'; readonly ms: Millis}
  /** The caller got no answer, or only a part of it. `step`: what is done about it. */
  | ({readonly do: 'missed'; readonly cause: MissCause; readonly step: MissStep} & Explained)
  | {readonly do: 'timing'; readonly line: string}
  | ({readonly do: 'warn'; readonly what: string; readonly code: string} & Explained);

/** The frame of the caller that has just come goes on to the model. */
export type PassOn = {readonly do: 'passOn'};

export const toModel = (command: ModelCommand): CallEffect => ({do: 'model', command});
export const hear = (payloads: readonly string[]): CallEffect[] => payloads.map(payload => ({do: 'hear', payload}));
export const PASS_ON: PassOn = {do: 'passOn'};
export const toEdge = (frame: WorkerToEdge): CallEffect => ({do: 'edge', frame});
export const journal = (fact: Fact): CallEffect => ({do: 'journal', fact});
