-- How a call came out: the fields of its assistant that can be counted. Free text of an outcome is among the notes.
ALTER TABLE calls ADD COLUMN outcome jsonb;
CREATE INDEX calls_with_outcome ON calls (started_at) WHERE outcome IS NOT NULL;

-- What other systems are told by webhooks, in order for each subject. A body that is NULL is made of the call's record
-- when it is sent: what was erased meanwhile is not told.
CREATE TABLE deliveries (
  id text PRIMARY KEY,
  -- A call, or a call that is to be made.
  subject text NOT NULL,
  -- Its place among all that is told of the subject, from 0.
  seq integer NOT NULL,
  type text NOT NULL,
  target jsonb NOT NULL,
  body text,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When it is tried next, and when it is given up.
  due_at timestamptz NOT NULL DEFAULT now(),
  give_up_at timestamptz NOT NULL,
  settled_at timestamptz,
  UNIQUE (subject, seq)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_by_age ON deliveries (created_at);
