import type {Request, Response} from 'express';
import {expect, test} from 'vitest';
import {allowedHosts} from './allowed-hosts.ts';

const OURS = ['dash.example.com'];

/** Whether a request for this host gets through. */
function passes(host: string | undefined, signIn: 'off' | 'required'): boolean {
  let passed = false;
  const request = {get: () => host} as unknown as Request;
  try {
    void allowedHosts(OURS, signIn)(request, {} as Response, () => (passed = true));
  } catch {
    return false;
  }
  return passed;
}

test.each([
  'evil.example',
  'evil.example:5053',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'dash.example.com.evil.example',
  'dash.example.com@evil.example',
  'evil.example#dash.example.com',
  'evil.example,dash.example.com',
  'evil.example dash.example.com',
  'dash.example.com.',
  'localhost.',
  'ⅼocalhost.evil.example',
  '[fe80::1%25eth0]',
  '127.0.0.1:99999',
  '',
  undefined,
])(
  'a page whose name resolves to the dashboard reads nothing with the host %s, whether or not somebody signs in',
  host => {
    for (const signIn of ['off', 'required'] as const) expect(passes(host, signIn), signIn).toBe(false);
  },
);

test.each(['localhost', 'LOCALHOST:5053', '127.0.0.1:5053', '[::1]:5053', 'dash.example.com', 'DASH.example.com:443'])(
  'whoever opens the dashboard at %s reaches it',
  host => {
    for (const signIn of ['off', 'required'] as const) expect(passes(host, signIn), signIn).toBe(true);
  },
);

test.each(['203.0.113.7', '10.0.0.5:5053', '[2001:db8::1]', '0.0.0.0'])(
  'the address %s, at which no page can be, is ours only if somebody signs in',
  host => {
    expect(passes(host, 'required')).toBe(true);
    expect(passes(host, 'off')).toBe(false);
  },
);
