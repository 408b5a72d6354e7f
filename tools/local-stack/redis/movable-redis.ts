import {createServer, connect, type Socket} from 'node:net';
import {once} from 'node:events';
import {Redis} from 'ioredis';
import {portOf} from '@voicebridge/shared/service/http.ts';
import {startRedisBinary, type RedisBinary} from './private-redis.ts';

/** Two real servers behind one address, as with a managed Redis: a primary, and the replica that can replace it. */
export interface MovableRedis extends AsyncDisposable {
  /** Sends new connections to the new primary; open connections stay where they are. */
  readonly url: string;
  /** A connection to each server itself. */
  readonly servers: readonly [Redis, Redis];
  /** Makes the primary a replica of the other, with its connections kept: it still answers and refuses writes. */
  demote(): Promise<void>;
}

export async function startMovableRedis(binary: RedisBinary): Promise<MovableRedis> {
  await using stack = new AsyncDisposableStack();
  const start = async () => {
    const server = await startRedisBinary(binary);
    stack.defer(() => server.close());
    const client = new Redis(server.port, '127.0.0.1');
    stack.defer(() => client.disconnect());
    return {port: server.port, client};
  };
  const [first, second] = [await start(), await start()];
  await second.client.call('REPLICAOF', '127.0.0.1', String(first.port));
  let leadsTo = first.port;
  const sockets = new Set<Socket>();
  const door = createServer(from => {
    const to = connect(leadsTo, '127.0.0.1');
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    door.close();
  });
  const owned = stack.move();
  return {
    url: `redis://127.0.0.1:${portOf(door)}`,
    servers: [first.client, second.client],
    async demote() {
      await second.client.call('REPLICAOF', 'NO', 'ONE');
      await first.client.call('REPLICAOF', '127.0.0.1', String(second.port));
      leadsTo = second.port;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
