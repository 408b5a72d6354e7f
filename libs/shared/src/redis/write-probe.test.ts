import {setImmediate as loopTurn} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import type {Clock} from '../time.ts';
import {WriteProbe} from './write-probe.ts';

/** A process whose timers come when it gets the processor. */
class StarvedProcess implements Clock {
  #now = 0;
  #timers: {readonly at: number; readonly run: () => void}[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = {at: this.#now + ms, run};
    this.#timers.push(timer);
    return () => void this.#timers.splice(this.#timers.indexOf(timer), 1);
  }

  /** Runs at `at` what is due by then. */
  runsAt(at: number): void {
    this.#now = at;
    const due = this.#timers.filter(timer => timer.at <= at);
    this.#timers = this.#timers.filter(timer => timer.at > at);
    for (const timer of due) timer.run();
  }
}

function probeOf(clock: StarvedProcess, set: () => Promise<unknown> = () => new Promise(() => {})): WriteProbe {
  const log = createLog('test', {to: {write: () => {}}});
  return new WriteProbe({key: 'probe', set, url: 'redis://127.0.0.1:1', clock, log});
}

test('an operator is not told that Redis is unavailable by a process that had no processor time to read its answer', async () => {
  const clock = new StarvedProcess();
  using probe = probeOf(clock);
  clock.runsAt(1_000);
  clock.runsAt(2_900);
  await loopTurn();
  expect(probe.trouble).toBeUndefined();
});

test('nor by one that was busy until its next look, with the answer there to be read', async () => {
  const clock = new StarvedProcess();
  let answer = () => {};
  using probe = probeOf(clock, () => new Promise<void>(resolve => (answer = resolve)));
  clock.runsAt(1_000);
  setImmediate(() => answer());
  clock.runsAt(2_000);
  await loopTurn();
  expect(probe.trouble).toBeUndefined();
  expect(probe.hasWorked).toBe(true);
});

test('nor by one that was frozen, woke just before its next look, and asked then', async () => {
  const clock = new StarvedProcess();
  using probe = probeOf(clock);
  clock.runsAt(6_990);
  clock.runsAt(7_000);
  await loopTurn();
  expect(probe.trouble).toBeUndefined();
  clock.runsAt(8_000);
  await loopTurn();
  expect(probe.trouble).toBe('no-answer');
});

test('an operator is told when an answer does not come within a second', async () => {
  const clock = new StarvedProcess();
  using probe = probeOf(clock);
  clock.runsAt(1_000);
  clock.runsAt(2_000);
  await loopTurn();
  expect(probe.trouble).toBe('no-answer');
});
