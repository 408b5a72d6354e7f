import type {Millis} from '@voicebridge/shared/time.ts';

/** What a caller says while no worker listens is kept by the edge for this long, less what the replay takes. */
const KEPT: Millis = 7_500;

/**
 * Notices that for a while nobody could hear the caller: between two streams, or while the call had no owner. How long a
 * gap between two streams was cannot be told here: the last frames before it and the first after it may be late. Pure.
 */
export class CallerGap {
  #isLost = false;
  #before: string | undefined;

  /** `before`: the stream that an earlier owner of the call served, if there was one. */
  constructor(before: string | undefined) {
    this.#before = before;
  }

  /** The stream is lost. */
  lost(): void {
    this.#isLost = true;
  }

  /**
   * A stream began, or the stream of an earlier owner goes on here. `silentMs`: how long the edge has heard nothing from an
   * owner. Whether the caller may have said something that nobody heard.
   */
  ended({streamSid, silentMs = 0}: {readonly streamSid: string; readonly silentMs?: Millis | undefined}): boolean {
    const [isLost, before] = [this.#isLost, this.#before];
    this.#isLost = false;
    this.#before = undefined;
    // The owner before has not told when its stream was lost.
    const isOther = before !== undefined && before !== streamSid;
    return isLost || isOther || silentMs > KEPT;
  }
}
