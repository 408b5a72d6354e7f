import {randomBytes} from 'node:crypto';

type Prefix = 'AC' | 'CA' | 'MZ' | 'QU' | 'RE';

/** Whose identifiers: those of Twilio, or those of a client that speaks like it and makes up its own. */
export type Ids = 'twilio' | 'own';

const WORDS: Readonly<Record<Prefix, string>> = {AC: 'account', CA: 'call', MZ: 'stream', QU: 'queue', RE: 'recording'};

/** A fresh identifier: account, call, stream, queue or recording. Never seeded, so that two runs cannot meet in one store. */
export function sid(prefix: Prefix, ids: Ids = 'twilio'): string {
  if (ids === 'own') return `test_${WORDS[prefix]}-${randomBytes(4).toString('hex')}`;
  return prefix + randomBytes(16).toString('hex');
}
