-- The audit says who did something and from which address. `session` stays for processes of the version before.
ALTER TABLE audit ADD COLUMN who text, ADD COLUMN address text;
UPDATE audit SET who = 'session ' || session WHERE session IS NOT NULL;

-- Numbers that were forgotten: a record of an older call, which was still on its way, must not bring them back.
CREATE TABLE forgotten_numbers (
  number_hash text PRIMARY KEY,
  forgotten_at timestamptz NOT NULL DEFAULT now()
);
