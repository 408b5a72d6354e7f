import {isIP} from 'node:net';

/** Whether only this machine can reach the host. IPv6 addresses with or without brackets. */
export function isLoopback(host: string): boolean {
  const bare = withoutBrackets(host);
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/** Names that no public resolver knows. */
const PRIVATE_NAMES = /\.(internal|local|localhost|lan|home\.arpa)$/;
/** RFC 1918, link-local, and the shared space that overlay networks use. */
const PRIVATE_V4 = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_V6 = /^(f[cd]|fe[89ab])/;

/** Whether traffic to the host stays on this machine or in a private network, such as that of containers. */
export function isPrivate(host: string): boolean {
  const bare = withoutBrackets(host);
  if (isLoopback(bare)) return true;
  switch (isIP(bare)) {
    case 4:
      return PRIVATE_V4.test(bare);
    case 6:
      return PRIVATE_V6.test(bare);
    default:
      // A name without a dot comes from the private network itself, as with compose and Kubernetes.
      return bare !== '' && (!bare.includes('.') || PRIVATE_NAMES.test(bare));
  }
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

/** An address as the system prints it; one of IPv4 that was written as IPv6 becomes one of IPv4 again. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '');
}

/**
 * What one owner of an address has: an IPv4 address itself, the first 64 bits of an IPv6 address. For a plain
 * address.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const head = (address.split('::')[0] ?? '').split(':').filter(group => group !== '');
  return [...head, '0', '0', '0', '0'].slice(0, 4).join(':');
}
