-- All assistants that had a call, with their versions. NULL: the one that answered had it to the end.
ALTER TABLE calls ADD COLUMN assistants jsonb;
