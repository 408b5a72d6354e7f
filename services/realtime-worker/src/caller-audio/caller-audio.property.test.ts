import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {CallerAudio} from './caller-audio.ts';
import type {KeptFrame} from './kept-audio.ts';
import {SpeechLocator} from './speech-locator.ts';

/** The rules of `CallerAudio` as plainly as they can be written: a list of objects, and each frame measured at once. */
class PlainCallerAudio {
  readonly given = new SpeechLocator({loudness: () => Number.NaN});
  #kept: KeptFrame[] = [];
  #keptMs = 0;
  #open = false;
  #expected: number | undefined;
  #stream = 0;
  #lastFrameAt: number | undefined;
  #timedPaddingMs = 0;
  #paddingAheadMs = 0;

  frame(timestamp: number, payload: string, at: number): string[] {
    const ms = msOfBase64(payload);
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    const missing = this.#expected === undefined ? 0 : Math.max(0, timestamp - this.#expected);
    this.#expected = timestamp + ms;
    const unfilled = Math.min(missing, 10_000) - this.#paddingAheadMs;
    this.#paddingAheadMs = Math.max(0, this.#paddingAheadMs - missing - ms);
    const frame = {payload, ms, at, timestamp, stream: this.#stream};
    if (unfilled <= 15) return this.#accept(frame);
    const pause = {...frame, payload: silence(unfilled), ms: Math.round(unfilled), timestamp: undefined};
    return [...this.#accept(pause), ...this.#accept(frame)];
  }

  timePassed(at: number): string[] {
    if (!this.#open || !this.given.speaking || this.#lastFrameAt === undefined) return [];
    if (this.#timedPaddingMs >= 10_000) return [];
    if (at < this.#lastFrameAt + Math.max(750, this.#timedPaddingMs + 100)) return [];
    const given: string[] = [];
    while (this.#timedPaddingMs + 100 <= Math.min(at - this.#lastFrameAt, 10_000)) {
      this.#timedPaddingMs += 100;
      this.#paddingAheadMs += 100;
      const piece = {payload: silence(100), ms: 100, timestamp: undefined, stream: this.#stream};
      given.push(...this.#accept({...piece, at: this.#lastFrameAt + this.#timedPaddingMs}));
    }
    return given;
  }

  newStream(at: number): void {
    this.#expected = undefined;
    this.#stream += 1;
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    this.#paddingAheadMs = 0;
  }

  callerSpeaks(isSpeaking: boolean): void {
    this.given.speaking = isSpeaking;
  }

  sessionOpened(): string[] {
    this.#open = true;
    this.given.reset();
    for (const frame of this.#kept) this.given.add(frame, true);
    return this.#kept.map(({payload}) => payload);
  }

  sessionLost(): void {
    this.#open = false;
  }

  turnCommitted(): number | undefined {
    this.#keep(300);
    const next = this.#kept.find(({timestamp, stream}) => timestamp !== undefined && stream === this.#stream);
    return next?.timestamp ?? this.#expected;
  }

  #accept(frame: KeptFrame): string[] {
    this.#kept.push(frame);
    this.#keptMs += frame.ms;
    this.#keep(this.#open ? 8_000 : 60_000);
    if (!this.#open) return [];
    this.given.add(frame);
    return [frame.payload];
  }

  #keep(mostMs: number): void {
    while (this.#keptMs > mostMs) this.#keptMs -= this.#kept.shift()?.ms ?? 0;
  }
}

/** Audio of this many bytes and of this μ-law loudness, not all samples alike. */
const audio = (bytes: number, loudness: number) =>
  Buffer.from(Array.from({length: bytes}, (_, at) => (loudness ^ (at % 5)) | (at % 16 < 8 ? 0 : 0x80))).toString(
    'base64',
  );

const loudness = fc.constantFrom(0x10, 0x20, 0x30, 0x48, 0x60, 0x70, 0x7f);
const frames = (most: number) =>
  fc.record({
    do: fc.constant('frames' as const),
    count: fc.integer({min: 1, max: most}),
    loudness: fc.array(loudness, {minLength: 1, maxLength: 8}),
    bytes: fc.constantFrom(160, 160, 160, 80, 1, 161, 4_000),
    jitterMs: fc.integer({min: 0, max: 40}),
    gapMs: fc.constantFrom(0, 0, 0, 10, 16, 200, 2_000, 20_000),
  });
const step = fc.oneof(
  {weight: 6, arbitrary: frames(40)},
  {weight: 1, arbitrary: frames(500)},
  {weight: 3, arbitrary: fc.record({do: fc.constant('speaks' as const), on: fc.boolean()})},
  {weight: 3, arbitrary: fc.record({do: fc.constant('ask' as const), backMs: fc.integer({min: 0, max: 12_000})})},
  {weight: 1, arbitrary: fc.record({do: fc.constant('wait' as const), ms: fc.integer({min: 1, max: 12_000})})},
  {weight: 1, arbitrary: fc.record({do: fc.constantFrom('opened', 'lost', 'stream', 'committed')})},
);

test('what is kept and measured in rings is what lists and measuring at once would give, whatever happens to a call', () => {
  fc.assert(
    fc.property(fc.array(step, {minLength: 1, maxLength: 16}), steps => {
      const [ours, plain] = [new CallerAudio(), new PlainCallerAudio()];
      let [at, timestamp, givenMs] = [1_000, 0, 0];
      for (const one of [ours, plain]) one.sessionOpened();
      const given: string[] = [];
      const gave = (ourPayloads: readonly string[], plainPayloads: readonly string[]) => {
        given.push(...ourPayloads);
        for (const payload of plainPayloads) {
          givenMs += msOfBase64(payload);
          if (given.shift() !== payload) throw new Error('the model was given something else');
        }
        if (given.length > 0) throw new Error('the model was given more');
      };
      const frame = (payload: string) => {
        const text = Buffer.from(`"${payload}"`, 'latin1');
        const fate = ours.frame(timestamp, text, 1, text.length - 1, at);
        text.fill('x'); // the bytes are valid during the call only
        const passed = typeof fate === 'string' ? (fate === 'passOn' ? [payload] : []) : [...fate.before];
        gave(
          typeof fate !== 'string' && fate.isPassedOn ? [...passed, payload] : passed,
          plain.frame(timestamp, payload, at),
        );
      };
      for (const each of steps) {
        if (each.do === 'frames') {
          const payloads = each.loudness.map(loudness => audio(each.bytes, loudness));
          timestamp += each.gapMs;
          for (let n = 0; n < each.count; n += 1) {
            at += each.bytes / 8 + (n % 7 === 0 ? each.jitterMs : 0);
            frame(payloads[n % payloads.length] ?? '');
            timestamp += Math.round(each.bytes / 8);
          }
        }
        if (each.do === 'speaks') for (const one of [ours, plain]) one.callerSpeaks(each.on);
        if (each.do === 'wait') {
          at += each.ms;
          gave(ours.timePassed(at), plain.timePassed(at));
        }
        if (each.do === 'opened') {
          for (const one of [ours, plain]) one.sessionLost();
          givenMs = 0;
          gave(ours.sessionOpened(), plain.sessionOpened());
        }
        if (each.do === 'lost') for (const one of [ours, plain]) one.sessionLost();
        if (each.do === 'stream') {
          timestamp = 0;
          for (const one of [ours, plain]) one.newStream(at);
        }
        if (each.do === 'committed') expect(ours.turnCommitted()).toBe(plain.turnCommitted());
        if (each.do === 'ask')
          expect(answers(ours.given, givenMs - each.backMs, at)).toEqual(
            answers(plain.given, givenMs - each.backMs, at),
          );
      }
      expect(answers(ours.given, givenMs, at)).toEqual(answers(plain.given, givenMs, at));
    }),
    {numRuns: 50},
  );
});

function answers(given: SpeechLocator, positionMs: number, at: number) {
  return {
    threshold: given.speechThreshold,
    isSpeech: given.isSpeech,
    levels: [...given.latestLevels],
    onset: given.onsetAt(positionMs),
    ended: given.endedAt(positionMs),
    arrived: given.arrivedAt(positionMs),
    loudUntil: given.loudUntil(at - 5_000),
  };
}
