-- What is in the recordings' store, by call. Not deleted with its call: the objects in the store must go first.
CREATE TABLE recordings (
  call_sid text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  -- From where to where the call was recorded, in milliseconds since it began.
  from_ms integer NOT NULL,
  until_ms integer NOT NULL,
  -- waiting: its pieces are still to be joined; kept; partial: kept, with gaps; lost: nothing came; removing.
  state text NOT NULL,
  missing_ms integer NOT NULL DEFAULT 0,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  -- When something is to be done about it; null: nothing.
  look_at timestamptz
);
CREATE INDEX recordings_look_at ON recordings (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX recordings_started_at ON recordings (started_at);
