import type {PlaybackKnobs} from '../../simulators/twilio/src/phone/play-head.ts';
import type {Network} from '../../tools/harness/virtual/network.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {type Figures, figures, OURS} from './outcome.ts';
import {situations, virtualCall} from './virtual-calls.ts';

/** Phones that do not play in real time, by the seed of the call. */
const PHONES: Readonly<Record<string, (seed: number) => PlaybackKnobs>> = {
  'at 0.8 of real time': () => ({speed: 0.8}),
  'at 0.95 of real time': () => ({speed: 0.95}),
  'stands 0.2 to 0.5 s, often': seed => stalls(seed, [200, 500], [1_000, 4_000]),
  'stands 0.5 to 3 s, now and then': seed => stalls(seed, [500, 3_000], [3_000, 9_000]),
};

export interface StallingRow extends Figures {
  readonly network: Network;
  readonly phone: string;
}

/** A phone that stands still for so long each time, with so much audio between two of these times, for two minutes. */
export function stalls(seed: number, ms: readonly [number, number], apart: readonly [number, number]): PlaybackKnobs {
  const random = seededRandom(seed * 31 + 7);
  const all: {afterMs: number; ms: number}[] = [];
  for (let afterMs = random.between(...apart); afterMs < 120_000; afterMs += random.between(...apart)) {
    all.push({afterMs, ms: random.between(...ms)});
  }
  return {stalls: all};
}

/** Our rule alone, interrupted in every situation, on phones that play too slowly. */
export function stallingPhones(
  networks: readonly Network[],
  callsEach: number,
  progress: (done: number, of: number) => void,
): StallingRow[] {
  const phones = Object.entries(PHONES);
  return networks.flatMap((network, far) =>
    phones.map(([phone, playback], at) => {
      progress(far * phones.length + at + 1, networks.length * phones.length);
      const outcomes = situations.flatMap(situation =>
        Array.from({length: callsEach}, (_, call) =>
          virtualCall({network, situation, playback: playback(call + 1)}, call + 1),
        ),
      );
      const ours = outcomes.flatMap(each => each.outcomes).filter(({rule}) => rule === OURS);
      return {network, phone, ...figures(ours)};
    }),
  );
}
