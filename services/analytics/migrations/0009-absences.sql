-- When the caller was away from the assistant, where, and what came of it. NULL: never.
ALTER TABLE calls ADD COLUMN aways jsonb;
