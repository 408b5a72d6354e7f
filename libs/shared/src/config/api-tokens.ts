import {createHash, randomBytes, timingSafeEqual} from 'node:crypto';
import {z} from 'zod';

/**
 * What a program may do. At analytics: `read` calls, figures and files; `words`: see transcripts and telephone numbers;
 * `delete` for good; `audit`: see who did what; `send`: send webhooks again; `hang-up`: end calls in
 * progress; `transfer`: send their callers to a person; `tag`: write tags and remarks on calls. At the webhook: `call`: have calls made.
 */
export const SCOPES = ['read', 'words', 'delete', 'audit', 'send', 'hang-up', 'transfer', 'call', 'tag'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

/** One token of a program, as `API_TOKENS` has it: its hash, so that who reads the settings cannot use it. */
export interface ApiToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly sha256: string;
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** `grafana:read:<sha256>,erasure-desk:read+delete:<sha256>`, as `npm run api-token` prints it. */
export const apiTokens = () =>
  z.string().transform((text, context): ApiToken[] => {
    const tokens = text.split(',').flatMap(entry => {
      const [, name = '', words = '', sha256 = ''] =
        /^([\w-]{1,40}):([a-z+-]+):([0-9a-f]{64})$/.exec(entry.trim()) ?? [];
      const scopes = z.array(Scope).safeParse(words.split('+'));
      return name !== '' && scopes.success ? [{name, scopes: scopes.data, sha256}] : [];
    });
    if (tokens.length !== text.split(',').length || new Set(tokens.map(({name}) => name)).size !== tokens.length)
      context.addIssue(
        `must be name:scopes:hash, comma-separated, each name once, scopes of ${SCOPES.join('+')}: npm run api-token prints one`,
      );
    return tokens;
  });

/** A new token, 256 random bits, and what belongs into `API_TOKENS` for it. */
export function newApiToken(name: string, scopes: readonly Scope[]): {readonly token: string; readonly entry: string} {
  const token = `vb_${randomBytes(32).toString('base64url')}`;
  return {token, entry: `${name}:${scopes.join('+')}:${hashOf(token)}`};
}

/** The program that has this token; undefined if it is not ours. */
export function programOf(tokens: readonly ApiToken[], token: string): ApiToken | undefined {
  const hash = Buffer.from(hashOf(token));
  return tokens.find(({sha256}) => timingSafeEqual(Buffer.from(sha256), hash));
}
