import fc from 'fast-check';
import {expect, test} from 'vitest';
import {HEAD_AT_MOST, readHead} from './request-head.ts';

const HANDSHAKE = [
  'GET /media-stream/0123 HTTP/1.1',
  'Host: edge.test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'X-Twilio-Signature:abc=',
  '',
  '',
].join('\r\n');
const read = (text: string, pieces = 1) => readHead(Buffer.from(text, 'latin1'), pieces);

test('the head of a handshake is read, whatever comes behind it', () => {
  const head = {
    method: 'GET',
    url: '/media-stream/0123',
    headers: {host: 'edge.test', connection: 'Upgrade', upgrade: 'websocket', 'x-twilio-signature': 'abc='},
  };
  expect(read(HANDSHAKE)).toEqual({kind: 'whole', head});
  expect(read(`${HANDSHAKE}\x81\xfe frames`)).toEqual({kind: 'whole', head});
});

test('a head that comes in pieces is waited for, up to its last byte', () => {
  for (let length = 1; length < HANDSHAKE.length; length += 1)
    expect(read(HANDSHAKE.slice(0, length), 2)).toEqual({kind: 'incomplete'});
});

test('a head that is too long, or comes byte by byte, is refused before its end', () => {
  expect(read(`GET / HTTP/1.1\r\nx: ${'x'.repeat(HEAD_AT_MOST)}`)).toEqual({kind: 'bad', status: 431});
  expect(read('GET / HTTP/1.1\r\nx: x', 33)).toEqual({kind: 'bad', status: 431});
});

test.each([
  ['TLS', '\x16\x03\x01\x02\x00\x01'],
  ['no request line', 'GET /\r\n\r\n'],
  ['another protocol', 'GET / HTTP/2.0\r\n\r\n'],
  ['a line without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nx\r\n\r\n'],
  ['half the end of a line', 'GET / HTTP/1.1\r\nx: 1\ny: 2\r\n\r\n'],
  ['a line that goes on', 'GET / HTTP/1.1\r\nx: 1\r\n  2\r\n\r\n'],
])('%s is no head', (_, text) => {
  expect(read(text)).toEqual({kind: 'bad', status: 400});
});

test('a header that comes twice counts once, and no header changes what other objects have', () => {
  const so = read('GET / HTTP/1.1\r\nhost: a\r\nHost: b\r\n__proto__: x\r\n\r\n');
  expect(so).toMatchObject({kind: 'whole', head: {headers: {host: 'a'}}});
  expect(Object.keys(so.kind === 'whole' ? so.head.headers : {})).toEqual(['host', '__proto__']);
});

test('whatever bytes come, they are a head, the beginning of one, or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 400}), fc.nat(HANDSHAKE.length), (noise, at) => {
      const bytes = Buffer.concat([Buffer.from(HANDSHAKE.slice(0, at)), noise, Buffer.from(HANDSHAKE.slice(at))]);
      expect(['whole', 'incomplete', 'bad']).toContain(readHead(bytes, 1).kind);
    }),
  );
});
