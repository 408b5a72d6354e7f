import {createHmac} from 'node:crypto';
import type {RingingCall} from '@voicebridge/assistant/definition.ts';
import {BadRingAnswer} from '@voicebridge/assistant/ring-answer.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {boundedText} from '@voicebridge/shared/protocol/bounded-body.ts';
import {FEW_FACTS, isWithin} from '@voicebridge/shared/protocol/json-bounds.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {WorkerConfig} from './config.ts';
import type {AskRingUrl} from './assistants/ring.ts';

/** What asks the RING_URL of an environment; undefined if it has none. Throws `CannotStart` if it lacks the secret. */
export function ringUrlOf(
  {RING_URL: url, RING_SECRET: secret}: Pick<WorkerConfig, 'RING_URL' | 'RING_SECRET'>,
  clock: Clock,
): AskRingUrl | undefined {
  if (url === undefined) return undefined;
  if (secret === undefined) throw new CannotStart('RING_SECRET is not set; RING_URL must know who asks');
  return askRingUrl({url, secret, wall: () => clock.wall()});
}

/** The longest answer, in bytes. */
const LONGEST = 256 * 1_024;

/**
 * Asks a URL about calls that come in: a POST with JSON, signed so that it knows who asks. The header
 * `voicebridge-signature` is `t=<Unix seconds>,v1=<hex>`: an HMAC-SHA256 with the secret over `<t>.<body>`.
 */
export function askRingUrl({
  url,
  secret,
  wall,
}: {
  readonly url: string;
  readonly secret: string;
  readonly wall: () => number;
}): AskRingUrl {
  return async ({signal, ...call}: RingingCall) => {
    const body = JSON.stringify(call);
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'voicebridge-signature': ringSignature(secret, Math.floor(wall() / 1_000), body),
      },
      body,
      redirect: 'error',
      signal,
    });
    if (response.status === 204) return undefined;
    if (!response.ok) throw new Error(`RING_URL answered ${response.status}`);
    const text = await boundedText(response, LONGEST);
    if (!isWithin(FEW_FACTS, text)) throw new BadRingAnswer('it has too many or too deep lists and objects');
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new BadRingAnswer('it is no JSON');
    }
  };
}

export function ringSignature(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
