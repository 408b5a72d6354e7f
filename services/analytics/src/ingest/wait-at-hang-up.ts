import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely} from 'kysely';
import type {Schema} from '../database/schema.ts';

/** Who says goodbye and hangs up does not wait: a shorter time is none. */
const AT_LEAST: Millis = 2_000;

/**
 * Notes how long a caller who hung up had waited: since they had last spoken, or since the call began, without any audio of
 * the assistant after that. A call whose parts have not all arrived has none. `callSid` left out: of all calls.
 */
export async function noteWaitAtHangUp(db: Kysely<Schema>, callSid?: string): Promise<void> {
  const ofOne = callSid === undefined ? sql`` : sql`AND call_sid = ${callSid}`;
  await sql`
    UPDATE calls SET hung_up_waiting_ms = found.ms
    FROM (
      SELECT one.call_sid, CASE
        WHEN (answered_ms IS NULL OR answered_ms < since_ms) AND duration_ms - since_ms >= ${sql.lit(AT_LEAST)}
        THEN round((duration_ms - since_ms)::numeric, 1)::double precision END AS ms
      FROM calls AS one, LATERAL (
        SELECT coalesce(max(caller_ended_at_ms), 0) AS since_ms, max(audio_started_at_ms) AS answered_ms
        FROM turns WHERE turns.call_sid = one.call_sid
      ) AS waiting
      WHERE end_reason = 'caller.hung-up' AND cardinality(parts_seen) >= parts ${ofOne}
    ) AS found
    WHERE calls.call_sid = found.call_sid AND calls.hung_up_waiting_ms IS DISTINCT FROM found.ms`.execute(db);
}
