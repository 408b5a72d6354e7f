import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {WebSocket} from 'ws';
import {StreamMessages, type StreamIdentity} from '../../simulators/twilio/src/media/stream-messages.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';
import {CallerScript} from './caller-script.ts';
import type {Metronome} from './metronome.ts';
import {msOf, readDelta, taggedFrame} from './tags.ts';
import type {Departures, Tape} from './tape.ts';

/** A call, as its two ends know it: the phone here, the model's session there. */
export interface CallEnds {
  readonly number: number;
  readonly departures: Departures;
  readonly random: Random;
  /** When the model reported speech that has not been answered with a clear. */
  reportedAt: Millis | undefined;
  /** The first frame of the caller has reached the model. */
  readonly heard: (at: Millis) => void;
  /** When each numbered piece of assistant audio left. */
  readonly deltas: Map<number, Millis>;
}

/**
 * A phone for measuring, with as little work as possible: 50 numbered frames a second up, whatever comes down is played in real time,
 * and marks come back when they are reached or cleared, as Twilio does it.
 */
export class Phone implements AsyncDisposable {
  readonly #call: CallEnds;
  readonly #tape: Tape;
  readonly #socket: WebSocket;
  readonly #messages: StreamMessages;
  readonly #stop: Cancel;
  readonly #script: CallerScript;
  readonly #marks: {readonly name: string; readonly at: Millis}[] = [];
  readonly #opened: Promise<void>;
  #heardSince: Millis | undefined;
  #playsUntil: Millis = 0;
  #spoke = false;
  #hangsUp = false;

  /** `url` and `parameters`: those of the stream that the webhook's answer names. */
  constructor(
    call: CallEnds,
    {url, parameters}: {readonly url: string; readonly parameters: Readonly<Record<string, string>>},
    stream: Pick<StreamIdentity, 'accountSid' | 'callSid'>,
    {
      metronome,
      tape,
      headers = {},
    }: {readonly metronome: Metronome; readonly tape: Tape; readonly headers?: Readonly<Record<string, string>>},
  ) {
    this.#call = call;
    this.#tape = tape;
    this.#messages = new StreamMessages({...stream, streamSid: sid('MZ'), customParameters: parameters});
    this.#script = new CallerScript(call.random, performance.now());
    this.#socket = new WebSocket(url, {perMessageDeflate: false, headers});
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.once('open', () => {
        this.#socket.send(this.#messages.connected());
        this.#socket.send(this.#messages.start());
        resolve();
      });
      this.#socket.once('error', reject);
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      if (!this.#hangsUp) this.#tape.dropped += 1;
      this.#stop();
    });
    this.#socket.on('message', data => this.#hear((data as Buffer).toString()));
    this.#stop = metronome.add(at => this.#tick(at));
  }

  opened(): Promise<void> {
    return this.#opened;
  }

  #tick(at: Millis): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    while (this.#marks[0] && this.#marks[0].at <= at) this.#returnMark();
    const speaks = this.#script.speaks(at, {since: this.#heardSince, until: this.#playsUntil});
    if (speaks && !this.#spoke) {
      this.#heardSince = undefined;
      if (this.#tape.counts(at)) this.#tape.turns += 1;
    }
    this.#spoke = speaks;
    const {departures, number} = this.#call;
    const frame = departures.length;
    const payload = taggedFrame({call: number, frame, speaks});
    const text = this.#messages.media(frame + 1, frame * 20, payload);
    departures.push(performance.now());
    this.#socket.send(text);
  }

  #hear(text: string): void {
    const at = performance.now();
    const message = JSON.parse(text) as {event?: string; media?: {payload: string}; mark?: {name: string}};
    if (message.event === 'media' && message.media) this.#play(message.media.payload, at);
    if (message.event === 'mark' && message.mark)
      this.#marks.push({name: message.mark.name, at: Math.max(at, this.#playsUntil)});
    if (message.event === 'clear') this.#clear(at);
  }

  #play(payload: string, at: Millis): void {
    const number = readDelta(payload);
    const left = number === undefined ? undefined : this.#call.deltas.get(number);
    if (number !== undefined && left !== undefined) {
      this.#call.deltas.delete(number);
      if (this.#tape.counts(left)) this.#tape.down.push(at - left);
    }
    // What was on its way when the caller began to speak is no answer to what they say.
    if (!this.#spoke) this.#heardSince ??= at;
    this.#playsUntil = Math.max(at, this.#playsUntil) + msOf(payload);
  }

  #clear(at: Millis): void {
    const {reportedAt} = this.#call;
    if (reportedAt !== undefined && this.#tape.counts(reportedAt)) this.#tape.reactions.push(at - reportedAt);
    this.#call.reportedAt = undefined;
    this.#playsUntil = at;
    while (this.#marks.length > 0) this.#returnMark();
  }

  #returnMark(): void {
    const mark = this.#marks.shift();
    if (mark) this.#socket.send(this.#messages.mark(mark.name));
  }

  /** Hangs up, as Twilio does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hangsUp = true;
    this.#stop();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(this.#messages.stop());
    this.#socket.close(1000);
  }
}
