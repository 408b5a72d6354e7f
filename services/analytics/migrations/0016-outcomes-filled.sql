-- Fields of an outcome that the assistant of a call left open, and that a text model is asked for afterwards.
CREATE TABLE outcome_fills (
  call_sid text PRIMARY KEY REFERENCES calls ON DELETE CASCADE,
  -- The open fields, as the assistant defines them.
  fields jsonb NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'filled', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  -- When the model is asked next, and when it is given up.
  due_at timestamptz NOT NULL,
  give_up_at timestamptz NOT NULL,
  settled_at timestamptz
);
CREATE INDEX outcome_fills_due ON outcome_fills (due_at) WHERE state = 'waiting';

-- The names of the fields that the model filled: the assistant noted the others.
ALTER TABLE calls ADD COLUMN outcome_filled jsonb;
