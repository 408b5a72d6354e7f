import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {AudioFrame} from '../phone/audio-frames.ts';
import type {CallFacts} from './call-facts.ts';
import type {EndedBy} from '../report/call-report.ts';
import type {CallWebhooks} from './call-webhooks.ts';
import type {DialOptions, Settings} from '../fake-twilio-options.ts';
import {MediaStream, type MediaStreamDeps, type StreamEnd} from '../media/media-stream.ts';
import type {StreamNoun} from '../twiml/stream-noun.ts';

export interface CallStreamsDeps extends MediaStreamDeps {
  readonly settings: Settings;
  readonly dial: DialOptions;
  readonly call: CallFacts;
  readonly webhooks: CallWebhooks;
}

interface CurrentStream {
  readonly stream: MediaStream;
  readonly noun: StreamNoun;
  end?: StreamEnd;
}

/** The media streams of one call: usually one at a time, a new one after each resume, two if the test asks for it. */
export class CallStreams {
  readonly #deps: CallStreamsDeps;
  readonly #all: MediaStream[] = [];
  #current: CurrentStream[] = [];
  #lastEnd: StreamEnd = {endedBy: 'twilio', detail: 'no stream'};
  #cancelSecond: Cancel = () => {};

  constructor(deps: CallStreamsDeps) {
    this.#deps = deps;
  }

  /** Opens a stream, and resolves when it has ended: with a second socket, when both have. */
  async run(noun: StreamNoun, url: string): Promise<StreamEnd> {
    this.#current = [];
    this.#open(noun, url);
    const {secondSocketAfter} = this.#deps.dial;
    if (secondSocketAfter !== undefined)
      this.#cancelSecond = this.#deps.clock.after(secondSocketAfter, () => this.#open(noun, url));
    // The list may grow while it is walked.
    for (const {stream} of this.#current) await stream.ended;
    this.#cancelSecond();
    return this.#lastEnd;
  }

  /** The status callbacks of the streams that have just ended. */
  async tellEnd(): Promise<void> {
    await Promise.all(
      this.#current.map(async ({stream, noun, end}) => {
        if (end?.error !== undefined) await this.tell(noun, stream.streamSid, 'stream-error', end.error);
        if (end?.error === undefined || end.error === 31921) await this.tell(noun, stream.streamSid, 'stream-stopped');
      }),
    );
  }

  /** One status callback, if the noun asks for any. */
  tell(noun: StreamNoun, streamSid: string, event: string, error?: number): Promise<void> {
    if (noun.statusCallback === undefined) return Promise.resolve();
    const {webhooks, call, clock} = this.#deps;
    const params = {
      AccountSid: call.accountSid,
      CallSid: call.callSid,
      StreamSid: streamSid,
      StreamName: noun.name ?? streamSid,
      StreamEvent: event,
      ...(error === undefined ? {} : {StreamError: `Stream signal error, code: ${error}`}),
      Timestamp: new Date(clock.wall()).toISOString(),
    };
    return webhooks.tell('stream-status', noun.statusCallback, params, noun.statusCallbackMethod);
  }

  /** Says `stop` on every live stream. */
  stop(): void {
    this.#cancelSecond();
    for (const stream of this.#all) stream.stop();
  }

  close(by: EndedBy): void {
    for (const stream of this.#all) stream.close(by);
  }

  destroy(): void {
    this.#cancelSecond();
    for (const stream of this.#all) stream.destroy();
  }

  cut(): void {
    for (const stream of this.#all) stream.cut();
  }

  halfOpen(): void {
    for (const stream of this.#all) stream.halfOpen();
  }

  frame(frame: AudioFrame): void {
    for (const stream of this.#all) stream.frame(frame);
  }

  skipFrame(): void {
    for (const stream of this.#all) stream.skipFrame();
  }

  press(digit: string): void {
    for (const stream of this.#all) stream.press(digit);
  }

  get live(): number {
    return this.#all.filter(stream => stream.live).length;
  }

  get all(): readonly MediaStream[] {
    return this.#all;
  }

  /** For how long the assistant's turn has been audible; 0 in silence. */
  audibleFor(at: Millis): Millis {
    return Math.max(0, ...this.#all.map(stream => stream.audibleFor(at)));
  }

  /** The last moment the assistant was heard, on any stream. */
  heardUntil(at: Millis): Millis | undefined {
    const latest = Math.max(...this.#all.map(stream => stream.heardUntil(at) ?? -Infinity));
    return latest === -Infinity ? undefined : latest;
  }

  #open(noun: StreamNoun, url: string): void {
    const {settings, dial, call, random} = this.#deps;
    const stream = new MediaStream(
      {
        url,
        accountSid: call.accountSid,
        callSid: call.callSid,
        ids: settings.ids,
        customParameters: noun.parameters,
        authToken: settings.authToken,
        badSignature: dial.badSignature === true || dial.badSignature === 'upgrade',
        network: settings.network,
        upgradeTimeout: settings.upgradeTimeout,
        answerPings: dial.answerPings ?? true,
        oddFrames: dial.oddFrames ?? false,
        marks: dial.marks ?? {},
        playback: dial.playback ?? {},
        keepAudio: dial.keepAudio ?? true,
        closeCode: dial.closeCode,
        halfOpenFor: settings.halfOpenFor ?? random.between(30_000, 45_000),
      },
      {
        ...this.#deps,
        opened: (opened, at) => {
          void this.tell(noun, opened.streamSid, 'stream-started');
          this.#deps.opened(opened, at);
        },
      },
    );
    const entry: CurrentStream = {stream, noun};
    this.#all.push(stream);
    this.#current.push(entry);
    void stream.ended.then(end => {
      entry.end = end;
      this.#lastEnd = end;
    });
    stream.connect();
  }
}
