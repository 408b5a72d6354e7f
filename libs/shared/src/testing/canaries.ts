/**
 * What simulated calls are made of and nobody may find where it does not belong: secrets, a telephone number, a card number
 * that a caller types, and words of both sides. The tests use these, and look for them in logs, metrics, Redis and the
 * database.
 */
export const CANARIES = {
  /** Twilio's auth token. */
  token: '0123456789abcdef0123456789abcdef',
  /** `FLEET_KEY` */
  fleetKey: 'b'.repeat(64),
  /** `OPENAI_API_KEY` */
  modelKey: 'sk-canary-of-the-model-key',
  /** `NUMBER_HASH_KEY` */
  hashKey: 'canary-of-the-number-hash-key',
  caller: '+15550187654',
  /** Typed on the phone's keys. */
  card: '4111111111111111',
} as const;

const SECRETS: readonly (readonly [what: string, text: string])[] = [
  ['the auth token', CANARIES.token],
  ['the fleet key', CANARIES.fleetKey],
  ['the key of the number hashes', CANARIES.hashKey],
  ['a card number', CANARIES.card],
];
const PATTERNS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a key of the model', /\bsk-[\w-]{4,}/],
  // A plus and digits; as in a form; or without the plus, as the numbers of simulated callers begin.
  ['a telephone number', /(?<![\w/+=-])\+\d{7,15}(?![\w/+=])|%2B\d{7,15}(?!\w)/i],
  ['a telephone number without its plus', /(?<![\w/+=.-])1555\d{7}(?![\w/+=.])/],
];

/** Which canaries are in a text. `words`: sentences that were said, of which it may hold none. */
export function leaksIn(text: string, words: readonly string[] = []): string[] {
  const found = SECRETS.filter(([, secret]) => text.includes(secret)).map(([what]) => what);
  for (const [what, pattern] of PATTERNS) if (pattern.test(text)) found.push(what);
  if (words.some(sentence => text.includes(sentence))) found.push('words of the call');
  return found;
}

/** The lines of this process in which something was that may not be. */
const leaks: string[] = [];

export function tellLeak(line: string): void {
  const found = leaksIn(line);
  if (found.length > 0) leaks.push(`${found.join(', ')} in: ${line.trim()}`);
}

/** What leaked since this was last asked. */
export function takeLeaks(): string[] {
  return leaks.splice(0);
}
