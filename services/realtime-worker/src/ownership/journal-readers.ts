import type {Member} from '@voicebridge/shared/fleet/fleet.ts';
import {JOURNAL_FORMAT} from '../events/journal-entry.ts';

/**
 * Whether every worker can read a compacted journal. While a worker of an older version is in the fleet none is
 * compacted, and those that are get expanded, because it may be the next owner of any call.
 */
export class JournalReaders {
  #all = false;

  get mayCompact(): boolean {
    return this.#all;
  }

  /** These are the workers of the fleet now. */
  look(workers: readonly Pick<Member, 'journalFormat'>[]): void {
    this.#all = workers.length > 0 && workers.every(({journalFormat = 1}) => journalFormat >= JOURNAL_FORMAT);
  }
}
