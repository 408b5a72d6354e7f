import type {Millis} from '@voicebridge/shared/time.ts';

/** What failed of a request: the connection, the wait for an answer, its status, or the connection while it was answered. */
export type Failure = 'ct' | 'rt' | '4xx' | '5xx' | 'cut';

/**
 * How Twilio connects to one webhook, as its address says behind `#`:
 * https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export interface ConnectionOverrides {
  /** Nothing of it is sent, and nothing of it is signed. */
  readonly url: string;
  readonly connectWithin: Millis;
  readonly answerWithin: Millis;
  /** All attempts together. */
  readonly within: Millis;
  readonly retries: number;
  readonly retriesAfter: (failure: Failure) => boolean;
  /** What Twilio would not understand, as the code of its error and in words. */
  readonly problem?: {readonly code: number; readonly detail: string};
}

const POLICIES = new Set(['4xx', '5xx', 'ct', 'rt', 'all']);
const NUMBERS: Readonly<Record<string, readonly [least: number, most: number, usually: number]>> = {
  ct: [100, 10_000, 5_000],
  rt: [100, 15_000, 15_000],
  tt: [100, 15_000, 15_000],
  rc: [0, 5, 1],
};

export function readOverrides(address: string): ConnectionOverrides {
  const at = address.indexOf('#');
  const pairs = new URLSearchParams(at < 0 ? '' : address.slice(at + 1));
  const policies = (pairs.get('rp') ?? 'ct').split(',');
  const wrong = [...pairs].find(([name, value]) => {
    const [least, most] = NUMBERS[name] ?? [];
    if (name === 'rp') return policies.some(policy => !POLICIES.has(policy));
    if (least === undefined || most === undefined) return name !== 'e' && name !== 'sni';
    return !/^\d+$/.test(value) || Number(value) < least || Number(value) > most;
  });
  const numberOf = (name: 'ct' | 'rt' | 'tt' | 'rc') => Number(pairs.get(name) ?? NUMBERS[name]?.[2]);
  return {
    url: at < 0 ? address : address.slice(0, at),
    connectWithin: numberOf('ct'),
    answerWithin: numberOf('rt'),
    within: numberOf('tt'),
    retries: numberOf('rc'),
    retriesAfter: failure => policies.includes('all') || policies.includes(failure),
    ...(wrong ? {problem: {code: 11243, detail: `${wrong.join('=')} is no connection override`}} : {}),
  };
}
