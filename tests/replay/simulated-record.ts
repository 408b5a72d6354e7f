import {crc32} from 'node:zlib';
import {callRows} from '../../services/analytics/src/ingest/call-rows.ts';
import type {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import {buildCdr} from '../../services/realtime-worker/src/cdr/build-cdr.ts';
import type {CallSession} from '../../services/realtime-worker/src/call-session/call-session.ts';
import {Scene, type SceneOptions} from '../../tools/replay/scene.ts';

/** A simulated call: its capture, and of its record what analytics answers to somebody who may read what was said. */
export async function simulatedRecord(
  options: SceneOptions,
): Promise<{readonly capture: string; readonly detail: CallDetail}> {
  const sessions: (CallSession | undefined)[] = [];
  const scene = new Scene(
    {
      ...options,
      async caller(played) {
        sessions.push(played.bridge.session);
        await options.caller(played);
        sessions.push(played.bridge.session);
      },
    },
    crc32(options.name) % 100_000,
  );
  const capture = await scene.play();
  const outcome = await sessions.findLast(session => session !== undefined)?.outcome;
  const [record] = (outcome?.how === 'ended' ? buildCdr(outcome.entries, 'full') : undefined) ?? [];
  if (!record) throw new Error(`${options.name} has no record`);
  const {call, transcripts, ...parts} = callRows(record);
  const {startedAt, endedAt} = record.summary;
  // The rows have what the database answers, and more; a test needs no database for it.
  const answered = {...call, startedAt: new Date(startedAt).toISOString(), durationMs: endedAt - startedAt};
  return {capture, detail: {...parts, call: answered, transcript: transcripts} as unknown as CallDetail};
}
