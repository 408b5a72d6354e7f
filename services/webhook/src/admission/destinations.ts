import {z} from 'zod';

/** Whether a carrier can dial this: a number in E.164 form, a SIP address or a client of Twilio's. */
export function isDialable(target: string): boolean {
  return /^(\+[1-9]\d{3,14}|sips?:\S{1,250}|client:[\w.+-]{1,250})$/.test(target);
}

/** A destination as it is dialled, or with one `*`: behind the beginning of a number, or for all users of a SIP host. */
const PATTERN =
  /^(\+[1-9]\d{3,14}|\+[1-9]\d{0,13}\*|sips?:(\*|[^\s*@]{1,100})@[^\s*@;?]{1,150}|client:[\w.+-]{1,250})$/;

/** The setting TRANSFER_ALLOW: destinations, comma-separated. */
export const transferAllow = () =>
  z
    .string()
    .transform(text => text.split(',').flatMap(one => one.trim() || []))
    .refine(
      patterns => patterns.every(pattern => PATTERN.test(pattern)),
      'must be numbers such as +4722334455 or +4722*, sip:ann@example.com, sip:*@example.com or client:ann, comma-separated',
    )
    .default([]);

/**
 * Whether an assistant may transfer a caller to `target`. A model follows whoever talks it into something, and a call to
 * a premium number is money: what no pattern names is refused. `*` stands for digits of a number or for the user of a
 * SIP address, never for anything that follows the host.
 */
export function isAllowed(target: string, patterns: readonly string[]): boolean {
  return isDialable(target) && patterns.some(pattern => matches(target, pattern));
}

function matches(target: string, pattern: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return target === pattern;
  const middle = target.slice(before.length, target.length - after.length);
  return target === before + middle + after && /^[^\s@;?]+$/.test(middle);
}
