import type {HeaderValue} from './http-tool.ts';

/** A shorter value is taken out only where it stands alone: inside a word it may be there by chance. */
const ANYWHERE_FROM = 6;
/** What is shorter still stands in any text by chance, and is no secret. */
const ALONE_FROM = 3;
/** How a value of a header begins that has a secret behind it. */
const SCHEME = /^(basic|bearer|token|apikey|key) +/i;

/** The secrets that headers refer to. `secret`: the value of an environment variable. */
export function secretsOf(
  headers: Readonly<Record<string, HeaderValue>>,
  secret: (name: string) => string | undefined,
): readonly string[] {
  return Object.values(headers).flatMap(each =>
    typeof each === 'string' ? [] : formsOf(`${each.prefix ?? ''}${secret(each.env) ?? ''}`, secret(each.env) ?? ''),
  );
}

/** A secret as it is sent, and what a server may take out of it: a token without its scheme, a password behind a user. */
function formsOf(sent: string, value: string): string[] {
  const bare = sent.replace(SCHEME, '');
  const pair = /^basic /i.test(sent) ? Buffer.from(bare, 'base64').toString('utf8') : '';
  const password = pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
  return [...new Set([value, bare, pair, password])].filter(each => each !== '');
}

/**
 * A server's words without our own secrets. Some servers repeat a key that they refuse. What a tool answers is given to the model
 * and stored in the record of the call. A secret is found also as JSON and addresses write it.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(secret => secret.length >= ALONE_FROM)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(patternOf(secret), '[secret]'), text);
}

/** Behind the beginning, what is no letter and no digit, or a control character as JSON writes it. */
const ALONE = String.raw`(?<=^|[^\p{L}\p{N}]|\\[bfnrt])`;

function patternOf(secret: string): RegExp {
  const written = Array.from(secret, writtenAs).join('');
  return new RegExp(secret.length < ANYWHERE_FROM ? `${ALONE}${written}(?![\\p{L}\\p{N}])` : written, 'gu');
}

/** A character as it is, behind the backslash of JSON, as a number of JSON, or as the bytes of an address. */
function writtenAs(character: string): string {
  const numbers = Array.from({length: character.length}, (_, at) => character.charCodeAt(at));
  const json = numbers.map(number => `\\\\u${anyCase(number.toString(16).padStart(4, '0'))}`).join('');
  const bytes = [...Buffer.from(character, 'utf8')];
  const address = bytes.map(byte => `%${anyCase(byte.toString(16).padStart(2, '0'))}`).join('');
  const itself = character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  return `(?:\\\\?${itself}|${json}|${address})`;
}

const anyCase = (hex: string) => hex.replaceAll(/[a-f]/g, digit => `[${digit}${digit.toUpperCase()}]`);
