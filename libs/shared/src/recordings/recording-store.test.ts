import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, describe, expect, test} from 'vitest';
import {CannotStart} from '../errors.ts';
import {loadConfig} from '../config/config.ts';
import {BUCKET_KEY, FakeBucket} from '../testing/fake-bucket.ts';
import {hasBucketKey, NO_BUCKET_KEY, openRecordingStore, RECORDINGS_ENV} from './recordings-url.ts';
import {z} from 'zod';

const folder = await mkdtemp(join(tmpdir(), 'voicebridge-recordings-'));
const bucket = await FakeBucket.open();
afterAll(async () => {
  await rm(folder, {recursive: true, force: true});
  await bucket[Symbol.asyncDispose]();
});

const keys = {AWS_ACCESS_KEY_ID: BUCKET_KEY.id, AWS_SECRET_ACCESS_KEY: BUCKET_KEY.secret};
const open = (url: string, more = {}) => openRecordingStore({RECORDINGS_URL: url, ...keys, ...more})!;

describe.each([
  ['a folder', () => open(pathToFileURL(join(folder, 'calls')).href)],
  ['a bucket', () => open(bucket.url)],
])('recordings in %s', (_name, opened) => {
  const store = opened();

  test('what was stored is read, in whole and in part', async () => {
    await store.put('CA1/1.ulaw', Buffer.from('0123456789'));
    expect(String(await store.read('CA1/1.ulaw', 0, 100))).toBe('0123456789');
    expect(String(await store.read('CA1/1.ulaw', 2, 5))).toBe('234');
    expect(String(await store.read('CA1/1.ulaw', 10, 20))).toBe('');
    expect(await store.read('CA1/2.ulaw', 0, 10)).toBeUndefined();
  });

  test('an object that is stored again is replaced', async () => {
    await store.put('CA2/1.ulaw', Buffer.from('old and long'));
    await store.put('CA2/1.ulaw', Buffer.from('new'));
    expect(String(await store.read('CA2/1.ulaw', 0, 100))).toBe('new');
  });

  test('the objects of one call are listed by key, with their lengths, and no others', async () => {
    for (const key of ['CA3/2.ulaw', 'CA3/1.ulaw', 'CA3.wav', 'CA33/1.ulaw']) await store.put(key, Buffer.from(key));
    expect(await store.list('CA3/')).toEqual([
      {key: 'CA3/1.ulaw', bytes: 10},
      {key: 'CA3/2.ulaw', bytes: 10},
    ]);
    expect(await store.list('CA3.')).toEqual([{key: 'CA3.wav', bytes: 7}]);
    expect(await store.list('CA4/')).toEqual([]);
  });

  test('a recording is found also while those of other calls are stored and removed', async () => {
    await store.put('CA6.wav', Buffer.from('x'));
    const comeAndGo = async (key: string) => {
      for (let times = 0; times < 20; times += 1) {
        await store.put(key, Buffer.from('y'));
        await store.remove([key]);
      }
    };
    const others = Array.from({length: 20}, (_, n) => comeAndGo(`CA7${n}/1.ulaw`));
    const found = [];
    for (let looks = 0; looks < 100; looks += 1) found.push((await store.list('CA6.wav')).length);
    await Promise.all(others);
    expect(new Set(found)).toEqual(new Set([1]));
  });

  test('what is removed is gone, and removing it again is no error', async () => {
    await store.put('CA5/1.ulaw', Buffer.from('x'));
    await store.remove(['CA5/1.ulaw']);
    await store.remove(['CA5/1.ulaw', 'CA5/2.ulaw']);
    expect(await store.read('CA5/1.ulaw', 0, 1)).toBeUndefined();
  });
});

test('a folder keeps no empty folders of calls, and no half files', async () => {
  const store = open(pathToFileURL(join(folder, 'tidy')).href);
  await store.put('CA1/1.ulaw', Buffer.from('x'));
  await store.put('CA1.wav', Buffer.from('x'));
  await store.remove(['CA1/1.ulaw']);
  expect(await readdir(join(folder, 'tidy'))).toEqual(['CA1.wav']);
});

test('a bucket that refuses, is away, is full or cuts the connection is told about in one sentence without a key or a signature, and has no half object', async () => {
  const wrong = open(bucket.url, {AWS_SECRET_ACCESS_KEY: 'another'});
  const failure = await wrong.put('CA1/1.ulaw', Buffer.from('x')).catch((thrown: unknown) => thrown);
  expect(bucket.refused).toHaveLength(1);
  const failures = [failure];
  for (const fault of ['away', 'full', 'cuts'] as const) {
    bucket.fault = fault;
    failures.push(
      await open(bucket.url)
        .put('CA1/half.ulaw', Buffer.alloc(500_000))
        .catch((thrown: unknown) => thrown),
    );
  }
  bucket.fault = undefined;
  expect(bucket.objects.has('by-day/CA1/half.ulaw')).toBe(false);
  for (const thrown of failures) {
    expect(String(thrown)).toMatch(/^Error: the store of the recordings: /);
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toMatch(/another|Signature=|secret/);
  }
});

/** A store that answers every request so. */
async function brokenStore(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    store: open(`s3://calls?endpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a bucket that refuses is told about by its status and code, and never by its words', async () => {
  const words = 'key AKIASECRET of Maria';
  let code = 'AccessDenied';
  using broken = await brokenStore((_request, response) => {
    response.writeHead(403, {'content-type': 'application/xml'});
    response.end(`<Error><Code>${code}</Code><Message>${words}</Message></Error>`);
  });
  const {store} = broken;
  const failures = async () =>
    await Promise.all(
      [
        store.put('CA1/1.ulaw', Buffer.from('x')),
        store.read('CA1/1.ulaw', 0, 9),
        store.list('CA1/'),
        store.remove(['x']),
      ].map(async asked => await asked.then(String, String)),
    );
  for (const failure of await failures())
    expect(failure).toBe('Error: the store of the recordings: it answers 403 (AccessDenied)');
  code = words;
  for (const failure of await failures()) expect(failure).toBe('Error: the store of the recordings: it answers 403');
});

test('of a bucket that answers without end no more is kept than was asked for', async () => {
  let poured = 0;
  using broken = await brokenStore((_request, response) => {
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) poured += 65_536;
      response.once('drain', pour);
    };
    pour();
  });
  await expect(broken.store.read('CA1/1.ulaw', 0, 1_000)).rejects.toThrow('more than it was asked for');
  poured = 0;
  await expect(broken.store.list('CA1/')).rejects.toThrow('more than it was asked for');
  expect(poured).toBeLessThan(100_000_000);
});

test('a bucket that says something to what is stored or removed is asked on one connection, and one that never stops is given up', async () => {
  let [connections, poured] = [0, 0];
  using broken = await brokenStore((request, response) => {
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) poured += 65_536;
      response.once('drain', pour);
    };
    const isEndless = request.url?.includes('endless') ?? false;
    request.resume().on('end', () => {
      if (isEndless) pour();
      else response.end('<Stored/>'.repeat(1_000));
    });
  });
  broken.server.on('connection', () => (connections += 1));
  for (let n = 0; n < 5; n += 1) await broken.store.put(`CA1/${n}.ulaw`, Buffer.from('x'));
  await broken.store.remove(['CA1/1.ulaw', 'CA1/2.ulaw']);
  expect(connections).toBe(1);
  await expect(broken.store.put('CA1/endless', Buffer.from('x'))).rejects.toThrow('more than it was asked for');
  expect(poured).toBeLessThan(20_000_000);
});

test('a list that has always one more page is given up', async () => {
  let pages = 0;
  using broken = await brokenStore((_request, response) => {
    pages += 1;
    response.setHeader('content-type', 'application/xml');
    response.end(
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>',
    );
  });
  await expect(broken.store.list('CA1/')).rejects.toThrow('more than it was asked for');
  expect(pages).toBe(200);
});

const Env = z.object(RECORDINGS_ENV).refine(hasBucketKey, NO_BUCKET_KEY);
test.each([
  ['/var/recordings', 'must start with file:/// or s3://'],
  ['file://var/recordings', 'three slashes'],
  ['s3:///calls', 'must name a bucket'],
  ['s3://key:secret@calls', 'AWS_ACCESS_KEY_ID'],
  ['s3://calls?endpoint=minio:9000', 'has an endpoint'],
  ['s3://calls?colour=red', 'no other settings'],
])('RECORDINGS_URL=%s is refused, and the operator is told what it must be', (url, cure) => {
  expect(() => loadConfig(Env, {RECORDINGS_URL: url, ...keys})).toThrow(cure);
});

test('a bucket without its key is refused at the start, and not at the first call', () => {
  expect(() => loadConfig(Env, {RECORDINGS_URL: 's3://calls'})).toThrow(CannotStart);
  expect(openRecordingStore(loadConfig(Env, {}))).toBeUndefined();
});
