-- A row of calls is wide: figures of many calls are read from an index, as those of turns are.
CREATE INDEX calls_figures ON calls (started_at)
  INCLUDE (ended_at, end_reason, ended_by, duration_ms, time_to_first_audio_ms, barge_ins, cost_usd, hung_up_waiting_ms);
