-- From when on calls, turns, transcripts and recordings are whole: what began before was deleted when its retention was over.
-- Written before anything is deleted, so that no answer is a part and says nothing. No row: nothing was deleted yet.
CREATE TABLE deleted_before (
  kind text PRIMARY KEY,
  moment timestamptz NOT NULL
);

-- Turns that were deleted before this table was there: their calls are older than the oldest turn.
INSERT INTO deleted_before (kind, moment)
SELECT 'turns', coalesce((SELECT min(started_at) FROM turns), (SELECT max(started_at) FROM calls) + interval '1 millisecond')
WHERE EXISTS (
  SELECT 1 FROM calls
  WHERE calls.turns > 0 AND started_at < coalesce((SELECT min(started_at) FROM turns), 'infinity'::timestamptz)
);
