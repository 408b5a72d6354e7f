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

test('many addresses together get no more guesses than one budget, which fills up slowly', () => {
  const throttle = new SignInThrottle();
  let allowed = 0;
  const hour = 3_600_000;
  for (let at = 0; at < hour; at += 100) {
    const address = `203.0.113.${at}`;
    if (throttle.wait(address, at) > 0) continue;
    throttle.failed(address, at);
    allowed += 1;
  }
  expect(allowed).toBe(20 + 600 - 1);
});

test('guesses from everywhere keep out neither who signed in before nor the operator at the machine itself', () => {
  const throttle = new SignInThrottle();
  throttle.failed('198.51.100.7', 0);
  throttle.succeeded('198.51.100.7');
  for (let guess = 0; guess < 100; guess += 1) throttle.failed(`203.0.113.${guess}`, 0);
  expect(throttle.wait('203.0.113.200', 0)).toBeGreaterThan(0);
  expect(throttle.wait('198.51.100.7', 0)).toBe(0);
  expect(throttle.wait('127.0.0.1', 0)).toBe(0);
});

test('the right password gives its guess back', () => {
  const throttle = new SignInThrottle();
  for (let user = 0; user < 100; user += 1) {
    expect(throttle.wait(`203.0.113.${user}`, 0)).toBe(0);
    throttle.failed(`203.0.113.${user}`, 0);
    throttle.succeeded(`203.0.113.${user}`);
  }
});
