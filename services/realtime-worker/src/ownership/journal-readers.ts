import type {Member} from '@voicebridge/shared/fleet/fleet.ts';

/** The form with snapshots, and the one that may be sealed (`JOURNAL_FORMAT`). */
const COMPACTED = 2;
const SEALED = 3;

/**
 * Which forms of a journal every worker can read. While a worker of an older version is in the fleet nothing is written
 * that it cannot read, and what was is written anew, because it may be the next owner of any call.
 */
export class JournalReaders {
  #all = 0;

  get mayCompact(): boolean {
    return this.#all >= COMPACTED;
  }

  get maySeal(): boolean {
    return this.#all >= SEALED;
  }

  /** These are the workers of the fleet now. Without any Redis has just lost them, and nothing new is known. */
  look(workers: readonly Pick<Member, 'journalFormat'>[]): void {
    if (workers.length > 0) this.#all = Math.min(...workers.map(({journalFormat = 1}) => journalFormat));
  }
}
