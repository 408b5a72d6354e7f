import {type ApiToken, programOf, type Scope, SCOPES} from '@voicebridge/shared/config/api-tokens.ts';

/** Who asks. */
export interface Viewer {
  /** For the audit: `session 1a2b3c…`, `token grafana`; null: whoever uses this machine, where nobody signs in. */
  readonly who: string | null;
  readonly may: ReadonlySet<Scope>;
  /** The token in the cookie of a browser. */
  readonly session?: string;
}

/** Whoever uses this machine while no password is set. */
export const LOCAL: Viewer = {who: null, may: new Set(['read'])};

/** Somebody who signed in. `name`: of their session, which opens nothing. */
export function signedIn(name: string, token: string): Viewer {
  return {who: `session ${name}`, may: new Set(SCOPES), session: token};
}

/** The program that has this token; undefined if it is not ours. */
export function viewerOfToken(tokens: readonly ApiToken[], token: string): Viewer | undefined {
  const found = programOf(tokens, token);
  return found && {who: `token ${found.name}`, may: new Set(found.scopes)};
}
