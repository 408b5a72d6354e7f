import {EndReason} from '@voicebridge/shared/cdr/end-reasons.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {OwedSilence} from '../../tools/harness/evidence/owed-silence.ts';

/** The outcome of one call. */
export interface CallOutcome {
  readonly seed: number;
  /** How its model misbehaved, in a few words each. */
  readonly ways: readonly string[];
  readonly silences: readonly OwedSilence[];
  /** The most answers that were requested or begun between two actions of the caller. */
  readonly mostResponses: number;
  /** The end reason, `caller.hung-up` included; undefined if the worker never let go. */
  readonly end: string | undefined;
  /** Errors of the worker. */
  readonly thrown: string | undefined;
}

/** The goal for 99 of 100 silences, in milliseconds. */
export const GOAL_MS: Millis = 7_000;
/** A silence of this many milliseconds counts as endless. */
const FOR_EVER_MS: Millis = 20_000;
/** More requests than one action of a caller can need: eight rounds of tools, and every recovery step twice. */
const LOOP = 12;

/** What was wrong with a call, in words; empty if nothing was. */
export function faultsOf({silences, mostResponses, end, thrown}: CallOutcome): string[] {
  const longest = longestOf(silences);
  return [
    ...(thrown === undefined ? [] : [`the worker threw: ${thrown}`]),
    ...(longest && longest.ms > GOAL_MS
      ? [`${seconds(longest.ms)} of silence after ${longest.after}, ended by ${longest.ended}`]
      : []),
    ...(isLoop(mostResponses) ? [`${mostResponses} answers for one thing the caller did`] : []),
    ...(isDocumented(end) ? [] : [`ended as ${end ?? 'nothing at all'}`]),
  ];
}

export const longestOf = (silences: readonly OwedSilence[]) => silences.toSorted((a, b) => b.ms - a.ms)[0];
export const isForEver = ({ms}: OwedSilence) => ms >= FOR_EVER_MS;
export const isLoop = (responses: number) => responses > LOOP;
export const isDocumented = (end: string | undefined) => EndReason.safeParse(end).success;
export const seconds = (ms: Millis) => `${(ms / 1_000).toFixed(1)} s`;
