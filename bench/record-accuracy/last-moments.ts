import type {Millis} from '@voicebridge/shared/time.ts';
import type {TrueResponse} from './model-evidence.ts';

/** A number of things that a record must have: all that its workers knew for certain, and no more than there were. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** A worker that loses its call closes the session within this time. */
const SESSION_ENDS_WITHIN_MS = 2_000;
/** What a worker does so shortly before it loses its call, or the call ends, it may not write down any more. */
const UNWRITTEN_MS = 1_000;

/**
 * How many turns a record must have. Nobody outside can see whether a worker still learned of a response of which
 * nobody heard anything, and which began in the last moments of its session or was cancelled before it said anything.
 * `heard`: the tags of all items that the caller heard.
 */
export function turnsIn(responses: readonly TrueResponse[], heard: ReadonlyMap<number, unknown>): Bounds {
  const isCertain = ({tags, startedAt, sessionEndedAt, takenBack}: TrueResponse) =>
    tags.some(tag => heard.has(tag)) || (startedAt < sessionEndedAt - SESSION_ENDS_WITHIN_MS && !takenBack);
  return {least: responses.filter(isCertain).length, most: responses.length};
}

/** How many of these events a record must have; `lostAt` is when each worker lost the call. All on one clock. */
export function eventsIn(eventsAt: readonly Millis[], lostAt: readonly Millis[]): Bounds {
  const isCertain = (at: Millis) => lostAt.every(lost => Math.abs(at - lost) > UNWRITTEN_MS);
  return {least: eventsAt.filter(isCertain).length, most: eventsAt.length};
}

/** What should have been recorded: the recorded number itself, if it is within its bounds. */
export function nearest(recorded: number, {least, most}: Bounds): number {
  return Math.min(Math.max(recorded, least), most);
}
