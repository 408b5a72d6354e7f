import type {HeaderValue} from './http-tool.ts';

/** A shorter value may stand in any text by chance. */
const SECRET_AT_LEAST = 6;

/** The secrets that headers refer to. `secret`: the value of an environment variable. */
export function secretsOf(
  headers: Readonly<Record<string, HeaderValue>>,
  secret: (name: string) => string | undefined,
): readonly string[] {
  return Object.values(headers).flatMap(each => (typeof each === 'string' ? [] : [secret(each.env) ?? '']));
}

/**
 * A server's words without our own secrets. Some servers repeat a key that they refuse. What a tool answers is given to the model
 * and stored in the record of the call.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(secret => secret.length >= SECRET_AT_LEAST)
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}
