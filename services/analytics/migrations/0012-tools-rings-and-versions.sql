-- How much of a caller's wait went to tools. NULL: recorded before, or the turn answers nobody.
ALTER TABLE turns ADD COLUMN tool_ms double precision;
DROP INDEX turns_by_time;
CREATE INDEX turns_by_time ON turns (started_at)
  INCLUDE (platform_turn_gap_ms, end_of_turn_delay_ms, model_ttfb_ms, hop_up_ms, hop_down_ms, tool_ms);

-- What came of the questions at ring time, and how long they took. NULL: nothing was asked, or recorded before.
ALTER TABLE calls ADD COLUMN ring_outcome text, ADD COLUMN ring_ms double precision;

-- The version of a call's assistant also stands where a filter or a split by it is asked for.
ALTER TABLE turns ADD COLUMN assistant_version text;
ALTER TABLE interruptions ADD COLUMN assistant_version text;
ALTER TABLE tool_calls ADD COLUMN assistant_version text;
ALTER TABLE failovers ADD COLUMN assistant_version text;
UPDATE turns SET assistant_version = calls.assistant_version
  FROM calls WHERE calls.call_sid = turns.call_sid AND calls.assistant_version IS NOT NULL;
UPDATE interruptions SET assistant_version = calls.assistant_version
  FROM calls WHERE calls.call_sid = interruptions.call_sid AND calls.assistant_version IS NOT NULL;
UPDATE tool_calls SET assistant_version = calls.assistant_version
  FROM calls WHERE calls.call_sid = tool_calls.call_sid AND calls.assistant_version IS NOT NULL;
UPDATE failovers SET assistant_version = calls.assistant_version
  FROM calls WHERE calls.call_sid = failovers.call_sid AND calls.assistant_version IS NOT NULL;

-- Columns are added to the views at their end, so that nobody's query changes its meaning.
CREATE OR REPLACE VIEW v_calls AS
SELECT call_sid, started_at, ended_at, duration_ms, direction, caller_hash, caller_last_two, callee_hash,
  callee_last_two, assistant, model, voice, worker, edge, epoch, end_reason, ended_by, time_to_first_audio_ms,
  admission_ms, model_ready_ms, turns, barge_ins, false_interruptions, tool_calls, failovers, talk_over_ms,
  unheard_ms, tokens_input_text, tokens_input_audio, tokens_input_cached, tokens_output_text, tokens_output_audio,
  cost_usd, price_table, frames_lost_up, frames_lost_down, frames_padded_ms,
  cardinality(parts_seen) >= parts AS whole,
  tokens_input_cached_text, tokens_input_cached_audio, assistant_version, ring_outcome, ring_ms
FROM calls;

CREATE OR REPLACE VIEW v_turns AS
SELECT call_sid, turn, started_at AS call_started_at,
  started_at + coalesce(audio_started_at_ms, caller_ended_at_ms, 0) * interval '1 millisecond' AS at,
  cause, assistant, model, worker, caller_started_at_ms, caller_ended_at_ms, decided_at_ms, first_delta_at_ms,
  audio_started_at_ms, audio_ended_at_ms, platform_turn_gap_ms, end_of_turn_delay_ms, model_ttfb_ms, hop_up_ms,
  hop_down_ms, generated_ms, heard_ms, interrupted, response_status, tool_ms, assistant_version
FROM turns;
