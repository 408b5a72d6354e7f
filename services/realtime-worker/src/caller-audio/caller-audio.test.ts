import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {CallerAudio} from './caller-audio.ts';

const frame = Buffer.alloc(160, 0x55).toString('base64');
const lengths = (payloads: readonly string[]) => payloads.map(msOfBase64);

function listening(): CallerAudio {
  const audio = new CallerAudio();
  audio.sessionOpened();
  return audio;
}

/** A frame comes: what the model is given then. */
function give(audio: CallerAudio, timestamp: number, payload: string, at: number): readonly string[] {
  // The bytes are valid during the call only.
  const text = Buffer.from(`"${payload}"`, 'latin1');
  const fate = audio.frame(timestamp, text, 1, text.length - 1, at);
  text.fill('x');
  if (typeof fate === 'string') return fate === 'passOn' ? [payload] : [];
  return fate.isPassedOn ? [...fate.before, payload] : fate.before;
}

describe('CallerAudio, frames to the model', () => {
  test('the caller’s frames reach the model unchanged and in order', () => {
    const audio = listening();
    expect(give(audio, 100, frame, 0)).toEqual([frame]);
    expect(give(audio, 120, frame, 20)).toEqual([frame]);
    expect(audio.paddedMs).toBe(0);
  });

  test('frames that come before the session is configured are kept and then given in order', () => {
    const audio = new CallerAudio();
    const other = Buffer.alloc(160, 0x66).toString('base64');
    expect(give(audio, 100, frame, 0)).toEqual([]);
    expect(give(audio, 120, other, 20)).toEqual([]);
    expect(audio.sessionOpened()).toEqual([frame, other]);
  });

  test('audio of a turn that is not committed is given to the next session too', () => {
    const audio = listening();
    for (let n = 0; n < 50; n += 1) give(audio, n * 20, frame, n * 20);
    audio.sessionLost();
    give(audio, 1_000, frame, 1_000);
    expect(audio.sessionOpened()).toHaveLength(51);
  });

  test('audio for another session is kept for no longer than a long sentence', () => {
    const audio = listening();
    for (let n = 0; n < 1_000; n += 1) give(audio, n * 20, frame, n * 20);
    audio.sessionLost();
    expect(audio.sessionOpened()).toHaveLength(400);
  });

  test('a phone that sends hundreds of tiny frames has the last of them kept after its turn, in order', () => {
    const audio = listening();
    for (let n = 0; n < 94; n += 1) give(audio, n * 20, frame, n * 20);
    const tiny = Array.from({length: 325}, (_, n) => Buffer.of(0x20 + (n % 64)).toString('base64'));
    for (const payload of tiny) give(audio, 1_880, payload, 1_880);
    // The last 300 ms: 325 frames of an eighth of a millisecond, and twelve of 20 ms.
    expect(audio.turnCommitted()).toBe(1_640);
    audio.sessionLost();
    expect(audio.sessionOpened()).toEqual([...Array.from({length: 12}, () => frame), ...tiny]);
  });
});

describe('CallerAudio, gaps in Twilio’s timestamps', () => {
  test('a gap in the timestamps is filled with silence of the same length', () => {
    const audio = listening();
    give(audio, 0, frame, 0);
    const [padding, rest] = give(audio, 520, frame, 520);
    expect(padding).toBe(silence(500));
    expect(rest).toBe(frame);
    expect(audio.paddedMs).toBe(500);
  });

  test('a gap in the timestamps is filled with at most ten seconds of silence', () => {
    const audio = listening();
    give(audio, 0, frame, 0);
    expect(lengths(give(audio, 60_000, frame, 60_000))).toEqual([10_000, 20]);
  });

  test('a difference of a millisecond or two is not filled', () => {
    const audio = listening();
    give(audio, 0, frame, 0);
    expect(give(audio, 22, frame, 22)).toEqual([frame]);
    expect(give(audio, 40, frame, 40)).toEqual([frame]);
    expect(audio.paddedMs).toBe(0);
  });

  test('different timestamps of two streams are not a gap', () => {
    const audio = listening();
    give(audio, 50_000, frame, 0);
    audio.newStream(10);
    expect(give(audio, 100, frame, 20)).toEqual([frame]);
  });
});

describe('CallerAudio, positions in the model’s events', () => {
  test('a position in the model’s events is the moment at which that audio arrived here', () => {
    const audio = listening();
    for (let n = 0; n < 100; n += 1) give(audio, n * 20, frame, 5_000 + n * 20);
    expect(audio.given.arrivedAt(10)).toBe(5_000);
    expect(audio.given.arrivedAt(1_000)).toBe(5_980);
    expect(audio.given.arrivedAt(1_001)).toBe(6_000);
  });

  test('positions in the model’s events include padding and start at 0 in each session', () => {
    const audio = listening();
    give(audio, 0, frame, 0);
    give(audio, 520, frame, 600);
    expect(audio.given.arrivedAt(300)).toBe(600);
    audio.turnCommitted();
    audio.sessionLost();
    audio.sessionOpened();
    give(audio, 8_920, frame, 9_000);
    expect(audio.given.arrivedAt(100_000)).toBe(9_000);
  });

  test('a position in the model’s events is unknown before any audio', () => {
    expect(listening().given.arrivedAt(0)).toBeUndefined();
  });
});

describe('CallerAudio, frames that stop while the caller speaks', () => {
  const spoken = (audio: CallerAudio, from: number, to: number, startsAt = 0) => {
    for (let at = from; at < to; at += 20) give(audio, at - startsAt, frame, at);
  };
  const speaking = () => {
    const audio = listening();
    audio.newStream(0);
    spoken(audio, 0, 1_000);
    audio.callerSpeaks(true);
    return audio;
  };

  test('when frames stop in mid-speech, the model is given silence after 750 ms so that it can end the turn', () => {
    const audio = speaking();
    expect(audio.deadline).toBe(980 + 750);
    expect(audio.timePassed(1_729)).toEqual([]);
    expect(lengths(audio.timePassed(1_730))).toEqual(Array(7).fill(100));
    expect(audio.deadline).toBe(1_780);
    expect(lengths(audio.timePassed(1_790))).toEqual([100]);
    audio.callerSpeaks(false);
    expect([audio.deadline, audio.timePassed(3_000)]).toEqual([undefined, []]);
  });

  test('no silence is added while the caller is silent, without a stream, or without a session', () => {
    const quiet = listening();
    quiet.newStream(0);
    spoken(quiet, 0, 1_000);
    const [noStream, noSession] = [speaking(), speaking()];
    noStream.streamLost();
    noSession.sessionLost();
    for (const audio of [quiet, noStream, noSession]) {
      expect([audio.deadline, audio.timePassed(5_000)]).toEqual([undefined, []]);
    }
  });

  test('a gap that was already filled as time passed is not filled again when the timestamps show it', () => {
    const audio = speaking();
    audio.timePassed(2_000);
    expect(lengths(give(audio, 2_500, frame, 2_500))).toEqual([1_500 - 1_000, 20]);
    expect(audio.paddedMs).toBe(1_500);
    expect(give(audio, 2_520, frame, 2_520)).toEqual([frame]);
  });

  test('late frames take back the silence that was given in their place', () => {
    const audio = speaking();
    audio.timePassed(2_000);
    // All that was held back comes at once, but for the end of it.
    for (let timestamp = 1_000; timestamp < 1_500; timestamp += 20) {
      expect(give(audio, timestamp, frame, 2_000)).toEqual([frame]);
    }
    expect(give(audio, 2_000, frame, 2_000)).toEqual([frame]);
    expect(lengths(give(audio, 2_520, frame, 2_520))).toEqual([500, 20]);
  });

  test('when frames stop for good, the model is given at most ten seconds of silence', () => {
    const audio = speaking();
    const given = lengths([...audio.timePassed(5_000), ...audio.timePassed(60_000)]);
    expect(given.reduce((sum, ms) => sum + ms, 0)).toBe(10_000);
    expect(audio.deadline).toBeUndefined();
    expect(give(audio, 70_000, frame, 70_000)).toEqual([frame]);
  });

  test('added silence does not move the moments at which the caller began and stopped', () => {
    const audio = listening();
    audio.newStream(0);
    const voice = Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? 0x30 : 0xb0))).toString('base64');
    for (let at = 0; at < 1_000; at += 20) give(audio, at, at < 500 ? silence(20) : voice, at + 5);
    audio.callerSpeaks(true); // as late as it may ever say so
    audio.timePassed(2_600);
    for (let at = 3_000; at < 3_400; at += 20) give(audio, at, at < 3_200 ? silence(20) : voice, at + 5);
    expect([audio.given.onsetAt(490), audio.given.endedAt(1_010)]).toEqual([505, 985]);
    expect(audio.given.onsetAt(3_210)).toBe(3_205);
    expect(audio.given.arrivedAt(1_550)).toBe(985 + 600);
  });

  test('late frames are not committed with the turn, although the silence in their place is', () => {
    const audio = speaking();
    audio.timePassed(2_000);
    expect(audio.turnCommitted()).toBe(1_000);
  });

  const line = fc.record({
    clockGoesOn: fc.boolean(),
    parts: fc.array(fc.record({spokenMs: fc.integer({min: 1, max: 100}), holeMs: fc.integer({min: 1, max: 250})}), {
      minLength: 1,
      maxLength: 8,
    }),
  });
  test('the audio given to the model is as long as the time that passed, in order, without repetition', () => {
    fc.assert(
      fc.property(line, ({clockGoesOn, parts}) => {
        const audio = listening();
        audio.newStream(0);
        audio.callerSpeaks(true);
        const given: string[] = [];
        let [at, timestamp, number, hidden] = [0, 100, 0, 0];
        const tick = () => {
          at += 20;
          given.push(...audio.timePassed(at));
        };
        for (const {spokenMs, holeMs} of parts) {
          for (let n = 0; n < spokenMs; n += 1, timestamp += 20) {
            given.push(...give(audio, timestamp, numbered((number += 1)), at));
            tick();
          }
          const before = given.length;
          for (let n = 0; n < holeMs; n += 1) tick();
          if (clockGoesOn) timestamp += holeMs * 20;
          // A hole that is over before it is noticed, on a clock that stands, cannot be known of.
          else if (given.length === before) hidden += holeMs * 20;
        }
        given.push(...give(audio, timestamp, numbered((number += 1)), at));
        const total = lengths(given).reduce((sum, ms) => sum + ms, 0);
        // To the frame, or to the piece of silence where no clock shows how long the hole was.
        const most = parts.length * (clockGoesOn ? 20 : 100);
        expect(Math.abs(total + hidden - (at + 20))).toBeLessThanOrEqual(most);
        expect(given.filter(payload => !isSilence(payload))).toEqual(
          Array.from({length: number}, (_, index) => numbered(index + 1)),
        );
      }),
    );
  });
});

const numbered = (number: number) =>
  Buffer.alloc(160, number % 100)
    .fill(number >> 6, 0, 1)
    .toString('base64');
const isSilence = (payload: string) => Buffer.from(payload, 'base64').every(byte => byte === 0xff);
