import type {Log} from '@voicebridge/shared/observability/log.ts';
import {objectsOf, peaksKey, recordingKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {DatabaseWatch} from '../database/database-watch.ts';
import type {Schema} from '../database/schema.ts';
import {chunksAmong, emptyRecording, layInto, missingMs} from './join-chunks.ts';
import {peaksOf} from './peaks.ts';
import {claimRecording, type KnownRecording, lookAgain, recordingGone, recordingJoined} from './recording-rows.ts';
import {storedHeader} from './wav.ts';
import {workOnStore} from './work-on-store.ts';

const LOOKS_EVERY: Millis = 2_000;
/** A worker tries for half a minute to store a piece; a recording with a gap waits a little longer for it. */
const PIECES_COME_WITHIN: Millis = 40_000;
const LOOKS_AGAIN_AFTER: Millis = 5_000;
/** A store that cannot be used is tried again after so long. */
const STORE_RESTS: Millis = 30_000;
/** What is missing at the edges of a recording is no gap. */
const NO_GAP: Millis = 250;

/** Joins the pieces of one recording, or removes it. Resolves with false if there was nothing to do. */
export async function finishNext(db: Kysely<Schema>, store: RecordingStore): Promise<boolean> {
  const recording = await claimRecording(db);
  if (!recording) return false;
  const {callSid} = recording;
  try {
    if (recording.state === 'waiting') await join(db, store, recording);
    if (recording.state === 'removing') await remove(db, store, recording);
  } catch (thrown) {
    await lookAgain(db, callSid, STORE_RESTS);
    throw thrown;
  }
  return true;
}

async function join(db: Kysely<Schema>, store: RecordingStore, recording: KnownRecording): Promise<void> {
  const {callSid, fromMs, untilMs, ageMs} = recording;
  const [folder] = objectsOf(callSid);
  const chunks = chunksAmong(await store.list(folder));
  const missing = missingMs(chunks, fromMs, untilMs);
  if (missing > NO_GAP && ageMs < PIECES_COME_WITHIN) return await lookAgain(db, callSid, LOOKS_AGAIN_AFTER);
  if (chunks.length === 0) {
    await recordingJoined(db, {callSid, state: 'lost', missingMs: untilMs - fromMs});
    return;
  }
  const audio = emptyRecording(fromMs, untilMs);
  for (const chunk of chunks) {
    const body = await store.read(chunk.key, 0, Number.MAX_SAFE_INTEGER);
    // Whoever took over from us, because we did not run for so long, has joined them, or removes them: its work stands.
    if (!body) return await lookAgain(db, callSid, LOOKS_AGAIN_AFTER);
    layInto(audio, fromMs, chunk, body);
  }
  await store.put(peaksKey(callSid), peaksOf(audio));
  await store.put(recordingKey(callSid), Buffer.concat([storedHeader(audio.length), audio]));
  const state = missing > NO_GAP ? 'partial' : 'kept';
  const isKept = await recordingJoined(db, {callSid, state, missingMs: missing > NO_GAP ? missing : 0});
  await store.remove(chunks.map(({key}) => key));
  // It was erased while it was being joined.
  if (!isKept) await store.remove([recordingKey(callSid), peaksKey(callSid)]);
}

async function remove(db: Kysely<Schema>, store: RecordingStore, {callSid, ageMs}: KnownRecording): Promise<void> {
  for (const prefix of objectsOf(callSid)) await store.remove((await store.list(prefix)).map(({key}) => key));
  // A worker may still be storing a piece of a call that was erased before its record came.
  if (ageMs < PIECES_COME_WITHIN) return await lookAgain(db, callSid, PIECES_COME_WITHIN);
  await recordingGone(db, callSid);
}

/** Joins and removes recordings as they become due. The disposal waits for the one in hand. */
export function finishRecordings(
  database: DatabaseWatch,
  store: RecordingStore,
  {clock, log}: {readonly clock: Clock; readonly log: Log},
): AsyncDisposable {
  return workOnStore({
    database,
    looksEvery: LOOKS_EVERY,
    async work(over) {
      while (!over.aborted && (await finishNext(database.now, store)));
    },
    failed: 'recordings cannot be joined or removed: RECORDINGS_URL; they wait',
    worksAgain: 'recordings can be kept again',
    clock,
    log,
  });
}
