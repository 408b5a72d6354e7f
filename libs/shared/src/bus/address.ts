/** Where a node listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const REDIS_PORT = 6379;

/** The address in a Redis URL. */
export function addressOf(url: string): Address {
  const parsed = URL.parse(url);
  return {host: (parsed?.hostname || '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(parsed?.port || REDIS_PORT)};
}

export function nameOf({host, port}: Address): string {
  return `${host}:${port}`;
}
