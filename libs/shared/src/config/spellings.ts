const PARTS = /^([a-z]+:\/\/)([^/]*?)(?::(\d+))?(\/.*)?$/i;
const STANDARD_PORTS: Readonly<Record<string, number>> = {'https://': 443, 'wss://': 443, 'http://': 80, 'ws://': 80};

/**
 * The ways in which Twilio may write a public address when it signs it: with its port or without, with its host as it was
 * typed or in lower case. Each once, the likely ones first.
 */
export function spellingsOf(address: string): readonly string[] {
  const both = [address, (URL.parse(address)?.href ?? address).replace(/\/$/, '')];
  return [...new Set(both.flatMap(withoutAndWithPort))];
}

function withoutAndWithPort(address: string): string[] {
  const [, scheme = '', host = '', port, path = ''] = PARTS.exec(address) ?? [];
  if (scheme === '') return [];
  const standard = STANDARD_PORTS[scheme.toLowerCase()] ?? '';
  return [`${scheme}${host}${path}`, `${scheme}${host}:${port ?? standard}${path}`];
}
