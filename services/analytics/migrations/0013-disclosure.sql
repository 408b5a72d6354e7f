-- What had to be said first on a call, and what answered a call that we made. NULL: nothing, or recorded before.
ALTER TABLE calls ADD COLUMN disclosure jsonb, ADD COLUMN answered_by text;
