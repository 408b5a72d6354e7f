import type {Millis} from '@voicebridge/shared/time.ts';
import type {ConfirmedClear} from '../playback/playback-ledger.ts';
import type {Truncation} from '../playback/truncation.ts';
import type {Interruption} from './floor-events.ts';
import type {Piece} from '../playback/playout-timeline.ts';

/**
 * Who has the floor.
 *
 *   listening ──reply──> speaking ──callerSpoke──> stopping ──landed──> listening (it was a turn)
 *       ^                 │ │  ^                      └─────landed──> paused ──words──> listening
 *       └────all heard────┘ │  └────────────────────────noise────────────┘
 *                           └──> speaking: the greeting is protected, or the speech too short
 *
 * `clear` goes out on the way to `stopping`. What the caller heard is known when the clear has landed, or is estimated a
 * moment later if no mark confirms it.
 */
export type Floor =
  /** Everything that was said has been heard. */
  | {readonly state: 'listening'}
  /** `unsaid`: audio of the model that waits for a stream. */
  | {readonly state: 'speaking'; readonly unsaid: readonly Piece[]}
  | (Stop & {readonly state: 'stopping'; readonly next: AfterStop})
  /** It may have been a noise. The model speaks on, and `unsaid` grows. `until`: after that the reply goes on anyway. */
  | (Stop & {readonly state: 'paused'; readonly heard: HeardAtStop; readonly until: Millis});

/** The sound was stopped. */
export interface Stop {
  readonly at: Millis;
  /** Something was audible: it is an interruption, and not merely a reply that the caller has not heard yet. */
  readonly audible: boolean;
  /** What the caller did not hear. */
  readonly unsaid: readonly Piece[];
}

/** What follows when the clear has landed. `unfinished`: items of which the model has more than has arrived here. */
export type AfterStop =
  | {readonly state: 'listening'; readonly unfinished: ReadonlySet<string>}
  | {readonly state: 'paused'; readonly until: Millis};

/** How far the caller had heard the playout that was stopped. */
export type HeardAtStop = Omit<ConfirmedClear, 'unheard'>;

/** The floor at a moment. No event says that the last word was heard: only the ledger knows (`isPlaying`). */
export function floorNow(floor: Floor, isPlaying: boolean): Floor {
  if (floor.state === 'stopping' || floor.state === 'paused') return floor;
  const unsaid = unsaidOf(floor);
  return isPlaying || unsaid.length > 0 ? {state: 'speaking', unsaid} : {state: 'listening'};
}

/**
 * Whether the floor will be free as soon as the ledger says that all was heard. Marks say so; if they are lost, only the
 * time does.
 */
export function maySettle(floor: Floor): boolean {
  return floor.state !== 'stopping' && floor.state !== 'paused' && unsaidOf(floor).length === 0;
}

/** Audio that arrived from the model and that the caller has not heard, as far as it is not with Twilio. */
export function unsaidOf(floor: Floor): readonly Piece[] {
  return floor.state === 'listening' ? [] : floor.unsaid;
}

/** The same floor with other audio that is still to be heard. */
export function withUnsaid(floor: Floor, unsaid: readonly Piece[]): Floor {
  return floor.state === 'listening' ? {state: 'speaking', unsaid} : {...floor, unsaid};
}

/** The record of a stop. `cuts`: where the model must forget what was not heard. */
export function interruptionOf(
  {at, unsaid}: Stop,
  heard: HeardAtStop,
  cuts: readonly Truncation[],
  roundTrip: Millis | undefined,
): Interruption {
  return {...heard, cuts, unheardMs: unsaid.reduce((sum, {ms}) => sum + ms, 0), at, roundTrip};
}
