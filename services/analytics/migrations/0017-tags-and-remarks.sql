-- What analysts write on calls: tags, by which they are found, and remarks, which are words and kept as long as those.
ALTER TABLE calls ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
CREATE INDEX calls_with_tags ON calls USING gin (tags) WHERE tags <> '{}';
CREATE TABLE remarks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  call_sid text NOT NULL REFERENCES calls ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT now(),
  -- The viewer's name; null: nobody who signed in.
  who text,
  text text NOT NULL
);
CREATE INDEX remarks_of_call ON remarks (call_sid);
