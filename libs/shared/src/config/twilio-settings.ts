import {isLoopback, isPrivate} from './addresses.ts';
import {guardedUrl, host, onOff, secrets} from './config.ts';

/** The settings that webhook and edge share: how they verify that a request is Twilio's, and who can reach them. */
export const twilioSettings = {
  TWILIO_AUTH_TOKEN: secrets()
    .default([])
    .describe('checks the signature of every request and socket; several, comma-separated, while you rotate them'),
  TWILIO_VALIDATE: onOff()
    .default(true)
    .describe(
      'on or off; off accepts unsigned requests, for development, and listens on loopback only unless HOST is set',
    ),
  HOST: host()
    .optional()
    .describe('the address to listen on; not set: all IPv4 and IPv6 addresses, or loopback with TWILIO_VALIDATE=off'),
};

/** The public origin of an edge, to which the path of a stream is added. */
export const edgeUrl = () =>
  guardedUrl('ws').refine(url => !url.endsWith('/media-stream'), 'must not end in /media-stream: it is added');

interface TwilioConfig {
  readonly TWILIO_AUTH_TOKEN: readonly string[];
  readonly TWILIO_VALIDATE: boolean;
  readonly HOST?: string | undefined;
}

/** A token is set, or validation is off. A value that cannot be read has its own problem. */
export function hasProof({TWILIO_AUTH_TOKEN: tokens, TWILIO_VALIDATE: validate}: Partial<TwilioConfig>): boolean {
  return validate === false || !Array.isArray(tokens) || tokens.length > 0;
}

/** The problem if `hasProof` is false; it is reported together with all others. */
export const NO_PROOF = {
  path: ['TWILIO_AUTH_TOKEN'],
  message:
    'is not set: without it strangers can spend your OpenAI credit. Copy it from the front page of https://console.twilio.com, or write TWILIO_VALIDATE=off to take unsigned calls, on loopback only',
  when: () => true,
};

/** The address to listen on: without validation only this machine, unless HOST is set. undefined: every one. */
export function listenOn({HOST, TWILIO_VALIDATE}: TwilioConfig): string | undefined {
  return HOST ?? (TWILIO_VALIDATE ? undefined : '127.0.0.1');
}

/** What a request gets that is not ours. */
export const UNSIGNED_HERE =
  'Unsigned requests are taken from this machine only. Set TWILIO_AUTH_TOKEN, or HOST or a public address with TWILIO_VALIDATE=off.\n';

/**
 * Whether an unsigned request may come in. Without validation only loopback is listened on; this refuses what a tunnel or
 * a web page brings there all the same: a request that was forwarded, or for a name that is not this machine's. An
 * operator who has set a public address or HOST with TWILIO_VALIDATE=off has allowed it.
 */
export function isOurs(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  config: TwilioConfig & {readonly PUBLIC_WEBHOOK_URL?: string; readonly PUBLIC_EDGE_URL?: string},
): boolean {
  if (config.TWILIO_VALIDATE || config.HOST !== undefined) return true;
  const addresses = [config.PUBLIC_WEBHOOK_URL, config.PUBLIC_EDGE_URL].flatMap(url => url ?? []);
  if (addresses.some(url => !isPrivate(URL.parse(url)?.hostname ?? ''))) return true;
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined;
  return !isForwarded && isLoopback(URL.parse(`http://${String(headers['host'] ?? '')}`)?.hostname ?? '');
}
