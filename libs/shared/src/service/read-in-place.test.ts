import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {connect, createServer, type Socket} from 'node:net';
import {join} from 'node:path';
import {Duplex} from 'node:stream';
import {setImmediate} from 'node:timers/promises';
import {connect as connectTls, createServer as createTlsServer} from 'node:tls';
import {expect, onTestFinished, test} from 'vitest';
import {hasOpenssl, makeCertificates} from '../../../../tools/local-stack/redis/certificates.ts';
import {portOf} from './http.ts';
import {readInPlace} from './read-in-place.ts';

/** The two ends of a connection: the socket that was accepted, and its peer. */
async function pairOfSockets(): Promise<{accepted: Socket; peer: Socket}> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect(portOf(server), '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    peer.destroy();
    accepted.destroy();
    server.close();
  });
  return {accepted, peer};
}

/** What is read of a socket, whether through its stream or in place. */
function readingOf(socket: Socket) {
  const pieces: Buffer[] = [];
  const fromStream: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => {
    fromStream.push(bytes);
    pieces.push(Buffer.from(bytes));
  });
  const isInPlace = readInPlace(socket, bytes => void pieces.push(Buffer.from(bytes)));
  return {isInPlace, fromStream, all: () => Buffer.concat(pieces)};
}

/** So many bytes, each place of which can be told from the others. */
function numbered(length: number): Buffer {
  return Buffer.from(Array.from({length}, (_, place) => (place * 7 + (place >> 8)) & 0xff));
}

test('a socket that this Node has accepted is read in place, to its end', async () => {
  const {accepted, peer} = await pairOfSockets();
  const {isInPlace, fromStream, all} = readingOf(accepted);
  expect(isInPlace).toBe(true);
  const sent = numbered(300_000);
  peer.write(sent.subarray(0, 300));
  peer.end(sent.subarray(300));
  await once(accepted, 'end');
  expect(all().equals(sent)).toBe(true);
  expect(fromStream).toEqual([]);
});

test('what came with the handshake comes before what is read in place', async () => {
  const {accepted, peer} = await pairOfSockets();
  accepted.unshift(Buffer.from('first '));
  const {all} = readingOf(accepted);
  peer.end('second');
  await once(accepted, 'end');
  expect(all().toString()).toBe('first second');
});

test('a socket that is paused is not read, and loses nothing', async () => {
  const {accepted, peer} = await pairOfSockets();
  const {all} = readingOf(accepted);
  peer.write('one ');
  await expect.poll(() => all().toString()).toBe('one ');
  accepted.pause();
  const sent = numbered(5_000_000);
  peer.end(sent);
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  expect(all().toString()).toBe('one ');
  accepted.resume();
  await once(accepted, 'end');
  expect(all().subarray(4).equals(sent)).toBe(true);
});

test('two sockets that are read into the same buffer do not disturb each other', async () => {
  const pairs = [await pairOfSockets(), await pairOfSockets()];
  const readings = pairs.map(({accepted}) => readingOf(accepted));
  for (const [number, {peer}] of pairs.entries()) {
    for (let round = 0; round < 50; round += 1) peer.write(`${number}`.repeat(1_000));
    peer.end();
  }
  await Promise.all(pairs.map(({accepted}) => once(accepted, 'end')));
  expect(readings.map(({all}) => all().toString())).toEqual(['0'.repeat(50_000), '1'.repeat(50_000)]);
});

test('a peer that breaks the connection is noticed', async () => {
  const {accepted, peer} = await pairOfSockets();
  readingOf(accepted);
  const broken = once(accepted, 'error');
  peer.resetAndDestroy();
  expect(await broken).toMatchObject([{code: 'ECONNRESET'}]);
});

test('a stream that is no socket is read as before', async () => {
  const heard: string[] = [];
  const stream = new Duplex({read() {}, write: (_bytes, _encoding, done) => done()});
  stream.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
  expect(readInPlace(stream, () => heard.push('in place'))).toBe(false);
  stream.push('bytes');
  await once(stream, 'data');
  expect(heard).toEqual(['bytes']);
});

test.runIf(await hasOpenssl())('a socket with TLS is read in place, too', async () => {
  await using certificates = await makeCertificates();
  const [key, cert] = await Promise.all(
    ['server.key', 'server.crt'].map(name => readFile(join(certificates.folder, name))),
  );
  const sent = numbered(300_000);
  const server = createTlsServer({key, cert}, peer => peer.end(sent)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connectTls({port: portOf(server), host: '127.0.0.1', ...certificates.forClients});
  onTestFinished(() => void server.close());
  await once(socket, 'secureConnect');
  const {isInPlace, fromStream, all} = readingOf(socket);
  expect(isInPlace).toBe(true);
  await once(socket, 'end');
  expect(all().equals(sent)).toBe(true);
  expect(fromStream).toEqual([]);
});
