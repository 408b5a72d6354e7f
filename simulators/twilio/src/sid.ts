import {randomBytes} from 'node:crypto';

/** A fresh Twilio identifier: account, call, stream or queue. Never seeded, so that two runs cannot meet in one store. */
export function sid(prefix: 'AC' | 'CA' | 'MZ' | 'QU'): string {
  return prefix + randomBytes(16).toString('hex');
}
