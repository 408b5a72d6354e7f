import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {afterEach, expect, test} from 'vitest';
import {startFaultProxy} from './fault-proxy.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Turns of the event loop until it is true; the loop, not the time, decides. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
}

/** A server, the proxy before it, a client through the proxy, and what each side has read. */
async function line() {
  const clock = new FakeClock();
  const server = createServer({allowHalfOpen: true}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const proxy = await startFaultProxy({target: {host: '127.0.0.1', port}, clock, random: () => 1});
  closers.push(
    () => server.close(),
    () => proxy[Symbol.asyncDispose](),
  );
  const call = async () => {
    const accepted = once(server, 'connection');
    const near = connect({port: proxy.port, host: '127.0.0.1', allowHalfOpen: true});
    const [far] = (await accepted) as [Socket];
    const read = {near: '', far: ''};
    near.on('error', () => {}).on('data', bytes => (read.near += bytes.toString()));
    far.on('error', () => {}).on('data', bytes => (read.far += bytes.toString()));
    closers.push(
      () => near.destroy(),
      () => far.destroy(),
    );
    return {near, far, read};
  };
  return {clock, proxy, server, call};
}

test('an operator with a good network sees nothing of the proxy', async () => {
  const {proxy, call} = await line();
  const {near, far, read} = await call();
  near.write('up');
  far.write('down');
  await until(() => read.far === 'up' && read.near === 'down');
  expect(proxy.connections).toBe(1);
  expect(proxy.url('redis')).toBe(`redis://127.0.0.1:${proxy.port}`);
  near.end();
  await once(far, 'end');
  far.end('last words');
  await once(near, 'end');
  expect(read.near).toBe('downlast words');
  await until(() => proxy.connections === 0);
});

test('latency delays one direction, in order, with its jitter', async () => {
  const {clock, proxy, call} = await line();
  const {near, far, read} = await call();
  proxy.toxics.add({kind: 'latency', latency: 100, jitter: 20}, 'up');
  near.write('a');
  far.write('b');
  await until(() => read.near === 'b' && clock.waiting === 1);
  clock.advance(119);
  expect(read.far).toBe('');
  clock.advance(1);
  await until(() => read.far === 'a');
});

test('bandwidth and slices spread what was sent over time', async () => {
  const {clock, proxy, call} = await line();
  const {near, read} = await call();
  proxy.toxics.add({kind: 'bandwidth', bytesPerSecond: 1_000});
  proxy.toxics.add({kind: 'slicer', size: 100, delay: 50});
  near.write('x'.repeat(200));
  await until(() => clock.waiting === 1);
  clock.advance(100);
  await until(() => read.far.length === 100);
  clock.advance(149);
  expect(read.far).toHaveLength(100);
  clock.advance(1);
  await until(() => read.far.length === 200);
});

test('a half-open line reports nothing to either side, and what was sent meanwhile arrives when it recovers', async () => {
  const {proxy, call} = await line();
  const {near, far, read} = await call();
  const heal = proxy.toxics.add({kind: 'half_open'}, 'up');
  near.end('goodbye');
  far.write('still there?');
  await until(() => read.near === 'still there?');
  expect(read.far).toBe('');
  expect(proxy.connections).toBe(1);
  heal();
  await once(far, 'end');
  expect(read.far).toBe('goodbye');
});

test('a black hole loses what is sent, and closes when its time is over', async () => {
  const {clock, proxy, call} = await line();
  const {near, far, read} = await call();
  proxy.toxics.add({kind: 'timeout', after: 1_000}, 'up');
  const gone = once(far, 'close');
  near.write('lost');
  clock.advance(999);
  expect(proxy.connections).toBe(1);
  far.end();
  clock.advance(1);
  await gone;
  expect(read.far).toBe('');
  expect(proxy.connections).toBe(0);
});

test('a reset reaches both sides as one', async () => {
  const {clock, proxy, call} = await line();
  const {near, far} = await call();
  const errors = Promise.all([once(near, 'error'), once(far, 'error')]);
  proxy.toxics.add({kind: 'reset_peer', after: 10});
  clock.advance(10);
  for (const [error] of await errors) expect(error).toMatchObject({code: 'ECONNRESET'});
});

test('a slow close tells the end of one side later to the other', async () => {
  const {clock, proxy, call} = await line();
  const {near, far} = await call();
  let ended = false;
  far.on('end', () => (ended = true));
  proxy.toxics.add({kind: 'slow_close', delay: 500}, 'up');
  near.end();
  await until(() => clock.waiting === 1);
  clock.advance(499);
  expect(ended).toBe(false);
  clock.advance(1);
  await until(() => ended);
});

test('a limit of data lets exactly so much through', async () => {
  const {proxy, call} = await line();
  const {near, far, read} = await call();
  proxy.toxics.add({kind: 'limit_data', bytes: 5}, 'up');
  const gone = once(far, 'close');
  near.write('12345678');
  far.on('end', () => far.end());
  await gone;
  expect(read.far).toBe('12345');
});

test('an operator cuts every connection, and new ones go through', async () => {
  const {proxy, call} = await line();
  const first = await call();
  const gone = once(first.near, 'close');
  first.near.on('end', () => first.near.end());
  proxy.cut();
  await gone;
  const second = await call();
  second.near.write('again');
  await until(() => second.read.far === 'again');
});

test('a network that is down refuses connections until it is up', async () => {
  const {proxy, call} = await line();
  await proxy.down();
  const [error] = (await once(connect(proxy.port, '127.0.0.1'), 'error')) as [Error];
  expect(error).toMatchObject({code: 'ECONNREFUSED'});
  await proxy.up();
  const {near, read} = await call();
  near.write('back');
  await until(() => read.far === 'back');
});

test('a target that is not there resets the client instead of keeping it', async () => {
  const {proxy, server} = await line();
  server.close();
  const client = connect(proxy.port, '127.0.0.1');
  const [error] = (await once(client, 'error')) as [Error];
  expect(error).toMatchObject({code: 'ECONNRESET'});
  await until(() => proxy.connections === 0);
});

test('much data goes through unharmed though one side reads slowly', async () => {
  const {proxy, call} = await line();
  const {near, far} = await call();
  far.removeAllListeners('data').pause();
  const sent = Buffer.alloc(8 << 20, 'abc');
  near.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of far) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  expect(proxy.connections).toBe(1);
});
