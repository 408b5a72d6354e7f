import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {portOf} from '@voicebridge/shared/service/http.ts';

/** One address for several processes that do the same, as behind a load balancer. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Passes each connection on to one of `ports`, in turn; to the next if that one takes none. What a process had when it
 * died is cut: whoever asked may ask again.
 */
export async function openBalancer(ports: () => readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer(client => {
    open.add(client);
    client.on('error', () => client.destroy());
    client.once('close', () => open.delete(client));
    const all = ports();
    turn += 1;
    passOn(
      client,
      all.map((_, index) => all[(index + turn) % all.length] ?? 0),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function passOn(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined || client.destroyed) {
    client.destroy();
    return;
  }
  const behind = connect(port, '127.0.0.1');
  let isThere = false;
  behind.once('connect', () => {
    isThere = true;
    client.once('close', () => behind.destroy());
    client.pipe(behind).pipe(client);
  });
  behind.on('error', () => behind.destroy());
  behind.once('close', () => {
    if (isThere) client.destroy();
    else passOn(client, others);
  });
}
