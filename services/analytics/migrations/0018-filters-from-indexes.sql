-- The names in the dashboard's filters: assistants and their versions, models, workers and tags. A database reads each name
-- once from an index, where it had to read every call.
CREATE INDEX calls_by_assistant ON calls (assistant, assistant_version, started_at);
CREATE INDEX calls_by_model ON calls (model);
CREATE INDEX calls_by_worker ON calls (worker, started_at);
CREATE INDEX calls_tagged ON calls (started_at) WHERE tags <> '{}';
