import {expect, test} from 'vitest';
import {isOurEdge} from './edge-origin.ts';

const PUBLIC_EDGE_URL = 'wss://edge.example.com';

test.each([
  ['wss://edge.example.com', true],
  ['wss://edge.example.com:8443/behind/a/path', true],
  ['wss://two.edge.example.com', true],
  ['wss://evil.example.net', false],
  ['wss://edge.example.com.evil.net', false],
  ['wss://notedge.example.com', false],
  ['wss://edge.example.com@evil.example.net', false],
  ['https://edge.example.com', false],
  ['ws://127.0.0.1:5051', false],
  ['', false],
])('without a key, callers of wss://edge.example.com are sent to %s: %s', (url, isSent) => {
  expect(isOurEdge(url, {PUBLIC_EDGE_URL})).toBe(isSent);
});

test('callers are sent to every origin that the operator names', () => {
  const config = {PUBLIC_EDGE_URL, EDGE_ORIGINS: ['wss://a.example.net', 'wss://b.example.net']};
  const urls = ['wss://b.example.net', 'wss://edge.example.com', 'wss://c.example.net'];
  expect(urls.map(url => isOurEdge(url, config))).toEqual([true, true, false]);
});

test('on one machine every port is ours, by any name of the machine', () => {
  const config = {PUBLIC_EDGE_URL: 'ws://127.0.0.1:5051'};
  for (const url of ['ws://localhost:5051', 'ws://127.0.0.2:6000', 'ws://[::1]:5110']) {
    expect(isOurEdge(url, config)).toBe(true);
  }
});

test('with a key the signature decides, and only the address while unsigned members are taken', () => {
  const [url, key] = ['wss://any.example.net', 'k'.repeat(32)];
  expect(isOurEdge(url, {PUBLIC_EDGE_URL, FLEET_KEY: [key]})).toBe(true);
  expect(isOurEdge(url, {PUBLIC_EDGE_URL, FLEET_KEY: [key, 'unsigned']})).toBe(false);
});
