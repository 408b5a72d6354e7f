import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {JournalSeal} from '../../services/realtime-worker/src/events/journal-seal.ts';
import {randomJournal} from '../../services/realtime-worker/src/testing/random-journal.ts';

/** What an entry of a usual journal costs a worker, on average over all entries, those without words included. */
export interface SealingCost {
  /** Microseconds to make the line. */
  readonly plainUs: number;
  readonly sealedUs: number;
  /** Microseconds that a sealed line takes longer to read than one in clear. */
  readonly openedUs: number;
  readonly plainBytes: number;
  readonly sealedBytes: number;
}

const ROUNDS = 30;

/** Measures the writing and reading of an invented call of a hundred turns, at best of many times. */
export function sealingCost(): SealingCost {
  const entries = randomJournal(seededRandom(7), 100);
  const key = new FleetKey(['0'.repeat(64)], Date.now).textSeal('call');
  const [plain, sealing] = [new JournalSeal(), new JournalSeal(key, {mayWrite: () => true})];
  const lines = (seal: JournalSeal) => entries.map(entry => seal.line(entry));
  const each = (run: () => void) => {
    let least = Infinity;
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      run();
      least = Math.min(least, performance.now() - began);
    }
    return (least * 1_000) / entries.length;
  };
  const [clear, sealed] = [lines(plain), lines(sealing)];
  const bytes = (of: readonly string[]) => of.reduce((sum, line) => sum + line.length, 0) / of.length;
  return {
    plainUs: each(() => void lines(plain)),
    sealedUs: each(() => void lines(sealing)),
    openedUs: each(() => void sealing.read(sealed)) - each(() => void plain.read(clear)),
    plainBytes: bytes(clear),
    sealedBytes: bytes(sealed),
  };
}
