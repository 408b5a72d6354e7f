import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FakeClock} from './testing/fake-clock.ts';
import {every, everyWhile} from './ticker.ts';

test('work of different periods that began at different moments shares one timer and its wake-ups', () => {
  const clock = new FakeClock();
  const moments = new Set<number>();
  const note = () => moments.add(clock.now());
  clock.advance(7);
  every(clock, 25, note);
  clock.advance(11);
  every(clock, 50, note);
  clock.advance(3);
  every(clock, 100, note);
  expect(clock.waiting).toBe(1);
  clock.advance(1_000 - 21);
  expect([...moments]).toEqual(Array.from({length: 40}, (_, index) => (index + 1) * 25));
});

test('work that ends leaves no timer behind, also when it ends itself', () => {
  const clock = new FakeClock();
  const runs: string[] = [];
  const cancel = every(clock, 50, () => runs.push('first'));
  const itself = every(clock, 50, () => {
    runs.push('itself');
    itself();
    cancel();
  });
  const third = every(clock, 100, () => runs.push('third'));
  clock.advance(200);
  expect(runs).toEqual(['first', 'itself', 'third', 'third']);
  third();
  third();
  expect(clock.waiting).toBe(0);
});

test('a process that did not run for a while does the work once, and learns how late it is', () => {
  const clock = new FakeClock();
  const lates: number[] = [];
  every(clock, 50, late => lates.push(late));
  clock.advance(100);
  clock.oversleep(130);
  clock.advance(50);
  expect(lates).toEqual([0, 0, 80, 0]);
});

test('work that fails is reported, and other work goes on', () => {
  const clock = new FakeClock();
  let runs = 0;
  every(clock, 50, () => {
    throw new Error('a bug');
  });
  every(clock, 50, () => (runs += 1));
  expect(() => clock.advance(50)).toThrow('a bug');
  expect(() => clock.advance(50)).toThrow('a bug');
  expect(runs).toBe(2);
});

test('timers that fire a little early or late run nothing twice and leave nothing out', () => {
  const jitter = fc.array(fc.double({min: -0.99, max: 5, noNaN: true}), {minLength: 50, maxLength: 50});
  fc.assert(
    fc.property(jitter, fc.constantFrom(25, 50, 100), (errors, period) => {
      let now = 0;
      let timer: {due: number; run: () => void} | undefined;
      const clock = {
        now: () => now,
        wall: () => now,
        after(delay: number, run: () => void) {
          timer = {due: now + delay, run};
          return () => (timer = undefined);
        },
      };
      const runs: number[] = [];
      every(clock, period, () => runs.push(Math.round(now / period)));
      for (const error of errors) {
        now = Math.max(now, timer!.due + error);
        timer!.run();
      }
      return runs.every((run, index) => run === index + 1);
    }),
  );
});

test('work that nobody needs wakes no process', () => {
  const clock = new FakeClock();
  let runs = 0;
  const work = everyWhile(clock, 50, () => (runs += 1));
  clock.advance(1_000);
  expect([runs, clock.waiting]).toEqual([0, 0]);
  work(true);
  work(true);
  clock.advance(100);
  work(false);
  work(false);
  clock.advance(1_000);
  expect([runs, clock.waiting]).toEqual([2, 0]);
});
