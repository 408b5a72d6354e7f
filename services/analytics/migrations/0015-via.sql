-- What the caller spoke into: telephone, or browser (the phone in the browser). All calls before were of telephones.
ALTER TABLE calls ADD COLUMN via text NOT NULL DEFAULT 'telephone';

-- Columns are added to the view at its end, so that nobody's query changes its meaning.
CREATE OR REPLACE VIEW v_calls AS
SELECT call_sid, started_at, ended_at, duration_ms, direction, caller_hash, caller_last_two, callee_hash,
  callee_last_two, assistant, model, voice, worker, edge, epoch, end_reason, ended_by, time_to_first_audio_ms,
  admission_ms, model_ready_ms, turns, barge_ins, false_interruptions, tool_calls, failovers, talk_over_ms,
  unheard_ms, tokens_input_text, tokens_input_audio, tokens_input_cached, tokens_output_text, tokens_output_audio,
  cost_usd, price_table, frames_lost_up, frames_lost_down, frames_padded_ms,
  cardinality(parts_seen) >= parts AS whole,
  tokens_input_cached_text, tokens_input_cached_audio, assistant_version, ring_outcome, ring_ms, via
FROM calls;
