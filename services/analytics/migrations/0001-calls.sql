-- The records of finished calls. Runs the same on PostgreSQL 14 and later and on PGlite.
-- Every *_ms is a duration in milliseconds; every *_at_ms is milliseconds since the call's started_at.
-- NULL means "did not happen or could not be seen", never zero. Each figure is defined in docs/METRICS.md.

CREATE TABLE calls (
  call_sid text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  duration_ms double precision,
  direction text NOT NULL,
  caller_hash text,
  caller_last_two text,
  caller_number text,
  callee_hash text,
  callee_last_two text,
  callee_number text,
  assistant text NOT NULL,
  model text NOT NULL,
  voice text NOT NULL,
  worker text NOT NULL,
  edge text,
  epoch integer NOT NULL,
  end_reason text NOT NULL,
  ended_by text NOT NULL,
  time_to_first_audio_ms double precision,
  admission_ms double precision,
  model_ready_ms double precision,
  turns integer NOT NULL,
  barge_ins integer NOT NULL,
  false_interruptions integer NOT NULL,
  tool_calls integer NOT NULL,
  failovers integer NOT NULL DEFAULT 0,
  talk_over_ms double precision,
  unheard_ms double precision,
  tokens_input_text bigint NOT NULL,
  tokens_input_audio bigint NOT NULL,
  tokens_input_cached bigint NOT NULL,
  tokens_output_text bigint NOT NULL,
  tokens_output_audio bigint NOT NULL,
  cost_usd double precision,
  price_table text NOT NULL,
  frames_up bigint NOT NULL,
  frames_down bigint NOT NULL,
  frames_lost_up bigint NOT NULL,
  frames_lost_down bigint NOT NULL,
  frames_duplicate bigint NOT NULL,
  frames_padded_ms double precision NOT NULL,
  frames_malformed bigint NOT NULL,
  traceparent text,
  -- A call may come in several parts, in any order; it is whole when parts_seen holds as many as parts says.
  parts integer NOT NULL,
  parts_seen integer[] NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX calls_by_time ON calls (started_at DESC, call_sid DESC);
CREATE INDEX calls_by_end ON calls (ended_at);
CREATE INDEX calls_by_recording ON calls (recorded_at);
CREATE INDEX calls_by_caller ON calls (caller_hash) WHERE caller_hash IS NOT NULL;
CREATE INDEX calls_by_callee ON calls (callee_hash) WHERE callee_hash IS NOT NULL;

-- What an analyst groups and filters by is repeated here, so that a question about turns never needs a join.
CREATE TABLE turns (
  started_at timestamptz NOT NULL,
  caller_started_at_ms double precision,
  caller_ended_at_ms double precision,
  decided_at_ms double precision,
  first_delta_at_ms double precision,
  audio_started_at_ms double precision,
  audio_ended_at_ms double precision,
  platform_turn_gap_ms double precision,
  end_of_turn_delay_ms double precision,
  model_ttfb_ms double precision,
  hop_up_ms double precision,
  hop_down_ms double precision,
  generated_ms double precision,
  heard_ms double precision,
  turn integer NOT NULL,
  interrupted boolean NOT NULL,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  cause text NOT NULL,
  response_status text,
  assistant text NOT NULL,
  model text NOT NULL,
  worker text NOT NULL,
  PRIMARY KEY (call_sid, turn)
);
CREATE INDEX turns_by_time ON turns (started_at);

CREATE TABLE interruptions (
  started_at timestamptz NOT NULL,
  at_ms double precision NOT NULL,
  reaction_ms double precision,
  t_stop_ms double precision,
  talk_over_ms double precision,
  unheard_ms double precision,
  truncated_at_ms double precision,
  uncertainty_ms double precision,
  interruption integer NOT NULL,
  turn integer NOT NULL,
  refused boolean NOT NULL,
  false_interruption boolean NOT NULL,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  assistant text NOT NULL,
  model text NOT NULL,
  worker text NOT NULL,
  PRIMARY KEY (call_sid, interruption)
);
CREATE INDEX interruptions_by_time ON interruptions (started_at);

CREATE TABLE tool_calls (
  started_at timestamptz NOT NULL,
  at_ms double precision NOT NULL,
  duration_ms double precision,
  tool_call integer NOT NULL,
  turn integer NOT NULL,
  ok boolean NOT NULL,
  name text NOT NULL,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  assistant text NOT NULL,
  model text NOT NULL,
  worker text NOT NULL,
  PRIMARY KEY (call_sid, tool_call)
);
CREATE INDEX tool_calls_by_time ON tool_calls (started_at);

CREATE TABLE failovers (
  started_at timestamptz NOT NULL,
  at_ms double precision NOT NULL,
  gap_ms double precision,
  failover integer NOT NULL,
  kind text NOT NULL,
  from_process text,
  to_process text,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  assistant text NOT NULL,
  model text NOT NULL,
  worker text NOT NULL,
  PRIMARY KEY (call_sid, failover)
);
CREATE INDEX failovers_by_time ON failovers (started_at);

CREATE TABLE transcripts (
  started_at timestamptz NOT NULL,
  at_ms double precision NOT NULL,
  line integer NOT NULL,
  turn integer NOT NULL,
  cut boolean NOT NULL,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  role text NOT NULL,
  text text NOT NULL,
  PRIMARY KEY (call_sid, line)
);
CREATE INDEX transcripts_by_time ON transcripts (started_at);

-- Calls that somebody had deleted: a late or repeated job must not bring them back.
CREATE TABLE erased_calls (
  call_sid text PRIMARY KEY,
  erased_at timestamptz NOT NULL DEFAULT now()
);

-- Who is signed in to the dashboard. Holds a hash, so that reading this table opens nothing.
CREATE TABLE sessions (
  token_hash text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

-- Who read or deleted what people said.
CREATE TABLE audit (
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL,
  subject text NOT NULL,
  session text
);
CREATE INDEX audit_by_time ON audit (at);

-- For anyone's own tools: these two stay as they are; the tables under them may change.
CREATE VIEW v_calls AS
SELECT call_sid, started_at, ended_at, duration_ms, direction, caller_hash, caller_last_two, callee_hash,
  callee_last_two, assistant, model, voice, worker, edge, epoch, end_reason, ended_by, time_to_first_audio_ms,
  admission_ms, model_ready_ms, turns, barge_ins, false_interruptions, tool_calls, failovers, talk_over_ms,
  unheard_ms, tokens_input_text, tokens_input_audio, tokens_input_cached, tokens_output_text, tokens_output_audio,
  cost_usd, price_table, frames_lost_up, frames_lost_down, frames_padded_ms,
  cardinality(parts_seen) >= parts AS whole
FROM calls;
COMMENT ON VIEW v_calls IS 'One row per finished call. Durations in milliseconds; NULL means not seen, never zero. No telephone numbers, no words.';

CREATE VIEW v_turns AS
SELECT call_sid, turn, started_at AS call_started_at,
  started_at + coalesce(audio_started_at_ms, caller_ended_at_ms, 0) * interval '1 millisecond' AS at,
  cause, assistant, model, worker, caller_started_at_ms, caller_ended_at_ms, decided_at_ms, first_delta_at_ms,
  audio_started_at_ms, audio_ended_at_ms, platform_turn_gap_ms, end_of_turn_delay_ms, model_ttfb_ms, hop_up_ms,
  hop_down_ms, generated_ms, heard_ms, interrupted, response_status
FROM turns;
COMMENT ON VIEW v_turns IS 'One row per exchange. *_at_ms are milliseconds since call_started_at; turn 0 is the greeting.';
