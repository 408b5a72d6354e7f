import type {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {WorkerLink} from '../../../../services/media-edge/src/worker-link/worker-link.ts';
import {tagFrame} from '../../../../simulators/twilio/src/phone/frame-tag.ts';
import {PhonePlayer} from '../phone-player.ts';

/** A caller who talks all the time; each frame carries the caller and a number. */
export class TalkingCaller {
  readonly tag: number;
  readonly callSid: CallSid;
  /** What was played on the streams before this one. */
  readonly #heard: Buffer[] = [];
  #player: PhonePlayer | undefined;
  /** How many frames were sent into open streams. */
  frames = 0;
  streams = 0;
  #line: WorkerLink | undefined;
  readonly #clock: Clock;
  #timestamp = 0;
  readonly #stop: () => void;

  constructor(tag: number, callSid: CallSid, clock: Clock) {
    this.tag = tag;
    this.callSid = callSid;
    this.#clock = clock;
    this.#stop = every(clock, 20, () => this.#speak());
  }

  get line(): WorkerLink | undefined {
    return this.#line;
  }

  /** What was heard of the assistant, in order. */
  get heard(): Buffer {
    this.#player?.queue.advance(this.#clock.now());
    return Buffer.concat([...this.#heard, ...(this.#player ? [this.#player.queue.played()] : [])]);
  }

  /** The stream has closed, and what was not played yet is lost. */
  lost(): void {
    this.#line = undefined;
    const {heard} = this;
    this.#heard.splice(0, this.#heard.length, heard);
    this.#player?.end();
    this.#player = undefined;
  }

  /** Twilio opens a stream. */
  opened(line: WorkerLink): StreamSid {
    this.#line = line;
    this.streams += 1;
    this.#timestamp = 0;
    this.#player = new PhonePlayer({
      clock: this.#clock,
      random: seededRandom(this.tag),
      keepsAudio: true,
      onMark: name => this.#line === line && line.send({kind: 'mark', name}),
    });
    return line.stream.streamSid;
  }

  hangUp(): void {
    this.#stop();
    this.#line?.end('hungUp');
    this.lost();
  }

  /** Audio of an edge to Twilio on this stream; what is played comes back as a mark. */
  hear(line: WorkerLink, mark: string, payload: string): void {
    if (this.#line !== line) return;
    this.#player?.play(Buffer.from(payload, 'base64'));
    if (mark !== '') this.#player?.mark(mark);
  }

  /** Anything else that an edge is told for Twilio. */
  told(line: WorkerLink, frame: WorkerToEdge): void {
    if (this.#line !== line) return;
    if (frame.kind === 'clear') this.#player?.clear();
    if (frame.kind === 'mark') this.#player?.mark(frame.name);
  }

  /** Whether they hear something now. */
  get isSpokenTo(): boolean {
    return this.#player?.isAudible ?? false;
  }

  #speak(): void {
    if (!this.#line) return;
    const frame = tagFrame(Buffer.alloc(160, 0xff), {tag: this.tag, frame: this.frames});
    this.frames += 1;
    const payload = Buffer.from(frame.toString('base64'));
    this.#line.sendAudio(this.#timestamp, payload, 0, payload.length);
    this.#timestamp += 20;
  }
}
