import {isIP} from 'node:net';
import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import type {RequestHandler} from 'express';
import {BadQuestion} from '../queries/bad-question.ts';

/**
 * Refuses requests to a name that is not ours: a web page may have its own name resolved to our address (DNS rebinding),
 * and the browser then takes the dashboard for a part of that page. A page cannot be at an address, so addresses are
 * names of ours too, unless nobody signs in: then only this machine is.
 */
export function allowedHosts(names: readonly string[], signIn: 'off' | 'required'): RequestHandler {
  return (request, _response, next) => {
    const name = hostnameOf(request.get('host') ?? '');
    if (isLoopback(name) || names.includes(name) || (signIn === 'required' && isIP(name) !== 0)) return next();
    throw new BadQuestion(
      signIn === 'off'
        ? {error: 'this address is only for this machine', cure: 'use http://127.0.0.1, or set DASHBOARD_PASSWORD'}
        : {error: 'this is not a name of the dashboard', cure: 'open it by its address, or set DASHBOARD_HOSTS'},
      403,
    );
  };
}

/** In lower case, without a port and without the brackets of IPv6. */
function hostnameOf(host: string): string {
  return (URL.parse(`http://${host}`)?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
}
