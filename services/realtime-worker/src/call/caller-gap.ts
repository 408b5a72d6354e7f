import type {Millis} from '@voicebridge/shared/time.ts';

/** A shorter gap hides no word. */
const WORD: Millis = 300;
/** What a caller says while no worker listens is kept by the edge for this long, less what the replay takes. */
const KEPT: Millis = 7_500;

/** Notices that for a while nobody could hear the caller: between two streams, or while the call had no owner. Pure. */
export class CallerGap {
  #lostAt: Millis | undefined;
  #before: string | undefined;

  /** `before`: the stream that an earlier owner of the call served, if there was one. */
  constructor(before: string | undefined) {
    this.#before = before;
  }

  /** The stream is lost. `lastAt`: when anything last came from the phone. */
  lost(lastAt: Millis): void {
    this.#lostAt ??= lastAt;
  }

  /**
   * A stream began, or the stream of an earlier owner goes on here. `silentMs`: how long the edge has heard nothing from an
   * owner. Whether the caller may have said something that nobody heard.
   */
  ended({streamSid, startedAt, silentMs = 0}: {streamSid: string; startedAt: Millis; silentMs?: Millis | undefined}) {
    const [lostAt, before] = [this.#lostAt, this.#before];
    this.#lostAt = this.#before = undefined;
    // The owner before has not told when its stream was lost.
    if (before !== undefined && before !== streamSid) return true;
    return silentMs > KEPT || (lostAt !== undefined && startedAt - lostAt > WORD);
  }
}
