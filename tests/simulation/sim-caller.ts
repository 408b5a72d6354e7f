import type {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {WorkerLink} from '../../services/media-edge/src/worker-link/worker-link.ts';
import {tagFrame} from '../../simulators/twilio/src/phone/frame-tag.ts';

/** A caller who talks all the time; each frame carries the caller and a number. */
export class SimCaller {
  readonly tag: number;
  readonly callSid: CallSid;
  readonly #played: {readonly audio: Buffer; readonly from: Millis}[] = [];
  /** How many frames were sent into open streams. */
  frames = 0;
  streams = 0;
  #line: WorkerLink | undefined;
  readonly #clock: Clock;
  #timestamp = 0;
  #playsUntil: Millis = 0;
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
    return Buffer.concat(this.#played.map(({audio}) => audio));
  }

  /** The stream has closed, and what was not played yet is lost. */
  lost(): void {
    this.#line = undefined;
    const now = this.#clock.now();
    for (let last = this.#played.at(-1); last && last.from + last.audio.length / 8 > now; last = this.#played.at(-1)) {
      this.#played.pop();
      if (last.from >= now) continue;
      this.#played.push({audio: last.audio.subarray(0, Math.floor(now - last.from) * 8), from: last.from});
      break;
    }
  }

  /** Twilio opens a stream. */
  opened(line: WorkerLink): StreamSid {
    this.#line = line;
    this.streams += 1;
    this.#timestamp = 0;
    this.#playsUntil = 0;
    return line.stream.streamSid;
  }

  hangUp(): void {
    this.#stop();
    this.#line?.end('hungUp');
    this.#line = undefined;
  }

  /** Audio of an edge to Twilio on this stream; what is played comes back as a mark. */
  hear(line: WorkerLink, mark: string, payload: string): void {
    if (this.#line !== line) return;
    const now = this.#clock.now();
    this.#played.push({audio: Buffer.from(payload, 'base64'), from: Math.max(now, this.#playsUntil)});
    this.#playsUntil = Math.max(now, this.#playsUntil) + msOfBase64(payload);
    this.#clock.after(this.#playsUntil - now, () => {
      if (this.#line === line && mark !== '') line.send({kind: 'mark', name: mark});
    });
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
