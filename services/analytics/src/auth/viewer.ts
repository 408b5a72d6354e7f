import {z} from 'zod';

/**
 * What somebody may do: `read` calls, figures and files; `words`: see transcripts and telephone numbers; `delete` for
 * good; `audit`: see who did what; `send`: send webhooks again.
 */
export const SCOPES = ['read', 'words', 'delete', 'audit', 'send'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

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
