import {lookup as resolveName} from 'node:dns';
import {request as requestPlain} from 'node:http';
import {request as requestTls} from 'node:https';
import {BlockList, isIP, type LookupFunction} from 'node:net';
import {secretsOf, withoutSecrets} from './hidden-secrets.ts';
import type {HeaderValue, HttpAnswer, OutgoingRequest} from './http-tool.ts';

const REDIRECTS = 3;

const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  // For documentation: no server on the internet has them, but one in a private network may. The same below.
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  // Unspecified, this machine, and addresses of IPv4 in an old spelling.
  ['::', 96],
  // Addresses of IPv4 behind a translator, and in a tunnel.
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['100::', 64],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv6');

/** Whether an address belongs to this machine or to a network that is not the internet's. */
export function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A request could not be made, for a reason that is no secret. */
export class RequestRefused extends Error {}

/** Sends requests. `secret`: the value of an environment variable. */
export type SendRequest = (request: OutgoingRequest) => Promise<HttpAnswer>;

/** Headers with the secrets that they refer to. Throws `RequestRefused` if one is not set. */
export function headersOf(
  headers: Readonly<Record<string, HeaderValue>>,
  secret: (name: string) => string | undefined,
): Record<string, string> {
  const valueOf = (value: HeaderValue): string => {
    if (typeof value === 'string') return value;
    const found = secret(value.env);
    if (found === undefined || found === '')
      throw new RequestRefused(`the environment variable ${value.env} is not set`);
    return `${value.prefix ?? ''}${found}`;
  };
  return Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, valueOf(each)]));
}

export function sender(secret: (name: string) => string | undefined): SendRequest {
  return async request => {
    const headers = headersOf(request.headers, secret);
    const secrets = Object.entries(request.headers).flatMap(([name, each]) => (typeof each === 'string' ? [] : [name]));
    let [url, method, body] = [new URL(request.url), request.method, request.body];
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const answer = await ask(url, {...request, method, body}, headers);
      if (answer.location === undefined)
        return {...answer, body: withoutSecrets(answer.body, secretsOf(request.headers, secret))};
      if (request.redirects === false) throw new RequestRefused('the server redirects to another address');
      const next = URL.parse(answer.location, url.href);
      if (next === null) throw new RequestRefused('the server redirects to an address that is none');
      // A secret is for the server that it was written for.
      if (next.origin !== url.origin) for (const name of secrets) delete headers[name];
      if (next.origin !== url.origin && request.isSecret)
        throw new RequestRefused('the server redirects to another one, which must not have what the caller entered');
      if (answer.status !== 307 && answer.status !== 308) [method, body] = ['GET', undefined];
      url = next;
    }
    throw new RequestRefused('the server redirects without end');
  };
}

/** The name of a host is resolved once, and the address that was checked is the one that is asked. */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, {...options, all: true}, (error, found) => {
    if (error) return callback(error, '', 0);
    if (found.some(({address}) => isPrivate(address)))
      return callback(new RequestRefused('the host has a private address; allowPrivate is not set'), '', 0);
    if (options.all) return callback(null, found);
    const [first] = found;
    callback(null, first?.address ?? '', first?.family ?? 0);
  });
};

/** Refuses a private address that stands in a URL as it is. */
export function refuseLiteral(url: URL): void {
  const literal = url.hostname.replaceAll(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && isPrivate(literal))
    throw new RequestRefused('the address is private; allowPrivate is not set');
}

async function ask(
  url: URL,
  {method, body, maxBytes, allowPrivate, signal}: OutgoingRequest,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer & {readonly location?: string | undefined}> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new RequestRefused('only http and https are asked');
  if (!allowPrivate) refuseLiteral(url);
  const send = url.protocol === 'https:' ? requestTls : requestPlain;
  const options = {method, headers, signal, ...(allowPrivate ? {} : {lookup: lookupPublic})};
  return await new Promise((resolve, reject) => {
    const outgoing = send(url, options, incoming => {
      const {statusCode: status = 0} = incoming;
      const {location, 'content-type': type = ''} = incoming.headers;
      if (status >= 300 && status < 400 && location !== undefined) {
        // Its body is not wanted, and may have no end.
        incoming.destroy();
        return resolve({status, type, body: '', location});
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > maxBytes) incoming.destroy(new RequestRefused(`the answer is longer than ${maxBytes} bytes`));
        else parts.push(part);
      });
      incoming.on('end', () => resolve({status, type, body: Buffer.concat(parts).toString('utf8')}));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
