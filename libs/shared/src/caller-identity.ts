import {createHmac} from 'node:crypto';

/** Who calls or is called, as far as anybody may know them again: by a number, or by the name of a SIP user or client. */
export type Identity =
  | {readonly kind: 'number'; readonly text: string}
  | {readonly kind: 'name'; readonly text: string};

/** Words that stand where a number would: of Twilio, of carriers, and of SIP (RFC 3323). */
const WITHHELD_WORD = /^(anonymous|restricted|blocked|private|withheld|unavailable|unknown)$/i;
/** The same words as a telephone's keypad spells them: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABL; and zeros. */
const WITHHELD_NUMBER = /^\+?1?(266696687|7378742833|2562533|8656696|86282452253)$|^\+?0+$/;
const NUMBER = /^\+?\d{1,15}$/;
/** Without a plus, a SIP user this long is a telephone number; a shorter one may be an extension of any exchange. */
const NUMBER_OF_SIP_USER = /^(\+\d{1,15}|\d{10,15})$/;

/**
 * The party behind a `From` or `To` of Twilio; undefined when it is withheld, in whichever words. `sip:+15550100@trunk`
 * is the number in it. The only place that decides this: what is hashed, kept or limited by caller asks here.
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

/** What stands for an identity where it must not be read: the same for whoever has the key, useless to others. */
export function hashOf({text}: Identity, key: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

function identityOfSip(userInfo: string, host: string): Identity | undefined {
  // What follows a colon is a password: nobody keeps that.
  const user = userInfo.replace(/[:;].*$/, '');
  if (isWithheld(user) || /(^|\.)invalid(:\d+)?$/.test(host)) return undefined;
  const number = withoutSeparators(user);
  return NUMBER_OF_SIP_USER.test(number) ? {kind: 'number', text: number} : {kind: 'name', text: `sip:${user}@${host}`};
}

function isWithheld(text: string): boolean {
  return text === '' || WITHHELD_WORD.test(text) || WITHHELD_NUMBER.test(withoutSeparators(text));
}

/** People and exchanges write (555) 010-0001. */
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
