import {type Answer, failure} from './rest-answer.ts';

/** A request, as whoever sets the mood sees it. */
export interface RestRequest {
  readonly method: string;
  /** Below the account: `/Calls.json`. */
  readonly path: string;
  readonly form: URLSearchParams;
}

/**
 * How the REST API takes a request. The first five refuse, and nothing has happened. `fails` answers 500 before and
 * `fails-after` 502 after it was done; `cuts-before` and `cuts-after` cut the connection instead of answering.
 */
export type RestMood =
  | 'credentials'
  | 'trial-account'
  | 'not-permitted'
  | 'too-many'
  | 'suspended'
  | 'fails'
  | 'fails-after'
  | 'cuts-before'
  | 'cuts-after';

const REFUSALS: Readonly<Partial<Record<RestMood, Answer>>> = {
  credentials: failure(401, 20003, 'Authenticate'),
  'trial-account': failure(400, 21219, "'To' number is not verified: trial accounts may only call verified numbers"),
  'not-permitted': failure(400, 21215, 'Account not authorized to call this number: geographic permissions'),
  'too-many': failure(429, 20429, 'Too Many Requests'),
  suspended: failure(403, 20005, 'Account not active'),
  fails: failure(500, 20500, 'Internal Server Error'),
};

/** What a mood does: an answer, or none, before or after the request is done. */
export function moodOf(mood: RestMood | undefined): {
  readonly before?: Answer | 'cut';
  readonly after?: Answer | 'cut';
} {
  if (mood === undefined) return {};
  if (mood === 'fails-after') return {after: failure(502, 20502, 'Bad Gateway')};
  if (mood === 'cuts-after') return {after: 'cut'};
  return {before: REFUSALS[mood] ?? 'cut'};
}
