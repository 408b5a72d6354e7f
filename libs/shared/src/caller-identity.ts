import {createHmac} from 'node:crypto';

/** How one party of a call can be recognised again: by a number, or by the name of a SIP user or client. */
export type Identity =
  | {readonly kind: 'number'; readonly text: string}
  | {readonly kind: 'name'; readonly text: string};

/** Words in place of a number: those of Twilio, of carriers, and of SIP (RFC 3323). */
const WITHHELD_WORD = /^(anonymous|restricted|blocked|private|withheld|unavailable|unknown)$/i;
/** The same words as a telephone's keypad spells them: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABL; and zeros. */
const WITHHELD_NUMBER = /^\+?1?(266696687|7378742833|2562533|8656696|86282452253)$|^\+?0+$/;
const NUMBER = /^\+?\d{1,15}$/;
/**
 * A SIP user of at least so many digits is a telephone number even without a plus; a shorter one may be an extension.
 */
const NUMBER_OF_SIP_USER = /^(\+\d{1,15}|\d{10,15})$/;

/**
 * Reads a `From` or `To` of Twilio; undefined if the number is withheld, in whatever words. `sip:+15550100@trunk` is
 * the number in it. Everything that hashes, keeps or limits callers uses this function.
 */
export function identityOf(address: string | undefined): Identity | undefined {
  const text = address?.trim() ?? '';
  const sip = /^(?:"[^"]*"\s*|[^<]*)?<?sips?:(?:([^@;>]*)@)?([^;?>\s]*)/i.exec(text);
  if (sip) return identityOfSip(unescaped(sip[1] ?? ''), (sip[2] ?? '').toLowerCase());
  const bare = text.replace(/^(tel|whatsapp|client):/i, '').replace(/;.*$/, '');
  if (isWithheld(bare)) return undefined;
  const number = withoutSeparators(bare);
  return NUMBER.test(number) ? {kind: 'number', text: number} : {kind: 'name', text: text.replace(/;.*$/, '')};
}

/** A keyed hash of an identity: the same for everyone with the key, useless without it. */
export function hashOf({text}: Identity, key: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

function identityOfSip(userInfo: string, host: string): Identity | undefined {
  // What follows a colon is a password, which is never kept.
  const user = userInfo.replace(/[:;].*$/, '');
  if (isWithheld(user) || /(^|\.)invalid(:\d+)?$/.test(host)) return undefined;
  const number = withoutSeparators(user);
  return NUMBER_OF_SIP_USER.test(number) ? {kind: 'number', text: number} : {kind: 'name', text: `sip:${user}@${host}`};
}

function isWithheld(text: string): boolean {
  return text === '' || WITHHELD_WORD.test(text) || WITHHELD_NUMBER.test(withoutSeparators(text));
}

/** Numbers may be written as (555) 010-0001. */
function withoutSeparators(text: string): string {
  return text.replace(/[\s().-]/g, '');
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
