-- What came of each tool call, and, of a tool that says so, what it was asked and what it answered. NULL: recorded before,
-- or not kept.
ALTER TABLE tool_calls
  ADD COLUMN wait_ms double precision,
  ADD COLUMN outcome text,
  ADD COLUMN told_to_wait boolean NOT NULL DEFAULT false,
  ADD COLUMN arguments text,
  ADD COLUMN result text;
