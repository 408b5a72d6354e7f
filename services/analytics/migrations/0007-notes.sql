-- What assistants noted: fields of the record that are their own. NULL: nothing, or deleted when its time was over.
ALTER TABLE calls ADD COLUMN notes jsonb;
