import {BUCKET_KEY, FakeBucket} from '@voicebridge/shared/testing/fake-bucket.ts';
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {signedIn} from '../../services/analytics/src/auth/viewer.ts';
import {openEmbedded} from '../../services/analytics/src/database/database.ts';
import {eraseCalls} from '../../services/analytics/src/ingest/erase-calls.ts';
import {storeCall} from '../../services/analytics/src/ingest/store-call.ts';
import {finishNext} from '../../services/analytics/src/recordings/finish-recordings.ts';
import {storedHeader} from '../../services/analytics/src/recordings/wav.ts';
import {dataFolder} from '../../services/analytics/src/testing/running-analytics.ts';
import {StoredRecording} from '../../services/realtime-worker/src/recording/stored-recording.ts';
import {Scene} from '../../tools/replay/scene.ts';

/** A frame of 20 ms, and the moment of the frame before it. */
const NEAR_MS: Millis = 40;

test('a recorded call that loses its worker is partial, with every sound of the other worker in its place, and is gone when it is erased', async () => {
  await using folder = await dataFolder();
  await using database = await openEmbedded(folder.path);
  await database.prepare();
  const {kysely: db} = database;
  await using bucket = await FakeBucket.open();
  const keys = {AWS_ACCESS_KEY_ID: BUCKET_KEY.id, AWS_SECRET_ACCESS_KEY: BUCKET_KEY.secret};
  const store = openRecordingStore({RECORDINGS_URL: bucket.url, ...keys})!;

  let [killedAt, owners]: [Millis, number] = [0, 0];
  const sent: Promise<void>[] = [];
  const spoken: Millis[] = [];
  const heard: Millis[] = [];
  const scene: Scene = new Scene(
    {
      name: 'recorded',
      assistant: {recording: true},
      script: ({kind}) => [{say: {text: 'We are open.', audioMs: kind === 'greeting' ? 1_600 : 6_000}}],
      openRecording(call) {
        const owner = (owners += 1);
        // What a worker that is killed had not sent yet is lost.
        return new StoredRecording(call, (key, body) => {
          if (owner > 1 || killedAt === 0) sent.push(store.put(key, body));
        });
      },
      async caller(played) {
        const speaks = async (isNoted: boolean) => {
          if (isNoted) spoken.push(played.bridge.clock.now());
          await played.says(1_000);
          await played.hears();
          if (isNoted) heard.push(played.bridge.clock.now());
        };
        await played.isTold();
        await speaks(true);
        await played.isTold();
        // The last words before the kill are in a piece that was not sent.
        await speaks(false);
        await played.waits(2_000);
        killedAt = played.bridge.clock.now();
        played.bridge.killWorker();
        await played.isTold();
        await speaks(true);
        await played.isTold();
        await speaks(true);
        await played.isTold();
        played.hangsUp();
      },
    },
    7,
  );
  await scene.play();
  await Promise.all(sent);
  const [record] = scene.bridge.records;
  expect(owners).toBe(2);
  expect(record).toBeDefined();
  const {callSid} = record!.summary;

  const work = async () => {
    const ago = (ms: Millis) => new Date(Date.now() - ms);
    await db
      .updateTable('recordings')
      .set({lookAt: ago(1_000), recordedAt: ago(120_000)})
      .execute();
    await finishNext(db, store);
  };
  await storeCall(db, record!);
  await work();
  const {state, missingMs, fromMs} = await db.selectFrom('recordings').selectAll().executeTakeFirstOrThrow();
  expect(state).toBe('partial');
  expect(missingMs).toBeGreaterThan(500);
  expect(missingMs).toBeLessThan(11_500);

  const wav = bucket.objects.get(`by-day/${callSid}.wav`) ?? Buffer.alloc(0);
  const stereo = wav.subarray(storedHeader(0).length);
  const isSound = (byte: number | undefined) => byte !== undefined && byte !== 0xff && byte !== 0x7f;
  /** The first sound near a moment of the call. */
  const found = (side: 0 | 1, near: Millis) => {
    for (let ms = Math.max(fromMs, near - 400); ms < near + 400; ms += 1)
      if (isSound(stereo[Math.round(ms - fromMs) * 16 + side])) return ms;
    return Infinity;
  };
  for (const [side, moments] of [[0, spoken] as const, [1, heard] as const])
    for (const moment of moments) expect(Math.abs(found(side, moment) - moment)).toBeLessThanOrEqual(NEAR_MS);

  await eraseCalls(db, {callSid}, signedIn('s', 't'));
  await work();
  expect([...bucket.objects.keys()]).toEqual([]);
  expect(bucket.refused).toEqual([]);
});
