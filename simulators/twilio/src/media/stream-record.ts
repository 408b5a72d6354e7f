import type {Millis} from '@voicebridge/shared/time.ts';
import type {EndedBy, MarkReport, StreamReport} from '../report/call-report.ts';
import type {PlayQueue} from '../phone/play-queue.ts';

/** What a stream remembers for its report. */
export class StreamRecord {
  openedAt: Millis | undefined;
  receivedBytes = 0;
  readonly marks: MarkReport[] = [];
  readonly clears: {at: Millis; discardedBytes: number}[] = [];
  readonly dtmf: string[] = [];
  readonly #keepAudio: boolean;
  readonly #sent: Buffer[] = [];
  #sentFrames = 0;
  #sentBytes = 0;
  #end: {closedAt: Millis; closeCode: number; endedBy: EndedBy; error?: number} | undefined;

  constructor(keepAudio: boolean) {
    this.#keepAudio = keepAudio;
  }

  sent(bytes: Buffer): void {
    this.#sentFrames += 1;
    this.#sentBytes += bytes.length;
    if (this.#keepAudio) this.#sent.push(bytes);
  }

  ended(closedAt: Millis, closeCode: number, {endedBy, error}: {endedBy: EndedBy; error?: number}): void {
    this.#end = {closedAt, closeCode, endedBy, ...(error === undefined ? {} : {error})};
  }

  get closedAt(): Millis | undefined {
    return this.#end?.closedAt;
  }

  report(queue: PlayQueue): Omit<StreamReport, 'streamSid' | 'callSid' | 'url' | 'customParameters'> {
    const firstAudible = queue.segments[0]?.at;
    return {
      ...(this.openedAt === undefined ? {} : {openedAt: this.openedAt}),
      ...this.#end,
      sentAudio: Buffer.concat(this.#sent),
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      played: queue.played(),
      playedBytes: queue.playedBytes,
      receivedBytes: this.receivedBytes,
      segments: queue.segments.map(segment => ({...segment})),
      underruns: [...queue.underruns],
      clears: this.clears,
      marks: this.marks,
      dtmf: this.dtmf,
      ...(firstAudible === undefined || this.openedAt === undefined
        ? {}
        : {firstAudioMs: firstAudible - this.openedAt}),
    };
  }
}
