-- How long a caller who hung up had waited for an answer. NULL: they did not wait, did not hang up, or their turns were
-- deleted before this was kept.
ALTER TABLE calls ADD COLUMN hung_up_waiting_ms double precision;

UPDATE calls SET hung_up_waiting_ms = round((duration_ms - waiting.since_ms)::numeric, 1)::double precision
FROM (
  SELECT call_sid, coalesce(max(caller_ended_at_ms), 0) AS since_ms, max(audio_started_at_ms) AS answered_ms
  FROM turns GROUP BY call_sid
) AS waiting
WHERE waiting.call_sid = calls.call_sid AND end_reason = 'caller.hung-up'
  AND (answered_ms IS NULL OR answered_ms < since_ms) AND duration_ms - since_ms >= 2000;

-- Columns are added to the view at its end, so that nobody's query changes its meaning.
CREATE OR REPLACE VIEW v_calls AS
SELECT call_sid, started_at, ended_at, duration_ms, direction, caller_hash, caller_last_two, callee_hash,
  callee_last_two, assistant, model, voice, worker, edge, epoch, end_reason, ended_by, time_to_first_audio_ms,
  admission_ms, model_ready_ms, turns, barge_ins, false_interruptions, tool_calls, failovers, talk_over_ms,
  unheard_ms, tokens_input_text, tokens_input_audio, tokens_input_cached, tokens_output_text, tokens_output_audio,
  cost_usd, price_table, frames_lost_up, frames_lost_down, frames_padded_ms,
  cardinality(parts_seen) >= parts AS whole,
  tokens_input_cached_text, tokens_input_cached_audio, assistant_version, ring_outcome, ring_ms, via, hung_up_waiting_ms
FROM calls;
