import {describe, expect, test} from 'vitest';
import {DeliveryWatch} from './delivery-watch.ts';

/** Looks each 25 ms from `from` to `to` while this is the oldest unconfirmed frame. */
function look(watch: DeliveryWatch, oldest: number | undefined, from: number, to: number): void {
  for (let at = from; at <= to; at += 25) watch.look({oldestAt: oldest, oldestControlAt: undefined}, 1, at);
}

describe('what is sent to the other side', () => {
  test('arrives, as long as it is confirmed in time', () => {
    const watch = new DeliveryWatch();
    look(watch, 0, 0, 275);
    expect(watch.confirmed(280, 280)).toBe(false);
    look(watch, 280, 300, 550);
    expect(watch.undeliveredSince).toBeUndefined();
  });

  test('does not arrive since the oldest of it that is not confirmed was sent', () => {
    const watch = new DeliveryWatch();
    look(watch, 100, 100, 425);
    expect(watch.undeliveredSince).toBe(100);
  });

  test('is known sooner not to arrive where it is no audio', () => {
    const watch = new DeliveryWatch();
    for (let at = 0; at <= 175; at += 25) watch.look({oldestAt: 0, oldestControlAt: 20}, 1, at);
    expect(watch.undeliveredSince).toBe(0);
  });

  test('has arrived when it is confirmed after all', () => {
    const watch = new DeliveryWatch();
    look(watch, 100, 100, 2_000);
    expect(watch.confirmed(undefined, 2_010)).toBe(true);
    expect(watch.undeliveredSince).toBeUndefined();
  });

  test('has arrived in part when the rest is as old', () => {
    const watch = new DeliveryWatch();
    look(watch, 100, 100, 2_000);
    expect(watch.confirmed(1_000, 2_010)).toBe(true);
    expect(watch.undeliveredSince).toBe(1_000);
    expect(watch.confirmed(1_000, 2_020)).toBe(false);
  });

  test('is not judged by a process that did nothing for a while: its confirmations may wait unread', () => {
    const watch = new DeliveryWatch();
    look(watch, 0, 0, 100);
    look(watch, 0, 900, 1_000);
    expect(watch.undeliveredSince).toBeUndefined();
    look(watch, 0, 1_025, 1_225);
    expect(watch.undeliveredSince).toBe(0);
  });

  test('was given up in part, until all that is left of it is confirmed', () => {
    const watch = new DeliveryWatch();
    look(watch, 100, 100, 2_000);
    expect([watch.gaveUp, watch.giveUp(100), watch.giveUp(120)]).toEqual([false, true, false]);
    watch.confirmed(1_000, 12_000);
    expect(watch.gaveUp).toBe(true);
    watch.confirmed(undefined, 12_010);
    expect(watch.gaveUp).toBe(false);
  });
});
