import {z} from 'zod';

/**
 * Ranges of numbers that cost what their owner wants, as they begin: a pattern such as `+1*` does not reach into them. A
 * pattern that names the range does.
 */
const PREMIUM: readonly string[] = [
  // North America: premium, and the islands that have the prefix of a domestic number.
  '+1900 +1976 +1242 +1246 +1264 +1268 +1284 +1345 +1441 +1473 +1649 +1664 +1721 +1758 +1767 +1784 +1809 +1829',
  '+1849 +1868 +1869 +1876',
  // Europe.
  '+449 +4484 +4487 +4782 +4590 +46900 +46939 +46944 +49900 +49137 +3389 +3190 +34803 +34806 +34807 +39899 +41900',
  '+41901 +41906 +43900 +43901 +43930',
  // International premium and satellite networks.
  '+870 +878 +881 +882 +883 +888 +979',
].flatMap(line => line.split(' '));

/** Whether a carrier can dial this: a number in E.164 form, a SIP address or a client of Twilio's. */
export function isDialable(target: string): boolean {
  return /^(\+[1-9]\d{3,14}|sips?:\S{1,250}|client:[\w.+-]{1,250})$/.test(target);
}

/** A destination as it is dialled, or with one `*`: behind the beginning of a number, or for all users of a SIP host. */
const PATTERN =
  /^(\+[1-9]\d{3,14}|\+[1-9]\d{0,13}\*|sips?:(\*|[^\s*@]{1,100})@[^\s*@;?]{1,150}|client:[\w.+-]{1,250})$/;

const QUEUE = 'queue:';
const LONGEST_QUEUE = 64;

export const TRANSFER_ALLOW_MEANS =
  'where assistants and operators may transfer callers, besides the destinations in the assistants’ files; comma-separated: +4722334455, +4722* for all numbers that begin so (except premium numbers), sip:*@example.com, client:ann; queue:support for operators; must be the same for webhook and workers';

const list = (isGood: (pattern: string) => boolean, must: string) =>
  z
    .string()
    .transform(text => text.split(',').flatMap(one => one.trim() || []))
    .refine(patterns => patterns.every(isGood), must)
    .default([]);
const FORMS = 'numbers such as +4722334455 or +4722*, sip:ann@example.com, sip:*@example.com';
const isPattern = (text: string) => PATTERN.test(text);

/** The setting CALL_ALLOW: destinations, comma-separated. */
export const callAllow = () => list(isPattern, `must be ${FORMS} or client:ann, comma-separated`);

/** The setting TRANSFER_ALLOW: destinations, comma-separated. */
export const transferAllow = () =>
  list(
    text => isPattern(text) || (queueOf(text) !== undefined && !text.includes('*')),
    `must be ${FORMS}, client:ann or queue:support, comma-separated`,
  );

/** A queue as operators and TRANSFER_ALLOW name it: `queue:support`. */
export const queueTarget = (name: string) => `${QUEUE}${name}`;

/** The name of the queue that is meant; undefined: this is no queue. */
export function queueOf(target: string): string | undefined {
  const name = target.startsWith(QUEUE) ? target.slice(QUEUE.length) : '';
  return name !== '' && name.length <= LONGEST_QUEUE && name.trim() === name ? name : undefined;
}

/** Whether an operator may send a caller there. */
export const mayTransfer = (target: string, patterns: readonly string[]) =>
  queueOf(target) === undefined ? isAllowed(target, patterns) : patterns.includes(target);

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
  const isCostly = PREMIUM.some(range => target.startsWith(range) && !before.startsWith(range));
  return target === before + middle + after && /^[^\s@;?]+$/.test(middle) && !isCostly;
}

/** What kind of destination this is; undefined if it cannot be dialled. */
export function kindOfDestination(target: string): 'number' | 'sip' | 'client' | undefined {
  if (!isDialable(target)) return undefined;
  if (target.startsWith('+')) return 'number';
  return target.startsWith('client:') ? 'client' : 'sip';
}
