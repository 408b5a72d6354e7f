import type {Server} from 'node:net';

/** The TCP port a listening server got. Throws when it does not listen on one. */
export function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a TCP port');
  return address.port;
}
