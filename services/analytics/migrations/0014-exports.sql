-- The days (UTC) whose calls are exported to the recordings' store.
CREATE TABLE exports (
  day date PRIMARY KEY,
  -- Raised by whatever changes what is exported of the day; the export is up to date when both are equal.
  wanted integer NOT NULL DEFAULT 1,
  written integer NOT NULL DEFAULT 0,
  -- Up to where records that arrived are in it.
  recorded_until timestamptz,
  -- Since when it is not up to date, and when it is tried next.
  wanted_at timestamptz NOT NULL DEFAULT now(),
  look_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX exports_due ON exports (look_at) WHERE wanted <> written;
