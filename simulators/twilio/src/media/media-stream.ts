import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import type {AudioFrame} from '../phone/audio-frames.ts';
import {readBridgeMessage} from './bridge-message.ts';
import type {EndedBy, FakeCallEvent, StreamReport} from '../report/call-report.ts';
import {FRAME_MS} from '../phone/frame-clock.ts';
import type {PlaybackKnobs} from '../phone/play-head.ts';
import {type MarkKnobs, MarkReturns} from './mark-returns.ts';
import {OddFrames} from '../phone/odd-frames.ts';
import {BYTES_PER_MS, PlayQueue, type ReturnedMark} from '../phone/play-queue.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {type Ids, sid} from '../sid.ts';
import {StreamClock} from './stream-clock.ts';
import {type Arrival, StreamLink, type StreamLinkOptions} from './stream-link.ts';
import {StreamMessages} from './stream-messages.ts';
import {StreamRecord} from './stream-record.ts';
import type {SocketEnd} from './stream-socket.ts';
import type {TimerWheel, Wheeled} from '../timer-wheel.ts';

export interface MediaStreamOptions extends Omit<StreamLinkOptions, 'signature'> {
  readonly accountSid: string;
  readonly callSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
  readonly authToken: string;
  readonly badSignature: boolean;
  readonly ids: Ids;
  readonly oddFrames: boolean;
  readonly marks: MarkKnobs;
  readonly playback: PlaybackKnobs;
  readonly keepAudio: boolean;
  /** Sent after `stop`; without it the close frame is empty. */
  readonly closeCode: number | undefined;
  /** How long a half-open socket stays. */
  readonly halfOpenFor: Millis;
}

export interface MediaStreamDeps {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly alert: (code: number, detail: string, streamSid: string) => void;
  readonly emit: (event: FakeCallEvent) => void;
  readonly opened: (stream: MediaStream, at: Millis) => void;
}

/** How a stream ended. */
export interface StreamEnd {
  readonly endedBy: EndedBy;
  readonly error?: number;
  readonly detail: string;
}

/** One media stream of a call: what the phone sends, and the queue of what the assistant says. */
export class MediaStream implements Wheeled {
  readonly streamSid: string;
  readonly ended: Promise<StreamEnd>;
  dueAt: Millis = Infinity;
  readonly #options: MediaStreamOptions;
  readonly #deps: MediaStreamDeps;
  readonly #link: StreamLink;
  readonly #messages: StreamMessages;
  readonly #numbers: StreamClock;
  readonly #queue: PlayQueue;
  readonly #returns: MarkReturns;
  readonly #record: StreamRecord;
  readonly #odd: OddFrames | undefined;
  readonly #end = Promise.withResolvers<StreamEnd>();
  #state: 'connecting' | 'open' | 'stopped' | 'ended' = 'connecting';
  #audible = false;

  constructor(options: MediaStreamOptions, deps: MediaStreamDeps) {
    const {authToken, badSignature, url, keepAudio} = options;
    this.#options = options;
    this.#deps = deps;
    this.streamSid = sid('MZ', options.ids);
    this.#messages = new StreamMessages({...options, streamSid: this.streamSid});
    this.#numbers = new StreamClock(deps.random);
    this.#queue = new PlayQueue(keepAudio, options.playback);
    this.#returns = new MarkReturns(this.#queue, options.marks, deps.random);
    this.#record = new StreamRecord(keepAudio);
    this.#odd = options.oddFrames ? new OddFrames(deps.random) : undefined;
    this.ended = this.#end.promise;
    const signature = getExpectedTwilioSignature(badSignature ? `${authToken}?` : authToken, url, {});
    this.#link = new StreamLink(
      {...options, signature},
      {
        ...deps,
        arrived: (arrival, at) => this.#arrive(arrival, at),
        left: () => deps.wheel.remove(this),
        changed: () => this.#reschedule(),
      },
    );
  }

  connect(): void {
    this.#deps.wheel.add(this);
    this.#link.connect();
  }

  /** Nothing of this stream is on its way to the server any more. */
  get gone(): Promise<void> {
    return this.#link.gone;
  }

  get live(): boolean {
    return this.#state === 'open';
  }

  /** The phone sends; a frame for a stream that is not open is lost. */
  frame(frame: AudioFrame): void {
    if (this.#state !== 'open') return;
    for (const {bytes, base64} of this.#odd ? this.#odd.next(frame) : [frame]) {
      const {chunk, timestamp} = this.#numbers.next(bytes.length / BYTES_PER_MS);
      this.#record.sent(bytes);
      this.#link.send(this.#messages.media(chunk, timestamp, base64));
    }
  }

  /** Time in which the phone sends nothing: the timestamps will jump. */
  skipFrame(): void {
    this.#numbers.skip(FRAME_MS);
  }

  press(digit: string): void {
    if (this.#state !== 'open') return;
    this.#record.dtmf.push(digit);
    this.#link.send(this.#messages.dtmf(digit));
  }

  /** The call ends or goes on elsewhere: Twilio says `stop`. `close` follows. */
  stop(): void {
    if (this.#state !== 'open') return;
    this.#deliver(this.#deps.clock.now());
    if (this.#state !== 'open') return;
    this.#link.send(this.#messages.stop());
    this.#state = 'stopped';
  }

  close(by: EndedBy): void {
    if (this.#state === 'ended') return;
    this.#finish({endedBy: by, detail: 'stopped'}, this.#options.closeCode ?? 1005);
    this.#link.close(this.#options.closeCode);
  }

  /** The network dies with a TCP reset that both sides see at once. */
  cut(): void {
    if (this.#state !== 'open') return;
    this.#lose('the connection was reset');
    this.#link.reset();
  }

  /** The network dies and only Twilio notices: the server's socket stays open, and silent. */
  halfOpen(): void {
    if (this.#state !== 'open') return;
    this.#lose('nothing arrives any more');
    this.#link.freeze(this.#options.halfOpenFor);
  }

  destroy(): void {
    this.#finish({endedBy: 'twilio', detail: 'the simulator was stopped'}, 1006);
    this.#deps.wheel.remove(this);
    this.#link.destroy();
  }

  audible(at: Millis): boolean {
    return this.#state === 'open' && this.#queue.audible(at);
  }

  audibleFor(at: Millis): Millis {
    return this.#state === 'open' ? this.#queue.audibleFor(at) : 0;
  }

  heardUntil(at: Millis): Millis | undefined {
    return this.#queue.heardUntil(Math.min(at, this.#record.closedAt ?? at));
  }

  report(): StreamReport {
    const {url, callSid, customParameters} = this.#options;
    return {streamSid: this.streamSid, callSid, url, customParameters, ...this.#record.report(this.#queue)};
  }

  tick(at: Millis): void {
    this.#deliver(at);
    this.#link.flush(at);
    this.#reschedule();
  }

  #deliver(at: Millis): void {
    this.#link.deliver(at);
    if (this.#state === 'open') this.#echo(this.#queue.advance(at), at);
  }

  #arrive(arrival: Arrival, at: Millis): void {
    if (this.#state === 'ended') return;
    if ('ended' in arrival) return this.#serverEnded(arrival.ended);
    if ('opened' in arrival) return this.#open();
    if (this.#state !== 'open') return;
    if ('binary' in arrival) return this.#alert(31950, `a binary message of ${arrival.binary} bytes`);
    this.#hear(arrival.text, at);
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    const at = this.#deps.clock.now();
    this.#record.openedAt = at;
    this.#link.send(this.#messages.connected());
    this.#link.send(this.#messages.start());
    this.#deps.emit({type: 'streamOpened', at, streamSid: this.streamSid});
    this.#deps.opened(this, at);
  }

  #hear(text: string, at: Millis): void {
    const read = readBridgeMessage(text, this.streamSid);
    if (!read.ok) return this.#alert(read.code, read.detail);
    if (read.warning) this.#alert(31951, read.warning);
    const {message} = read;
    switch (message.event) {
      case 'media': {
        this.#record.receivedBytes += message.audio.length;
        const {discarded, passed} = this.#queue.enqueue(message.audio, at);
        if (discarded > 0) this.#alert(31931, 'more than ten minutes of audio are queued');
        return this.#echo(passed, at);
      }
      case 'mark':
        return this.#echo(this.#queue.mark(message.name, at), at);
      case 'clear': {
        const {discarded, returned} = this.#queue.clear(at);
        this.#record.clears.push({at, discardedBytes: discarded});
        this.#deps.emit({type: 'cleared', at, streamSid: this.streamSid, discardedBytes: discarded});
        return this.#echo(returned, at);
      }
    }
  }

  /** Sends marks back, and tells when the assistant falls silent or begins. */
  #echo(marks: readonly ReturnedMark[], at: Millis): void {
    this.#returns.add(marks, at);
    for (const returned of this.#returns.take(at)) {
      const mark = {...returned, echoedAt: this.#deps.clock.now()};
      this.#record.marks.push(mark);
      this.#link.send(this.#messages.mark(mark.name));
      this.#deps.emit({type: 'markEchoed', at: mark.echoedAt, streamSid: this.streamSid, mark});
    }
    const audible = this.#queue.queuedBytes > 0;
    if (audible === this.#audible) return;
    this.#audible = audible;
    const since = audible ? at : (this.#queue.heardUntil(at) ?? at);
    this.#deps.emit({type: audible ? 'audible' : 'silent', at: since, streamSid: this.streamSid});
  }

  #serverEnded({closeCode, error, detail}: SocketEnd): void {
    if (error !== undefined) this.#alert(error, detail);
    const endedBy = closeCode === 1006 ? 'network' : 'platform';
    this.#finish({endedBy, ...(error === undefined ? {} : {error}), detail}, closeCode);
    this.#deps.wheel.remove(this);
  }

  #lose(detail: string): void {
    this.#deliver(this.#deps.clock.now());
    this.#alert(31903, detail);
    this.#finish({endedBy: 'network', error: 31903, detail}, 1006);
    this.#deps.wheel.remove(this);
  }

  #finish(end: StreamEnd, closeCode: number): void {
    if (this.#state === 'ended') return;
    const at = this.#deps.clock.now();
    if (this.#state === 'open') this.#queue.advance(at);
    this.#state = 'ended';
    this.#record.ended(at, closeCode, end);
    this.#deps.emit({type: 'streamEnded', at, streamSid: this.streamSid, ...end});
    this.#end.resolve(end);
  }

  #alert(code: number, detail: string): void {
    this.#deps.alert(code, detail, this.streamSid);
  }

  #reschedule(): void {
    const heard = this.#state === 'open' ? Math.min(this.#queue.dueAt, this.#returns.dueAt) : Infinity;
    this.dueAt = Math.min(this.#link.dueAt, heard);
    this.#deps.wheel.wakeFor(this.dueAt);
  }
}
