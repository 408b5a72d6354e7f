/** Why the server does not do what a client asked: the content of an `error` event. */
export interface Refusal {
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
  /** The parameter at fault, as a path: `session.audio.output.speed`, `item.content[0].text`. */
  readonly param: string | null;
}

/** Almost every error is an `invalid_request_error` and leaves the session open. */
export function refusal(code: string | null, message: string, param: string | null = null): Refusal {
  return {type: 'invalid_request_error', code, message, param};
}

/** "'a', 'b', and 'c'", as the service lists supported values. */
export function listed(values: readonly unknown[]): string {
  const quoted = values.map(value => `'${String(value)}'`);
  if (quoted.length < 2) return quoted.join('');
  if (quoted.length === 2) return quoted.join(' and ');
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}
