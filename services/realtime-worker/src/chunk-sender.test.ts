import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import {BUCKET_KEY, FakeBucket} from '@voicebridge/shared/testing/fake-bucket.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {ChunkSender} from './chunk-sender.ts';

const settled = () => new Promise<void>(resolve => setImmediate(resolve));

async function sending(put: (key: string, body: Buffer) => Promise<void>) {
  const clock = new FakeClock();
  const metrics = createMetrics('realtime-worker');
  const said: string[] = [];
  const log = createLog('realtime-worker', {to: {write: line => void said.push(line)}});
  const sender = new ChunkSender({store: {put}, clock, metrics, log});
  const count = async (outcome: string) => {
    const {values} = await metrics.recordingChunksTotal.get();
    return values.find(({labels}) => labels.outcome === outcome)?.value ?? 0;
  };
  return {sender, clock, said, count};
}

test('a store that refuses for some seconds gets every piece all the same', async () => {
  let refusals = 3;
  const stored: string[] = [];
  const {sender, clock, count, said} = await sending(key => {
    if (refusals-- > 0) return Promise.reject(new Error('slow down'));
    stored.push(key);
    return Promise.resolve();
  });
  sender.send('CA1/1', Buffer.alloc(16));
  for (let second = 0; second < 15; second += 1) {
    clock.advance(1_000);
    await settled();
  }
  await sender.idle;
  expect([stored, await count('stored'), await count('lost'), said]).toEqual([['CA1/1'], 1, 0, []]);
});

test('a store that is gone costs pieces, and one line a minute, and nothing else', async () => {
  const {sender, clock, count, said} = await sending(() => Promise.reject(new Error('gone')));
  for (let chunk = 0; chunk < 10; chunk += 1) sender.send(`CA1/${chunk}`, Buffer.alloc(16));
  for (let second = 0; second < 110; second += 1) {
    clock.advance(1_000);
    await settled();
  }
  await sender.idle;
  expect([await count('lost'), said.length]).toEqual([10, 2]);
  expect(said[0]).toContain('RECORDINGS_URL');
});

test('what waits for a store that never answers is bounded', async () => {
  const {sender, count} = await sending(() => new Promise(() => {}));
  for (let chunk = 0; chunk < 500; chunk += 1) sender.send(`CA1/${chunk}`, Buffer.alloc(160_000));
  expect(await count('lost')).toBe(500 - Math.floor((64 * 1024 * 1024) / 160_000));
});

test.each(['away', 'full', 'cuts'] as const)(
  'a bucket that is %s in the middle of a call loses the pieces of that time alone, and none is half there',
  async fault => {
    await using bucket = await FakeBucket.open();
    const store = openRecordingStore({
      RECORDINGS_URL: bucket.url,
      AWS_ACCESS_KEY_ID: BUCKET_KEY.id,
      AWS_SECRET_ACCESS_KEY: BUCKET_KEY.secret,
    })!;
    const {sender, clock, count} = await sending((key, body) => store.put(key, body));
    const send = async (key: string) => {
      // The call goes on at once.
      sender.send(key, Buffer.alloc(160_000, 1));
      const state = {isOver: false};
      const over = sender.idle.then(() => (state.isOver = true));
      while (!state.isOver) {
        clock.advance(500);
        await settled();
      }
      await over;
    };
    await send('CA1/1');
    bucket.fault = fault;
    await send('CA1/2');
    bucket.fault = undefined;
    await send('CA1/3');
    expect([...bucket.objects].map(([key, {length}]) => [key, length])).toEqual([
      ['by-day/CA1/1', 160_000],
      ['by-day/CA1/3', 160_000],
    ]);
    expect([await count('stored'), await count('lost')]).toEqual([2, 1]);
  },
);
