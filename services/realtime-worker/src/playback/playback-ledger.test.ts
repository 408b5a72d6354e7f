import {silence} from '@voicebridge/shared/protocol/audio.ts';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {PlaybackLedger} from './playback-ledger.ts';
import type {Piece} from './playout-timeline.ts';

const piece = (itemId: string, ms: number, itemFrom = 0): Piece => ({
  itemId,
  responseId: 'r1',
  itemFrom,
  ms,
  payload: silence(ms),
});

/** A ledger that has measured its round trip with a probe. */
function measured(roundTrip: number, at = 0): PlaybackLedger {
  const ledger = new PlaybackLedger(1);
  ledger.markReturned(ledger.probe(at - roundTrip), at);
  return ledger;
}

describe('PlaybackLedger, the heard position', () => {
  test('without marks, the heard position follows the clock from the moment of sending', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 1_000), 0);
    expect([0, 250, 999].map(at => ledger.heard(at))).toEqual([0, 250, 999]);
  });

  test('the heard position never exceeds what was sent', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 300), 0);
    expect(ledger.heard(5_000)).toBe(300);
  });

  test('the heard position is never less than what a mark has proven', () => {
    const ledger = new PlaybackLedger(1);
    const mark = ledger.sent(piece('a', 300), 0);
    ledger.sent(piece('a', 300, 300), 0);
    expect(ledger.markReturned(mark, 280)).toBe('proof');
    expect(ledger.heard(280)).toBe(300);
  });

  test('the heard position does not grow in the silence between two replies', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 500), 0);
    ledger.sent(piece('b', 500), 10_000);
    expect(ledger.heard(10_000)).toBe(500);
    expect(ledger.heard(10_100)).toBe(600);
  });

  test('the heard position runs on over several items of one reply', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 1_000), 0);
    ledger.sent(piece('b', 1_000), 50);
    ledger.clear(1_400);
    expect(ledger.confirmClear()?.unheard.map(({itemId, itemFrom, ms}) => [itemId, itemFrom, ms])).toEqual([
      ['b', 400, 600],
    ]);
  });

  test('late marks correct the heard position when Twilio began to play later than estimated', () => {
    const ledger = measured(20);
    const marks = [0, 1, 2, 3].map(n => ledger.sent(piece('a', 200, n * 200), 0));
    for (const [n, mark] of marks.entries()) if (n < 3) ledger.markReturned(mark, (n + 1) * 200 + 20 + 60);
    expect(ledger.heard(700)).toBe(700 - 60);
  });

  test('the heard position does not decrease when a late mark shows a smaller one', () => {
    const ledger = measured(20);
    const mark = ledger.sent(piece('a', 200), 0);
    ledger.sent(piece('a', 2_000, 200), 0);
    expect(ledger.heard(400)).toBe(400);
    ledger.markReturned(mark, 420);
    expect(ledger.heard(400)).toBe(400);
  });
});

describe('PlaybackLedger, a phone that does not play in real time', () => {
  /** Ten pieces of 200 ms, sent at once to a phone 20 ms away. Returns their marks. */
  const spoken = (ledger: PlaybackLedger, at = 0) =>
    Array.from({length: 10}, (_, n) => ledger.sent(piece('a', 200, n * 200), at));

  test('it stood still: once two marks are later than marks are late, the position follows them', () => {
    const ledger = measured(20);
    const [first = '', second = '', third = ''] = spoken(ledger);
    ledger.markReturned(first, 220);
    ledger.markReturned(second, 1_420);
    expect(ledger.heard(1_420)).toBe(1_420);
    ledger.markReturned(third, 1_620);
    expect(ledger.heard(1_620)).toBe(620);
    expect(ledger.playing(3_900)).toBe(true);
  });

  test('it stands still: a clear returns the marks of what was not played, and they count instead of the clock', () => {
    const ledger = measured(20);
    const [first = '', ...others] = spoken(ledger);
    ledger.markReturned(first, 220);
    const behind = ledger.clear(1_500);
    for (const mark of [...others, behind]) ledger.markReturned(mark, 1_520);
    expect(ledger.confirmClear()).toMatchObject({heard: 400, proven: 200, by: 'landing'});
  });

  test('it stands still after marks that were all in time: it is taken to stand in the middle between two of them', () => {
    const ledger = measured(20);
    const marks = spoken(ledger);
    for (const [n, mark] of marks.slice(0, 8).entries()) ledger.markReturned(mark, 220 + 200 * n);
    const behind = ledger.clear(2_500);
    for (const mark of [...marks.slice(8), behind]) ledger.markReturned(mark, 2_520);
    expect(ledger.confirmClear()).toMatchObject({heard: 1_700, proven: 1_600, by: 'landing'});
  });

  test('a single mark that is very late does not move the position: it may have been late alone', () => {
    const ledger = measured(20);
    const [first = '', second = '', third = ''] = spoken(ledger);
    ledger.markReturned(first, 220);
    ledger.markReturned(second, 1_000);
    ledger.markReturned(third, 1_001);
    expect(ledger.heard(1_001)).toBeGreaterThan(950);
  });

  test('marks that are in time again show that the phone was not behind', () => {
    const ledger = measured(20);
    const marks = spoken(ledger);
    for (const [n, at] of [220, 1_000, 1_200, 1_220].entries()) ledger.markReturned(marks[n] ?? '', at);
    ledger.markReturned(marks[5] ?? '', 1_221);
    expect(ledger.heard(1_221)).toBeGreaterThan(1_190);
  });

  test('its next playout begins in time', () => {
    const ledger = measured(20);
    const [first = '', second = '', third = ''] = spoken(ledger);
    for (const [mark, at] of [[first, 220] as const, [second, 1_420] as const, [third, 1_620] as const])
      ledger.markReturned(mark, at);
    ledger.clear(1_700);
    ledger.confirmClear();
    spoken(ledger, 3_000);
    expect(ledger.heard(3_500)).toBe(500);
  });
});

describe('PlaybackLedger, audio that is late on its way', () => {
  /** The way to the phone is interrupted from `since` to `until`; what waits leaves when it is open again. */
  const interrupted = (ledger: PlaybackLedger, since: number, until: number, [oldest, at] = [since, since + 300]) => {
    ledger.undelivered(oldest, at);
    return () => ledger.undelivered(undefined, until);
  };

  test('is not heard while it is on its way', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 1_000), 0);
    ledger.sent(piece('a', 1_000, 1_000), 900);
    interrupted(ledger, 900, 3_000);
    expect(ledger.heard(2_500)).toBe(1_000);
    expect(ledger.playing(30_000)).toBe(true);
  });

  test('is heard from the moment at which it got through, if there was nothing left to play', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 1_000), 0);
    ledger.sent(piece('a', 1_000, 1_000), 900);
    interrupted(ledger, 900, 3_000)();
    expect([3_000, 3_060, 3_990, 5_000].map(at => ledger.heard(at))).toEqual([1_000, 1_060, 1_990, 2_000]);
  });

  test('is heard as if nothing had happened, if it got through before the phone had played what it had', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 4_000), 0);
    ledger.sent(piece('a', 1_000, 4_000), 900);
    interrupted(ledger, 900, 3_000)();
    expect(ledger.heard(4_500)).toBe(4_500);
  });

  test('was not late if its mark is back: only its confirmation was', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 1_000), 0);
    const mark = ledger.sent(piece('a', 1_000, 1_000), 900);
    const restored = interrupted(ledger, 900, 2_100);
    ledger.markReturned(mark, 2_020);
    restored();
    expect(ledger.heard(2_100)).toBe(2_000);
  });

  test('is remembered as unheard when the caller interrupts just after it got through, whatever the clear flushes', () => {
    const ledger = measured(20);
    const marks = Array.from({length: 30}, (_, n) => ledger.sent(piece('a', 60, n * 60), n * 60));
    interrupted(ledger, 0, 3_000)();
    const clear = ledger.clear(3_080);
    ledger.markReturned(marks[0] ?? '', 3_085); // it was played
    for (const mark of [...marks.slice(1), clear]) ledger.markReturned(mark, 3_100);
    const {heard, unheard} = ledger.confirmClear() ?? {heard: -1, unheard: []};
    expect(heard).toBeGreaterThanOrEqual(60);
    expect(heard).toBeLessThanOrEqual(100);
    expect(unheard.at(-1)).toMatchObject({itemId: 'a', itemFrom: 29 * 60, ms: 60});
  });

  test('is heard by nobody when a clear overtakes none of it: both get through together', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 1_000), 0);
    ledger.sent(piece('a', 1_000, 1_000), 900);
    const restored = interrupted(ledger, 900, 3_000);
    ledger.clear(1_500);
    expect(ledger.confirmsBy).toBe(Number.POSITIVE_INFINITY);
    restored();
    expect(ledger.confirmsBy).toBeLessThanOrEqual(3_400);
    expect(ledger.confirmClear()).toMatchObject({heard: 1_000, unheard: [{itemId: 'a', itemFrom: 1_000, ms: 1_000}]});
  });

  test('goes on playing at the phone until a clear that is late gets through', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 4_000), 0);
    const restored = interrupted(ledger, 900, 3_000, [1_000, 1_300]);
    ledger.clear(1_000);
    restored();
    expect(ledger.confirmClear()).toMatchObject({heard: 3_000});
  });

  test('says nothing of how long a message to the phone takes', () => {
    const ledger = measured(20);
    const opening = ledger.opening(900) ?? '';
    ledger.sent(piece('a', 1_000), 900);
    interrupted(ledger, 900, 3_000)();
    ledger.markReturned(opening, 3_020);
    expect(ledger.typicalRoundTrip).toBeLessThan(30);
  });
});

describe('PlaybackLedger, returned marks', () => {
  test('when marks never come back the clock decides, and playback counts as over after two seconds', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 1_000), 0);
    expect(ledger.playing(900)).toBe(true);
    expect(ledger.playing(2_900)).toBe(true);
    expect(ledger.playing(3_100)).toBe(false);
  });

  test('marks that come back twice or out of order prove no more than the furthest of them', () => {
    const ledger = new PlaybackLedger(1);
    const [first, second] = [ledger.sent(piece('a', 200), 0), ledger.sent(piece('a', 200, 200), 0)];
    ledger.markReturned(second, 410);
    ledger.markReturned(first, 420);
    ledger.markReturned(second, 430);
    expect(ledger.provenMs).toBe(400);
  });

  test('marks that this worker never sent prove nothing', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 200), 0);
    const strange = [
      'responsePart',
      '',
      ':',
      '1.0:',
      '1.0:-5',
      '1.0:NaN',
      '1.0:1e3',
      '1.0:9999',
      '1.0:200:1',
      'probe:x',
    ];
    expect(strange.map(mark => ledger.markReturned(mark, 10))).toEqual(strange.map(() => 'foreign'));
    expect(ledger.provenMs).toBe(0);
  });

  test('marks of the previous owner of the call prove nothing', () => {
    const before = new PlaybackLedger(1);
    const mark = before.sent(piece('a', 200), 0);
    const ledger = new PlaybackLedger(2);
    ledger.sent(piece('a', 500), 0);
    expect(ledger.markReturned(mark, 210)).toBe('stale');
    expect(ledger.provenMs).toBe(0);
  });

  test('marks that a clear flushed prove nothing about later audio', () => {
    const ledger = measured(10);
    const flushed = [ledger.sent(piece('a', 500), 0), ledger.sent(piece('a', 500, 500), 0)];
    ledger.clear(100);
    ledger.confirmClear();
    ledger.sent(piece('b', 2_000), 110);
    expect(flushed.map(mark => ledger.markReturned(mark, 115))).toEqual(['stale', 'stale']);
    expect(ledger.provenMs).toBe(0);
    expect(ledger.heard(210)).toBe(100);
  });
});

describe('PlaybackLedger, marks that do not behave as documented', () => {
  test('a mark that comes back before its audio can have been played proves nothing', () => {
    const ledger = measured(10);
    const marks = [0, 1, 2].map(n => ledger.sent(piece('a', 1_000, n * 1_000), 0));
    expect(marks.map(mark => ledger.markReturned(mark, 12))).toEqual(['early', 'early', 'early']);
    expect(ledger.playing(15)).toBe(true);
    expect(ledger.heard(700)).toBe(700);
    ledger.markReturned(ledger.clear(700), 710);
    expect(ledger.confirmClear()).toMatchObject({heard: 700, proven: 0, by: 'landing'});
  });

  test('after one early mark, all earlier marks of the same reply are ignored, and none of another reply', () => {
    const ledger = measured(10);
    const marks = [0, 1, 2].map(n => ledger.sent(piece('a', 500, n * 500), 0));
    expect(ledger.markReturned(marks[0] ?? '', 480)).toBe('proof'); // flushed, and hardly too early
    expect(marks.slice(1).map(mark => ledger.markReturned(mark, 480))).toEqual(['early', 'early']);
    ledger.markReturned(ledger.clear(700), 710);
    expect(ledger.confirmClear()?.heard).toBe(700);
    const next = ledger.sent(piece('b', 500), 2_000);
    expect(ledger.markReturned(next, 2_510)).toBe('proof');
  });

  /** How wrong the fourth interruption of each call is, sorted. Marks leave an even network as `leaves` says. */
  function errors(seed: number, leaves: (dueAt: number, random: () => number) => number, calls = 100): number[] {
    let state = 1 + (seed % 2_147_483_646);
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    return Array.from({length: calls}, () => {
      const ledger = new PlaybackLedger(1);
      let [at, error] = [0, 0];
      for (let reply = 0; reply < 4; reply += 1) {
        // Sent at once, played from 30 ms later on; an echo takes 30 ms back, and none overtakes.
        const stopsAt = at + 1_500 + random() * 4_000;
        const due = [{mark: ledger.opening(at) ?? '', at: at + 30}];
        for (let ms = 0; ms < 8_000;) {
          const length = (4 + Math.floor(random() * 3)) * 50;
          const mark = ledger.sent(piece(`${reply}`, length, ms), at);
          ms += length;
          due.push({mark, at: Math.min(at + 30 + ms, stopsAt + 30)});
        }
        due.push({mark: 'behind the clear', at: stopsAt + 30});
        let left = 0;
        const echoes = due.map(each => ({...each, at: (left = Math.max(left, leaves(each.at, random))) + 30}));
        const before = echoes.filter(echo => echo.at <= stopsAt);
        for (const echo of before) ledger.markReturned(echo.mark, echo.at);
        const behind = ledger.clear(stopsAt);
        const after = echoes.slice(before.length);
        for (const echo of after) ledger.markReturned(echo === after.at(-1) ? behind : echo.mark, echo.at);
        error = Math.abs((ledger.confirmClear()?.heard ?? 0) - (stopsAt - at));
        at = stopsAt + 1_500 + random() * 1_000;
      }
      return error;
    }).toSorted((a, b) => a - b);
  }

  test.each([
    ['late by 0 to 300 ms at random', (at: number, random: () => number) => at + random() * 300],
    [
      'late by 100 ms on average, a few by far more',
      (at: number, random: () => number) => at - 100 * Math.log(1 - random()),
    ],
    ['only once in 250 ms', (at: number) => Math.ceil(at / 250) * 250],
    ['only once in a second', (at: number) => Math.ceil(at / 1_000) * 1_000],
  ])('marks that come back %s are recognised as late and hardly move the clock', (_, leaves) => {
    expect(errors(4_711, leaves)[95]).toBeLessThanOrEqual(40);
  });

  test('marks that are all late by the same time locate an interruption as well as punctual marks', () => {
    expect(errors(4_711, at => at + 200)[99]).toBeLessThanOrEqual(1);
  });

  test('the error of a late mark is never larger than its own delay', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({min: 0, max: 1_000}), (seed, latest) => {
        const worst = errors(seed, (at, random) => at + random() * latest, 5).at(-1) ?? 0;
        expect(worst).toBeLessThanOrEqual(latest + 1);
      }),
      {numRuns: 60},
    );
  });
});

describe('PlaybackLedger, the round trip', () => {
  test('the round trip is unknown until a probe comes back, and is then the median', () => {
    const ledger = new PlaybackLedger(1);
    expect(ledger.averageRoundTrip).toBeUndefined();
    for (const [at, took] of [
      [0, 40],
      [100, 300],
      [500, 42],
    ] as const)
      ledger.markReturned(ledger.probe(at), at + took);
    expect(ledger.averageRoundTrip).toBe(42);
  });

  test('the round trip is measured in front of each reply that meets an empty buffer, and only there', () => {
    const ledger = new PlaybackLedger(1);
    const opening = ledger.opening(0);
    expect(opening).toBeDefined();
    ledger.sent(piece('a', 1_000), 0);
    expect(ledger.opening(100)).toBeUndefined();
    expect(ledger.markReturned(opening ?? '', 30)).toBe('probe');
    expect(ledger.averageRoundTrip).toBe(30);
    expect(ledger.markReturned(opening ?? '', 31)).toBe('stale');
  });

  test('the round trip is unknown again after the stream is lost', () => {
    const ledger = measured(50);
    ledger.streamLost(10);
    expect(ledger.averageRoundTrip).toBeUndefined();
  });
});

describe('PlaybackLedger, of a worker that took the call over', () => {
  /** The owner before had sent three seconds at 0, of which the journal has two; the phone began to play 30 ms later. */
  function takenOver() {
    const before = new PlaybackLedger(1);
    before.sent(piece('old', 4_000), -9_000);
    const marks = Array.from({length: 15}, (_, n) => before.sent(piece('a', 200, n * 200), 0));
    const ledger = new PlaybackLedger(2);
    ledger.adopt(piece('a', 2_000), 0, marks[9]);
    return {ledger, marks};
  }

  test('the marks of the owner before show what was played of its audio', () => {
    const {ledger, marks} = takenOver();
    expect(ledger.markReturned(marks[4] ?? '', 1_060)).toBe('proof');
    expect(ledger.provenMs).toBe(1_000);
    expect(ledger.markReturned('1.0:4000', 1_070)).toBe('proof');
    expect(ledger.provenMs).toBe(1_000);
  });

  test('its first clear is located by them, however late it gets there', () => {
    const {ledger, marks} = takenOver();
    for (const [n, mark] of marks.slice(0, 5).entries()) ledger.markReturned(mark, (n + 1) * 200 + 60);
    const behind = ledger.clear(1_100); // lands at 1,280
    for (const mark of [...marks.slice(6), behind]) ledger.markReturned(mark, 1_310);
    const {heard = 0, unheard} = ledger.confirmClear() ?? {};
    expect(Math.abs(heard - 1_250)).toBeLessThanOrEqual(30);
    expect(unheard?.map(({itemId}) => itemId)).toEqual(['a']);
  });

  test('a mark of audio that its journal has lost proves all that it has', () => {
    const {ledger, marks} = takenOver();
    ledger.markReturned(marks[14] ?? '', 3_060);
    expect(ledger.provenMs).toBe(2_000);
    expect(ledger.sentMs).toBe(2_000);
  });

  test('what it sends itself plays behind the audio that the journal has lost', () => {
    const {ledger, marks} = takenOver();
    for (const [n, mark] of marks.slice(0, 10).entries()) ledger.markReturned(mark, (n + 1) * 200 + 60);
    const opening = ledger.opening(2_100) ?? '';
    ledger.sent(piece('b', 2_000), 2_100);
    for (const [n, mark] of marks.slice(10).entries()) ledger.markReturned(mark, 2_200 + n * 200 + 60);
    ledger.markReturned(opening, 3_060);
    expect(Math.abs(ledger.heard(3_500) - 2_500)).toBeLessThanOrEqual(30);
    expect(ledger.typicalRoundTrip).toBeLessThanOrEqual(60);
  });

  test('the mark with which it begins is no round trip while the phone still plays, but a proof', () => {
    const {ledger} = takenOver();
    const first = ledger.streamOpened(500);
    expect(ledger.markReturned(first, 2_060)).toBe('proof');
    expect(ledger.provenMs).toBe(2_000);
    expect(ledger.typicalRoundTrip ?? 0).toBeLessThanOrEqual(60);
    const quiet = new PlaybackLedger(2);
    expect(quiet.markReturned(quiet.streamOpened(500), 530)).toBe('probe');
    expect(quiet.typicalRoundTrip).toBe(30);
  });
});

describe('PlaybackLedger, a clear', () => {
  test('a clear is judged by the clock at once if no mark ever came back', () => {
    const ledger = new PlaybackLedger(1);
    ledger.sent(piece('a', 1_000), 0);
    ledger.clear(300);
    expect(ledger.confirmsBy).toBeUndefined();
    expect(ledger.confirmClear()).toMatchObject({heard: 300, sent: 1_000, by: 'clock'});
  });

  test('the mark behind a clear is awaited as long as the slowest mark took, and for 200 to 400 ms', () => {
    const quick = measured(50);
    quick.sent(piece('a', 1_000), 0);
    quick.clear(300);
    expect(quick.confirmsBy).toBe(300 + 200);
    const usual = measured(150);
    usual.sent(piece('a', 1_000), 0);
    usual.clear(300);
    expect(usual.confirmsBy).toBe(300 + 150 + 100);
    const slow = measured(3_000);
    slow.sent(piece('a', 1_000), 0);
    slow.clear(300);
    expect(slow.confirmsBy).toBe(700);
  });

  test('the first mark that a clear flushes shows what was heard when the clear arrived, not when it was sent', () => {
    // 100 ms each way: sent at 0, plays from 100; cleared at 1000, lands at 1100; the flushed mark is here at 1200.
    const ledger = measured(200);
    const first = ledger.sent(piece('a', 400), 0);
    const last = ledger.sent(piece('a', 5_000, 400), 0);
    ledger.markReturned(first, 600);
    const behind = ledger.clear(1_000);
    expect(ledger.markReturned(last, 1_200)).toBe('landed');
    expect(ledger.markReturned(behind, 1_200)).toBe('stale');
    expect(ledger.confirmClear()).toMatchObject({heard: 1_000, by: 'landing', proven: 400, sent: 5_400});
  });

  test('a clear that took longer than usual counts the audio that was played meanwhile as heard', () => {
    // As before, but the clear lands 80 ms later than the clock would think.
    const ledger = measured(200);
    const first = ledger.sent(piece('a', 400), 0);
    ledger.sent(piece('a', 5_000, 400), 0);
    ledger.markReturned(first, 600);
    const behind = ledger.clear(1_000);
    ledger.markReturned(behind, 1_280);
    expect(ledger.confirmClear()?.heard).toBe(1_080);
  });

  test('a clear before the first mark of a reply is measured from the mark in front of the reply', () => {
    const ledger = measured(200);
    const opening = ledger.opening(0) ?? '';
    ledger.sent(piece('a', 5_000), 0);
    const behind = ledger.clear(50);
    ledger.markReturned(opening, 210);
    ledger.markReturned(behind, 270);
    expect(ledger.confirmClear()).toMatchObject({heard: 60, by: 'landing'});
  });

  test('a clear that arrives after all audio was played finds all of it heard', () => {
    const ledger = measured(200);
    const opening = ledger.opening(0) ?? '';
    const mark = ledger.sent(piece('a', 400), 0);
    ledger.markReturned(opening, 200);
    ledger.clear(350);
    ledger.markReturned(mark, 600);
    expect(ledger.confirmClear()).toMatchObject({unheard: []});
  });

  test('marks that left Twilio before the clear arrived still prove their audio, although they come back after it was sent', () => {
    const ledger = measured(200);
    const marks = [0, 1, 2, 3].map(n => ledger.sent(piece('a', 500, n * 500), 0));
    ledger.clear(600); // lands at 700, when 600 were played
    ledger.markReturned(marks[0] ?? '', 700); // left at 600
    ledger.markReturned(marks[1] ?? '', 801); // flushed, with the last
    ledger.markReturned(marks[3] ?? '', 801);
    expect(ledger.confirmClear()).toMatchObject({proven: 500, heard: 601, by: 'landing'});
  });

  test('a clear that was sent when nothing came from the phone any more finds heard what was heard by then', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 4_000), 0);
    ledger.clear(900);
    ledger.lostAt(720);
    expect(ledger.confirmClear()).toMatchObject({heard: 720, by: 'clock'});
    const landed = measured(20);
    landed.sent(piece('a', 4_000), 0);
    landed.markReturned(landed.clear(900), 920);
    landed.lostAt(720);
    expect(landed.confirmClear()).toMatchObject({heard: 900});
  });

  test('a clear is confirmed only once', () => {
    const ledger = measured(20);
    ledger.sent(piece('a', 400), 0);
    ledger.clear(100);
    expect(ledger.confirmClear()).toBeDefined();
    expect(ledger.confirmClear()).toBeUndefined();
  });

  test('after a clear the unheard audio can be sent again, cut between two bytes', () => {
    const bytes = Buffer.from(Array.from({length: 1_600}, (_, at) => at % 251));
    const ledger = new PlaybackLedger(1);
    ledger.sent({itemId: 'a', responseId: 'r1', itemFrom: 0, ms: 200, payload: bytes.toString('base64')}, 0);
    ledger.clear(123.4);
    const [rest] = ledger.confirmClear()?.unheard ?? [];
    expect(rest?.itemFrom).toBe(987 / 8);
    expect(Buffer.from(rest?.payload ?? '', 'base64').equals(bytes.subarray(987))).toBe(true);
  });
});

test('the audio that a lost stream had buffered is sent again on the next stream', () => {
  const ledger = new PlaybackLedger(1);
  ledger.sent(piece('a', 1_000), 0);
  expect(ledger.streamLost(400).map(({itemFrom, ms}) => [itemFrom, ms])).toEqual([[400, 600]]);
  expect(ledger.playing(400)).toBe(false);
});
