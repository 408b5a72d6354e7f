import type {Millis} from '@voicebridge/shared/time.ts';
import {readTagRuns} from '../../../simulators/openai/src/audio/tagged-audio.ts';
import type {Segment} from '../../../simulators/twilio/src/phone/play-queue.ts';

const BYTES_PER_MS = 8;
/** Another key may follow a key, so the wait for an answer begins this much later. */
export const KEYS_SETTLE_MS: Millis = 1_500;

/** A stretch of one item of the assistant that was audible at the phone; digital silence does not count. */
export interface Sound {
  readonly item: number;
  readonly from: Millis;
  readonly to: Millis;
}

/**
 * From here on the caller waits for the assistant: the call began, a turn or a key was over, a sentence broke off, or
 * Twilio has asked them to wait.
 */
export interface Wait {
  readonly after: 'start' | 'turn' | 'key' | 'broken-off' | 'told';
  readonly since: Millis;
  /** When the caller acted again; later audio is no answer to this. */
  readonly until?: Millis | undefined;
}

/** A silence in which the caller waited for the assistant. */
export interface OwedSilence {
  readonly after: Wait['after'];
  readonly since: Millis;
  readonly ms: Millis;
  /** What ended it: something audible, the caller's next word, or the end of the call. */
  readonly ended: 'heard' | 'caller' | 'call';
}

/** What Twilio said to a caller who had to wait, among what the assistant said; and the waits that follow it. */
export function withTold(
  sounds: readonly Sound[],
  told: readonly Pick<Sound, 'from' | 'to'>[],
  actedAt: readonly Millis[],
): {readonly sounds: Sound[]; readonly waits: Wait[]} {
  const sentences = told.map((each, index) => ({...each, item: -1 - index}));
  return {
    sounds: [...sounds, ...sentences].toSorted((a, b) => a.from - b.from),
    waits: told.map(({to}) => ({after: 'told', since: to, until: actedAt.find(at => at > to)})),
  };
}

/** The audible parts of tagged audio, in order. */
export function soundsIn(played: Uint8Array, segments: readonly Segment[]): Sound[] {
  const sounds: Sound[] = [];
  const runs = readTagRuns(played);
  for (const segment of segments) {
    for (const run of runs) {
      const from = Math.max(run.at, segment.from);
      const to = Math.min(run.at + (run.toMs - run.fromMs) * BYTES_PER_MS, segment.to);
      const at = (byte: number) => segment.at + (byte - segment.from) / BYTES_PER_MS;
      if (from < to) sounds.push({item: run.item, from: at(from), to: at(to)});
    }
  }
  return sounds;
}

/**
 * How long each wait lasted. Only an item that was not audible before ends it; audio that goes on from before is no
 * answer, and the caller waits from its end.
 */
export function owedSilences(waits: readonly Wait[], sounds: readonly Sound[], endedAt: Millis): OwedSilence[] {
  return waits.map(({after, since, until = Infinity}) => {
    const stale = new Set(sounds.flatMap(({item, from}) => (from < since ? [item] : [])));
    const answer = sounds.find(({item, from}) => from >= since && !stale.has(item));
    const answeredAt = answer?.from ?? Infinity;
    const goesOn = sounds.filter(({item, from, to}) => stale.has(item) && to > since && from < answeredAt);
    const from = Math.max(since, ...goesOn.map(({to}) => to));
    const end = Math.min(answeredAt, until, endedAt);
    const ended = end === answeredAt ? 'heard' : end === until ? 'caller' : 'call';
    return {after, since: from, ms: Math.max(0, end - from), ended};
  });
}
