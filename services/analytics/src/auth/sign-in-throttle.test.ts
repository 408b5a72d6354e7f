import {expect, test} from 'vitest';
import {SignInThrottle} from './sign-in-throttle.ts';

test('a user who mistypes the password does not wait, and an attacker who guesses waits up to a minute', () => {
  const throttle = new SignInThrottle();
  const waits = [];
  let at = 0;
  for (let guess = 0; guess < 14; guess += 1) {
    const wait = throttle.wait('a', at);
    waits.push(wait / 1_000);
    at += wait;
    throttle.failed('a', at);
  }
  expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  expect(throttle.wait('b', at)).toBe(0);
  expect(throttle.wait('a', at + 16 * 60_000)).toBe(0);
});

test('after the right password, earlier wrong ones no longer count', () => {
  const throttle = new SignInThrottle();
  for (let guess = 0; guess < 9; guess += 1) throttle.failed('a', 0);
  throttle.succeeded('a');
  expect(throttle.wait('a', 0)).toBe(0);
});
