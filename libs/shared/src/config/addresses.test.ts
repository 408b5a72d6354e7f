import {expect, test} from 'vitest';
import {isLoopback, isPrivate, networkOf, plainAddress} from './addresses.ts';

test.each(['localhost', '127.0.0.1', '127.8.9.1', '::1', '[::1]', 'LOCALHOST'])(
  'only this machine reaches %s',
  host => {
    expect([isLoopback(host), isPrivate(host)]).toEqual([true, true]);
  },
);

test.each(['10.0.0.7', '192.168.1.5', '172.16.0.1', '172.31.9.9', '169.254.1.1', '100.64.0.1', 'fd00::1', '[fe80::1]'])(
  'only a network of its own reaches %s',
  host => {
    expect([isLoopback(host), isPrivate(host)]).toEqual([false, true]);
  },
);

test.each(['webhook', 'host.docker.internal', 'phone.localhost', 'redis.default.svc.cluster.local'])(
  'only the network that gave the name %s reaches it',
  host => {
    expect([isLoopback(host), isPrivate(host)]).toEqual([false, true]);
  },
);

test.each([
  'api.openai.com',
  '8.8.8.8',
  '172.32.0.1',
  '100.128.0.1',
  '2001:db8::1',
  '[2001:db8::1]',
  '127.evil.com',
  '',
])('anybody may be at %s', host => {
  expect([isLoopback(host), isPrivate(host)]).toEqual([false, false]);
});

test('an address of IPv4 that a system for IPv6 prints is still one of IPv4', () => {
  expect(['::ffff:10.0.0.7', '203.0.113.7', '2001:db8::1'].map(plainAddress)).toEqual([
    '10.0.0.7',
    '203.0.113.7',
    '2001:db8::1',
  ]);
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1:2:3::', '2001:db8:1:2'],
])('the owner of %s has all of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
